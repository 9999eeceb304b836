"""Readers look, writers load, nobody else does anything; also where roles come later or never."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.database import db
from dsa_hcal_assets.database import migrations, roles, secrets, urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer, running_url
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.events import loading as events
from dsa_hcal_assets.hcal.events.event_file import write_event
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.conftest import FAST
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.events.told import event

OURS = ("platform", "hcal", "radio", "rig")
Acting = Callable[[str], Database]


@pytest.fixture
def acting(database: Database) -> Iterator[Acting]:
    """Connections of a role."""
    opened = []

    def connect(role: str) -> Database:
        parameters = urls.parse(database.url)
        opened.append(Database(urls.build(**parameters | {"options": f"-c role={role}"})))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def refused(database: Database, statement: str) -> bool:
    try:
        database.rows(statement)
    except (psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction):
        return True
    except psycopg2.Error:
        return False
    return False


def relations(database: Database, kinds: str) -> list[str]:
    rows = database.rows(
        "select c.oid::regclass::text from pg_class c where c.relkind::text = any(%s)"
        " and c.relnamespace::regnamespace::text = any(%s) order by 1",
        (list(kinds), list(OURS)),
    )
    return [name for (name,) in rows]


def test_a_reader_sees_every_table_and_view_and_changes_none(database: Database, acting: Acting) -> None:
    reader = acting(roles.READER)
    for name in [*relations(database, "rpvm"), "public.hcal_heartbeat", "public.run"]:
        reader.rows(f"select * from {name} limit 0")
    for name in relations(database, "rp"):
        assert refused(reader, f"delete from {name} returning 1")
    assert refused(reader, "select hcal.ensure_month('2025-01-01Z'::timestamptz)")
    assert refused(reader, "create table hcal.mine (n int)")
    assert refused(reader, "create table public.mine (n int)")
    assert reader.rows("select count(*) from hcal.event_state_at(now())") == [(0,)]


def test_a_writer_does_all_that_loading_needs(database: Database, acting: Acting, tmp_path: Path) -> None:
    writer = acting(roles.WRITER)
    ledger, incoming = Ledger(writer, tmp_path / "quarantine"), tmp_path / "incoming"
    detector.land(incoming / "hcal", detector.snapshot(0))
    scan(incoming / "hcal", ledger, CONTROLLERS)
    assert load_day(writer, ledger, detector.DAY, load_channel_map(), "run-1").rows == 3072
    assert refresh(writer, detector.DAY).rows
    write_event(incoming / "events", event("gain_changed", detector=0, value={"gain": "high"}))
    events.scan(incoming / "events", ledger)
    assert events.load(writer, ledger, "run-1").recorded == 1


def test_a_writer_gets_the_months_it_needs_of_every_telemetry_table(
    database: Database, acting: Acting
) -> None:
    writer = acting(roles.WRITER)
    tables = [name.removeprefix("hcal.") for name in relations(database, "p") if name.startswith("hcal.")]
    assert {"tower_reading", "supply_reading", "emcal_reading"} <= set(tables)
    for name in tables:
        writer.rows("select hcal.ensure_month(%s, '2031-05-05Z')", (name,))
        writer.rows(f"delete from hcal.{name} where ts = '2031-05-05Z' returning 1")


def test_a_writer_changes_neither_the_schema_nor_its_book(database: Database, acting: Acting) -> None:
    writer = acting(roles.WRITER)
    assert refused(writer, "drop table hcal.event")
    assert refused(writer, "create table hcal.mine (n int)")
    assert refused(writer, "update platform.migration_file set sha256 = '' returning 1")
    assert refused(writer, "select * from public._yoyo_log") is False
    assert refused(writer, "delete from public._yoyo_log returning 1")


def test_what_is_made_later_is_covered_without_granting_again(database: Database, acting: Acting) -> None:
    with database.transaction() as cursor:
        cursor.execute("create table hcal.later (n int)")
        cursor.execute("select hcal.ensure_month('2031-05-05Z'::timestamptz)")
    reader, writer = acting(roles.READER), acting(roles.WRITER)
    assert reader.rows("select * from hcal.later, hcal.tower_reading_2031_05") == []
    assert writer.rows("insert into hcal.later values (1) returning n") == [(1,)]
    assert refused(reader, "insert into hcal.later values (1) returning n")


def test_granting_again_changes_nothing(database: Database) -> None:
    acl = "select relname, relacl::text from pg_class order by 1"
    before = database.rows(acl)
    assert all(one.granted for one in roles.grant_access(database))
    assert database.rows(acl) == before


def test_reading_endpoints_get_connections_that_only_look(database: Database) -> None:
    looking = roles.reading(database)
    assert looking.rows("select current_user, current_setting('transaction_read_only')") == [
        (roles.READER, "on")
    ]
    assert refused(looking, "delete from hcal.event returning 1")
    looking.close()


def test_people_log_in_as_reader_on_the_embedded_server(server: EmbeddedServer, database: Database) -> None:
    name = urls.parse(database.url)["dbname"]
    person = Database(running_url(server.data_dir, name, reader=True))
    assert person.rows("select current_user, count(*) from hcal.event") == [(roles.READER, 0)]
    assert refused(person, "delete from hcal.event returning 1")
    person.close()
    wrong = urls.build(**urls.parse(person.url) | {"password": "guess"})
    with pytest.raises(DatabaseUnavailable, match="password"):
        Database(wrong).ping()


def test_passwords_of_an_older_version_are_kept_and_the_reader_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "postgres.passwords"
    path.write_text('{"superuser": "s", "application": "a"}')
    path.chmod(0o600)
    made = secrets.load_or_make(path)
    assert (made.superuser, made.application) == ("s", "a")
    assert len(made.reader) >= 24
    assert secrets.load_or_make(path) == made == secrets.load(path)


def test_the_command_says_who_has_rights(database: Database, tmp_path: Path) -> None:
    environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}
    result = CliRunner().invoke(db, ["grant"], env=environ, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.count("has its rights") == 2


@pytest.fixture(scope="module")
def foreign(server_home: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(server_home / "foreign", 0, settings=FAST) as server:
        with administering(server) as administrator:
            administrator.execute(f"drop role {roles.READER}")
            administrator.execute(f"drop role {roles.WRITER}")
        yield server


class TestOnAnotherServer:
    """A server whose administrator makes roles: its platform role may not, and none is there at first."""

    def test_migrations_pass_and_roles_made_later_get_their_rights(
        self, foreign: EmbeddedServer, tmp_path: Path
    ) -> None:
        database = Database(foreign.url())
        migrations.apply(database)
        assert [one.granted for one in roles.grant_access(database)] == [False, False]
        looking = roles.reading(database)
        assert refused(looking, "delete from hcal.event returning 1")
        looking.close()

        environ = {"DSA_HCAL_DATABASE_URL": database.url, "DSA_HCAL_STATE_DIR": str(tmp_path)}
        told = CliRunner().invoke(db, ["grant"], env=environ, catch_exceptions=False)
        assert told.exit_code == 2
        with administering(foreign) as administrator:
            administrator.execute(told.output.split("again:")[1])

        assert [one.granted for one in roles.grant_access(database)] == [True, True]
        looking = roles.reading(database)
        assert looking.rows("select current_user, count(*) from hcal.event") == [(roles.READER, 0)]
        assert looking.rows("select * from platform.run_queue()") == []
        looking.close()
        database.close()

    def test_a_platform_that_may_make_roles_makes_them(self, foreign: EmbeddedServer) -> None:
        with administering(foreign) as administrator:
            administrator.execute("create role maker login createrole createdb password 'made'")
            administrator.execute("create database made owner maker")
            administrator.execute(f"alter role {roles.READER} rename to other_reader")
        database = Database(
            urls.build(**urls.parse(foreign.url("made")) | {"user": "maker", "password": "made"})
        )
        migrations.apply(database)
        looking = roles.reading(database)
        assert looking.rows("select current_user") == [(roles.READER,)]
        looking.close()
        database.close()


@contextmanager
def administering(server: EmbeddedServer) -> Iterator[psycopg2.extensions.cursor]:
    passwords = secrets.load(server.data_dir.with_name(f"{server.data_dir.name}.passwords"))
    login = {"user": "postgres", "password": passwords.superuser}
    connection = psycopg2.connect(urls.build(**urls.parse(server.url()) | login), connect_timeout=5)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
