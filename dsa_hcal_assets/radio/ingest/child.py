"""Read headers in child processes: a file that crashes or hangs the HDF5 library costs only itself.

``python -m dsa_hcal_assets.radio.ingest.child`` reads one path a line from standard input and
answers one JSON line each, until its input ends.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.ingest.errors import BadHeader, UnreadableSubband
from dsa_hcal_assets.radio.ingest.header import SubbandHeader

# classes a child may answer with
ERRORS: dict[str, type[BadInput]] = {"UnreadableSubband": UnreadableSubband, "BadHeader": BadHeader}
COMMAND = (sys.executable, "-m", "dsa_hcal_assets.radio.ingest.child")
START_SECONDS = 20.0
# From so many files on the start of a second child (0.3 CPU-seconds) is paid back.
BACKLOG = 48


class HeaderReaders:
    """Children that read headers: one is kept alive between calls, a backlog is shared by two.

    Safe to keep across a fork, to which the children do not follow.
    """

    def __init__(self) -> None:
        self._kept: _Child | None = None

    def read(
        self, paths: Sequence[Path], *, seconds_a_file: float = 10.0, until: float | None = None
    ) -> list[SubbandHeader | BadInput]:
        """Return, for each path, its header or the error that says why there is none.

        Parameters
        ----------
        paths
            Regular files.
        seconds_a_file
            Wall limit of one file, on top of a child's start.
        until
            `time.monotonic` after which no file is begun; the answers are then those of the first paths.
        """
        answers: dict[int, SubbandHeader | BadInput] = {}
        waiting = iter(enumerate(paths))
        turn = threading.Lock()

        def work(child: _Child | None) -> _Child | None:
            while until is None or time.monotonic() < until:
                with turn:
                    index, path = next(waiting, (None, None))
                if index is None or path is None:
                    break
                child, answers[index] = _read(child, path, seconds_a_file)
            return child

        if len(paths) < BACKLOG:
            self._kept = work(self._kept)
        else:
            with ThreadPoolExecutor(2) as threads:
                self._kept, spare = threads.map(work, (self._kept, None))
            if spare is not None:
                spare.end()
        return [answers[index] for index in range(len(answers))]

    def close(self) -> None:
        """End the child; a later call starts a new one."""
        if self._kept is not None:
            self._kept.end()
            self._kept = None


class _Child:
    """One reader process; it ends with its socket, so also when this process is killed."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                COMMAND, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._errors
            )
        self._pid = os.getpid()
        self._allowance = START_SECONDS
        self.end = weakref.finalize(self, _end, self._process, self._socket, self._errors, self._pid)

    @property
    def usable(self) -> bool:
        """Whether it is this process's own and still runs."""
        return self._pid == os.getpid() and self._process.poll() is None

    @property
    def used(self) -> bool:
        """Whether it has answered before."""
        return self._allowance == 0

    def ask(self, path: Path, seconds: float) -> SubbandHeader | BadInput:
        """Return the answer about one file.

        Raises
        ------
        OSError
            If the child died (`ConnectionError`) or did not answer in time (`TimeoutError`).
        """
        deadline = time.monotonic() + seconds + self._allowance
        self._socket.settimeout(seconds)
        self._socket.sendall(json.dumps(str(path)).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise ConnectionResetError(self._obituary())
            line += piece
        self._allowance = 0.0
        return _answer(line)

    def _obituary(self) -> str:
        code = self._process.wait(timeout=5)
        self._errors.seek(0)
        return f"the reader ended with code {code}: {self._errors.read()[-300:].decode(errors='replace')}"


def _read(child: _Child | None, path: Path, seconds: float) -> tuple[_Child | None, SubbandHeader | BadInput]:
    """Return the answer about one file, and the child to ask next."""
    while True:
        if child is None or not child.usable:
            child = _Child()
        was_used = child.used
        try:
            return child, child.ask(path, seconds)
        except OSError as error:
            child.end()
            child = None
            # What an earlier file did to the child must not be blamed on this one: a new child decides.
            if not was_used:
                late = isinstance(error, TimeoutError)
                ending = f"the reader did not end within {seconds:.0f} s" if late else str(error)
                return None, _fatal(path, ending)


def _end(process: subprocess.Popen[bytes], channel: socket.socket, errors: IO[bytes], owner: int) -> None:
    channel.close()
    errors.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()


def _answer(line: bytes) -> SubbandHeader | BadInput:
    record = json.loads(line)
    if "header" in record:
        return SubbandHeader.from_json(record["header"])
    error = record["error"]
    return ERRORS.get(error["error"], UnreadableSubband)(
        error["what"],
        expected=error["expected"],
        found=error["found"],
        kept=error["kept"],
        remedy=error["remedy"],
    )


def _fatal(path: Path, ending: str) -> UnreadableSubband:
    return UnreadableSubband(
        f"reading the header of {path.name} broke the HDF5 library",
        expected="a sound UVH5 file",
        found=" ".join(ending.split()),
        remedy="send the file again; if it happens again, keep it for a report to the HDF5 group",
    )


def _serve() -> None:
    from dsa_hcal_assets.radio.ingest.header import summarise
    from dsa_hcal_assets.radio.ingest.uvh5 import read_header

    for line in sys.stdin:
        try:
            answer = {"header": summarise(read_header(Path(json.loads(line)))).as_json()}
        except BadInput as error:
            answer = {"error": error.as_record()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
