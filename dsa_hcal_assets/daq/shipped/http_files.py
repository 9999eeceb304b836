"""Job type `http_files`: shows the files of a directory to browsers, and changes nothing."""

import socket
import threading
from pathlib import Path

import uvicorn
from pydantic import Field

from dsa_hcal_assets.daq.jobs import Job, JobConfig
from dsa_hcal_assets.daq.shipped.file_pages import files_app
from dsa_hcal_assets.errors import ConfigurationError, WorkerCrashed


class HttpFilesConfig(JobConfig):
    """Keys of an HTTP server for files."""

    directory: Path
    """Directory whose files are shown, with all below it."""
    host: str = "127.0.0.1"
    """Address it listens on. Whoever reaches it may read every file: there is no password."""
    port: int = Field(8090, ge=0, le=65535)
    """TCP port; 0 takes a free one, which the log names."""


class HttpFiles(Job[HttpFilesConfig]):
    """Serves a directory, read-only (`file_pages.files_app`)."""

    Config = HttpFilesConfig
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def setup(self) -> None:
        """Listen and serve in a thread.

        Raises
        ------
        ConfigurationError
            If the directory is none, or the port cannot be had.
        """
        config = self.config
        app = files_app(config.directory)
        listening = _listen(config.host, config.port)
        self.address: tuple[str, int] = listening.getsockname()[:2]
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2))
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="http")
        self._thread.start()
        self.log.info("serving %s on http://%s:%d/", config.directory, *self.address)

    def step(self) -> None:
        """See that the server still runs.

        Raises
        ------
        WorkerCrashed
            If its thread has ended; the supervisor starts the job again.
        """
        if self._thread is None or not self._thread.is_alive():
            raise WorkerCrashed("the HTTP server's thread has ended", remedy="see the job's log")

    def teardown(self) -> None:
        """Stop serving."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}",
            expected="a free port of an address of this machine",
            found=error.strerror or str(error),
            remedy="stop what uses the port, or choose another (`port`)",
        ) from error
