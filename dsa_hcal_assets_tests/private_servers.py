"""Real servers of a test's own, on free ports, in directories that go away with the test."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from getpass import getuser
from pathlib import Path

from dsa_hcal_assets_tests.programs import program_of

_SECONDS = 60
HOST = "127.0.0.1"


class PrivateServer:
    """A server process that can be stopped, killed and started again on the same port and data.

    Parameters
    ----------
    command
        Returns the command for a port.
    home
        Its directory; its log is `server.log` there.
    executable
        Path of the program.
    ask
        What a client says first, if the server waits for that; an answer of `-` means not yet.
    """

    def __init__(
        self, command: Callable[[int], Sequence[str]], home: Path, executable: str, ask: bytes = b""
    ) -> None:
        self._command, self._home, self._executable, self._ask = command, home, executable, ask
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port: int = probe.getsockname()[1]

    def start(self) -> None:
        """Start it, and return when it accepts connections."""
        with (self._home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(self.port), executable=self._executable, stdout=log, stderr=log, cwd=self._home
            )
        deadline = time.monotonic() + _SECONDS
        while not self._accepts():
            assert self._process.poll() is None, (self._home / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None

    def start_again(self) -> None:
        """Start it unless it runs."""
        if not self.running:
            self.start()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, in order or (SIGKILL) not."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_SECONDS)

    def _accepts(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5) as client:
                client.sendall(self._ask)
                return not client.recv(1).startswith(b"-")
        except OSError:
            return False


def mariadb(home: Path) -> PrivateServer:
    """Return a MariaDB without accounts: anybody on this machine is its root."""
    data = home / "data"
    data.mkdir()

    def command(port: int) -> Sequence[str]:
        options = {
            "datadir": data,
            "socket": home / "socket",
            "pid-file": home / "pid",
            "port": port,
            "bind-address": HOST,
            "user": getuser(),
            "innodb-buffer-pool-size": "32M",
            "innodb-log-file-size": "16M",
        }
        settings = [f"--{name}={value}" for name, value in options.items()]
        return ["mariadbd", "--no-defaults", "--skip-grant-tables", "--skip-log-bin", *settings]

    return PrivateServer(command, home, _program("mariadb"))


def redis(home: Path) -> PrivateServer:
    """Return a Redis that keeps what it confirms (append-only file, synced each time)."""

    def command(port: int) -> Sequence[str]:
        options = {"port": port, "bind": HOST, "dir": home, "appendonly": "yes", "appendfsync": "always"}
        # the name decides whether the program serves or checks dumps
        return [
            "redis-server",
            *(text for name, value in options.items() for text in (f"--{name}", str(value))),
        ]

    return PrivateServer(command, home, _program("redis"), ask=b"PING\r\n")


def prometheus(home: Path, configuration: Path) -> PrivateServer:
    """Return a Prometheus with a configuration of the test's."""

    def command(port: int) -> Sequence[str]:
        options = {
            "config.file": configuration,
            "storage.tsdb.path": home / "data",
            "web.listen-address": f"{HOST}:{port}",
        }
        return ["prometheus", *(f"--{name}={value}" for name, value in options.items())]

    return PrivateServer(command, home, _program("prometheus"), ask=b"GET /-/ready HTTP/1.0\r\n\r\n")


def _program(marker: str) -> str:
    program = program_of(marker)
    assert program is not None, f"{marker} is not installed"
    return program
