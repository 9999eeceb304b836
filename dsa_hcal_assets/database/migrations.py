"""The schema grows by the numbered files of ``sql/``: each applied once, whole, in order.

yoyo-migrations keeps the book of what was applied. Three things are added here: a file runs as
one piece of SQL (functions with ``$$`` and literal ``%`` stay untouched), its SHA-256 is stored
in the transaction that applies it (an edited file is found), and appliers take turns by an
advisory lock that dies with its holder (yoyo's lock is a row, which a killed applier leaves).
"""

import hashlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2

from dsa_hcal_assets.database import urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded

logger = logging.getLogger(__name__)

SQL_DIR = Path(__file__).parent / "sql"
NAME_PATTERN = re.compile(r"\d{4}_[a-z0-9_]+")
LOCK_SECONDS = 60.0
# Any constant will do that no other advisory lock of the platform uses: the letters "dsahcal".
_LOCK_KEY = int.from_bytes(b"dsahcal", "big")
# Exists before the first migration, because it is written in each one's transaction.
_BOOK = """
create schema if not exists platform;
create table if not exists platform.migration_file (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
comment on table platform.migration_file is
    'Checksum of each applied file of sql/, stored in the transaction that applied it';
"""


@dataclass(frozen=True)
class Migration:
    """One file of ``sql/`` and where it stands. `applied_at` is None while it waits."""

    name: str
    sha256: str
    applied_at: datetime | None


def apply(database: Database, *, directory: Path = SQL_DIR, lock_seconds: float = LOCK_SECONDS) -> list[str]:
    """Apply the files of `directory` the database has not seen; return their names in order.

    Safe to call from several processes at once and after a kill at any point.

    Raises
    ------
    ConfigurationError
        If an applied file was edited or has vanished, or a file is misnamed.
    DeadlineExceeded
        If another process kept applying for longer than `lock_seconds`.
    DatabaseUnavailable
        If the server does not answer.
    psycopg2.Error
        If a file's SQL is wrong; that file has then left no trace.
    """
    files = _files(directory)
    with _turn(database, lock_seconds):
        with database.transaction() as cursor:
            cursor.execute(_BOOK)
        book = _require_unedited(database, files)
        waiting = [path for path in files if path.stem not in book]
        _run(database, [path for path in files if path.stem in book], waiting, lock_seconds)
    return [path.stem for path in waiting]


def status(database: Database, *, directory: Path = SQL_DIR) -> list[Migration]:
    """Return every file of `directory` with the time it was applied, in order.

    Raises
    ------
    ConfigurationError
        If an applied file was edited or has vanished.
    """
    files = _files(directory)
    book = _require_unedited(database, files)
    return [
        Migration(path.stem, _sha256(path), book[path.stem][1] if path.stem in book else None)
        for path in files
    ]


def _files(directory: Path) -> list[Path]:
    files = sorted(directory.glob("*.sql"))
    if not files:
        raise ConfigurationError(
            f"no migrations in {directory}",
            expected="files like 0001_platform_ledger.sql",
            remedy="the installation is incomplete: install the package again",
        )
    seen: dict[str, str] = {}
    for path in files:
        if not NAME_PATTERN.fullmatch(path.stem):
            raise ConfigurationError(f"migration {path.name} is misnamed", expected="NNNN_<concern>.sql")
        other = seen.setdefault(path.stem[:4], path.name)
        if other != path.name:
            raise ConfigurationError(f"migrations {other} and {path.name} carry the same number")
    return files


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _book(database: Database) -> dict[str, tuple[str, datetime]]:
    if database.rows("select to_regclass('platform.migration_file')") == [(None,)]:
        return {}
    found = database.rows("select name, sha256, applied_at from platform.migration_file")
    return {name: (digest, moment) for name, digest, moment in found}


def _require_unedited(database: Database, files: list[Path]) -> dict[str, tuple[str, datetime]]:
    book = _book(database)
    on_disk = {path.stem: _sha256(path) for path in files}
    for name, (digest, _) in sorted(book.items()):
        if name not in on_disk:
            raise ConfigurationError(
                f"migration {name} is applied but its file is gone",
                remedy="install the version of the package that applied it, or a newer one",
            )
        if on_disk[name] != digest:
            raise ConfigurationError(
                f"migration {name} was edited after it was applied",
                expected=f"sha256 {digest}",
                found=f"sha256 {on_disk[name]}",
                kept="nothing was applied",
                remedy="restore the file and put the change into a new migration",
            )
    return book


@contextmanager
def _turn(database: Database, seconds: float) -> Iterator[None]:
    """Hold the appliers' advisory lock on a connection of its own."""
    patient = Database(database.url, statement_seconds=seconds)
    try:
        with patient.transaction() as cursor:
            try:
                cursor.execute("select pg_advisory_lock(%s)", (_LOCK_KEY,))
            except (psycopg2.errors.LockNotAvailable, psycopg2.errors.QueryCanceled) as error:
                raise DeadlineExceeded(
                    f"another process kept applying migrations for {seconds:g} s",
                    kept="nothing was applied here",
                    remedy="look for a long `dsa-hcal db migrate` and try again",
                ) from error
        yield
    finally:
        # The lock belongs to the session and ends with it.
        patient.close()


def _run(database: Database, applied: list[Path], waiting: list[Path], lock_seconds: float) -> None:
    with warnings.catch_warnings():
        # importlib_metadata's and sqlparse's deprecations are yoyo's to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        from yoyo.backends.core.postgresql import PostgresqlBackend
        from yoyo.connections import DatabaseURI
        from yoyo.migrations import Migration as YoyoMigration
        from yoyo.migrations import MigrationList, StepCollector, default_migration_table

    class WholeFile(YoyoMigration):  # type: ignore[misc, unused-ignore]
        """A yoyo migration of one step: the file, and its checksum in the same transaction."""

        def load(self) -> None:
            if self.loaded:
                return
            collector = StepCollector(migration=self)
            collector.add_step(_step(Path(self.path)))
            self._depends: set[Any] = set()
            self.steps = collector.create_steps(use_transactions=True)

    def entries(paths: list[Path]) -> Any:
        return MigrationList([WholeFile(path.stem, str(path), str(path.parent)) for path in paths])

    parameters = urls.parse(database.url)
    extra = {key: value for key, value in parameters.items() if key not in ("user", "password", "dbname")}
    uri = DatabaseURI(
        scheme="postgresql",
        username=parameters.get("user"),
        password=parameters.get("password"),
        hostname=None,
        port=None,
        database=parameters["dbname"],
        args={"connect_timeout": "10", "application_name": "dsa_hcal_assets migrate"} | extra,
    )
    backend = PostgresqlBackend(uri, default_migration_table)
    try:
        backend.init_database()
        # We hold the advisory lock, so a lock row can only be that of an applier that was killed.
        backend.break_lock()
        with backend.lock(timeout=lock_seconds):
            # Applied and killed before yoyo entered it in its own book: enter it now.
            backend.mark_migrations(backend.to_apply(entries(applied)))
            for entry in entries(waiting):
                logger.info("applying migration %s", entry.id)
                backend.apply_one(entry)
    finally:
        backend.connection.close()


def _step(path: Path) -> Callable[[Any], None]:
    def run(connection: Any) -> None:
        with connection.cursor() as cursor:
            # No parameters are passed, so psycopg2 does not look at % signs.
            cursor.execute(path.read_text(encoding="utf-8"))
            cursor.execute(
                "insert into platform.migration_file (name, sha256) values (%s, %s)",
                (path.stem, _sha256(path)),
            )

    return run
