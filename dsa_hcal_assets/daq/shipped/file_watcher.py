"""Job type `file_watcher`: announces each file of a directory tree once it is finished."""

import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

from watchfiles import watch
from watchfiles.main import FileChange

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs import Duration, Job, JobConfig
from dsa_hcal_assets.daq.shipped.finished_files import FileVersion, FinishedFiles

_SOON_MS = 10


class FileWatcherConfig(JobConfig):
    """Keys of a file watcher."""

    topic: str = "file"
    """Topic of its announcements."""
    directory: Path
    """Directory that is watched, with all below it."""
    patterns: tuple[str, ...] = ("*",)
    """Names of files to announce, as `*.h5`."""
    settle: Duration = 2.0
    """A file is finished when its size and time have not changed for so long."""
    rescan: Duration = 60.0
    """Everything is looked at so often, should the system have kept a change to itself (network disks)."""


class FileWatcher(Job[FileWatcherConfig]):
    """Sends `path`, `name`, `size_bytes` and `modified` of each finished file.

    What was announced is remembered on disk: files that came while the job was down are announced when
    it is back, old ones not again. Killed between sending and remembering, it announces one file twice,
    with the same four values.
    """

    Config = FileWatcherConfig
    _files: FinishedFiles | None = None
    _changes: Generator[set[FileChange], None, None] | None = None

    def setup(self) -> None:
        """Begin to watch, then look at everything there is."""
        config = self.config
        record = self.context.run_dir / f"announced-{safe_name(config.id)}.sqlite"
        self._files = FinishedFiles(config.directory, config.patterns, config.settle, record)
        self._changes = watch(
            config.directory,
            watch_filter=None,
            debounce=_SOON_MS,
            step=_SOON_MS,
            rust_timeout=_SOON_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
        )
        # the generator watches from its first result on, which must be before the scan
        self._take(self._files)
        self._scan(self._files)

    def step(self) -> None:
        """Announce what is finished."""
        if self._files is None:
            return
        self._take(self._files)
        if time.monotonic() - self._scanned >= self.config.rescan:
            self._scan(self._files)
        for version in self._files.finished():
            self.send(self.config.topic, self._announcement(version))
            self._files.announced(version)

    def teardown(self) -> None:
        """End the watching."""
        if self._changes is not None:
            self._changes.close()
        if self._files is not None:
            self._files.close()

    def _take(self, files: FinishedFiles) -> None:
        for _, path in next(self._changes or iter(()), set()):
            files.touched(Path(path))

    def _scan(self, files: FinishedFiles) -> None:
        files.scan()
        self._scanned = time.monotonic()

    def _announcement(self, version: FileVersion) -> dict[str, str | int]:
        return {
            "path": str((self.config.directory / version.path).absolute()),
            "name": version.path,
            "size_bytes": version.size,
            "modified": datetime.fromtimestamp(version.modified_ns / 1e9, UTC).isoformat(),
        }
