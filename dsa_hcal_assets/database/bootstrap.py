"""From an empty directory to a server with our role and our database."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.database.account import Account
from dsa_hcal_assets.database.roles import READER, WRITER
from dsa_hcal_assets.database.secrets import Passwords
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable, DeadlineExceeded

SUPERUSER = "postgres"
ROLE = "dsa_hcal"
DATABASE = "dsa_hcal"
_STAGED = "initdb"


def make_cluster(place: Path, programs: Path, who: Account, passwords: Passwords, *, seconds: float) -> None:
    """Run initdb for `place` unless it holds a cluster already; complete or not at all.

    Raises
    ------
    ConfigurationError
        If `place` holds something else, or a cluster of another major version.
    DatabaseUnavailable
        If initdb fails.
    DeadlineExceeded
        If it takes longer than `seconds`.
    """
    if _unfinished(place):
        # A first start was killed half-way: nothing has ever been stored here.
        _clear(place)
    if any(place.iterdir()):
        _require_cluster(place, _major_version(programs))
        return
    # Made inside `place`, the one directory the account surely may write, and moved up when whole.
    staged, password_file = place / _STAGED, place / f"{_STAGED}.password"
    try:
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(passwords.superuser)
        if who.uid != os.geteuid():
            os.chown(password_file, who.uid, who.gid)
        _initdb(staged, password_file, programs, who, seconds)
        password_file.unlink()
        # PG_VERSION last: its presence says that all the rest is there.
        for item in sorted(staged.iterdir(), key=lambda item: item.name == "PG_VERSION"):
            item.rename(place / item.name)
        staged.rmdir()
    except BaseException:
        _clear(place)
        raise


def make_database(superuser_url: str, passwords: Passwords) -> None:
    """Create the application's role (no superuser), its readers and writers, and the database.

    What is there is kept, passwords are set to those of `passwords`.
    """
    connection = psycopg2.connect(superuser_url, connect_timeout=10, options="-c statement_timeout=60000")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            # createdb: the test suite and restores make databases of their own.
            _make_role(cursor, ROLE, sql.SQL("login createdb"), passwords.application)
            _make_role(cursor, READER, sql.SQL("login"), passwords.reader)
            _make_role(cursor, WRITER, sql.SQL("nologin"), None)
            names = [sql.Identifier(name) for name in (READER, WRITER, ROLE)]
            cursor.execute(sql.SQL("grant {}, {} to {}").format(*names))
            cursor.execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(names[0]))
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("create database {} owner {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(ROLE)
                    )
                )
    finally:
        connection.close()


def _make_role(cursor: Cursor, name: str, rights: sql.SQL, password: str | None) -> None:
    cursor.execute("select 1 from pg_roles where rolname = %s", (name,))
    verb = sql.SQL("alter" if cursor.fetchone() else "create")
    statement = sql.SQL("{} role {} {} password {}")
    cursor.execute(statement.format(verb, sql.Identifier(name), rights, sql.Literal(password)))


def _initdb(staged: Path, password_file: Path, programs: Path, who: Account, seconds: float) -> None:
    command = [str(programs / "bin" / "initdb"), "-D", str(staged), "-U", SUPERUSER, "-E", "UTF8"]
    command += ["--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile", str(password_file)]
    try:
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            **who.switch(),  # type: ignore[call-overload]
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(f"initdb for {staged.parent} did not end within {seconds:g} s") from error
    if done.returncode != 0:
        raise DatabaseUnavailable(
            f"initdb for {staged.parent} failed with status {done.returncode}",
            found=(done.stderr or done.stdout).strip()[-500:],
            remedy="check the space and permissions of that directory",
        )


def _unfinished(place: Path) -> bool:
    marks = (place / _STAGED, place / f"{_STAGED}.password")
    return not (place / "PG_VERSION").exists() and any(mark.exists() for mark in marks)


def _require_cluster(place: Path, major: str) -> None:
    mark = place / "PG_VERSION"
    if not mark.is_file():
        raise ConfigurationError(
            f"{place} is neither empty nor a PostgreSQL data directory",
            kept="left as it is",
            remedy="choose another state directory",
        )
    found = mark.read_text(encoding="ascii").strip()
    if found != major:
        raise ConfigurationError(
            f"the database in {place} was made by another major version of PostgreSQL",
            expected=major,
            found=found,
            kept="left as it is",
            remedy="dump it with the old version of the package and load it into a new state directory",
        )


def _major_version(programs: Path) -> str:
    done = subprocess.run(
        [str(programs / "bin" / "postgres"), "--version"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout.split()[-1].split(".")[0]


def _clear(place: Path) -> None:
    for item in place.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()
