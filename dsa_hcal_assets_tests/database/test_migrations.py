"""The schema grows by files: each once, whole, in order, by one applier at a time, and unedited."""

import itertools
import os
import signal
import threading

import psycopg2
import pytest

from dsa_hcal_assets.database import migrations, urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError, DeadlineExceeded
from dsa_hcal_assets_tests.conftest import administer

_numbers = itertools.count(1)

FUNCTION = """
-- A function whose body would confuse a splitter, and a % that would confuse a driver.
create table platform.two (n int, label text default '100 %');
create function platform.answer() returns text language plpgsql as $body$
begin
    if 'a' like '%a%' then return 'semi;colon'; end if;
    return $$inner$$;
end
$body$;
insert into platform.two select 1;
select platform.answer();
"""


@pytest.fixture
def empty(server):
    """A database without any migration."""
    name = f"empty_{next(_numbers)}"
    administer(server, f"create database {name}")
    database = Database(server.url(name), statement_seconds=20)
    yield database
    database.close()
    administer(server, f"drop database {name} with (force)")


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "0001_first.sql").write_text("create table platform.one (n int);")
    (tmp_path / "0002_second.sql").write_text(FUNCTION)
    return tmp_path


def tables(database):
    return {
        name
        for (name,) in database.rows(
            "select table_name from information_schema.tables where table_schema = 'platform'"
        )
    } - {"migration_file"}


def test_files_are_applied_in_order_whole_and_once(empty, directory, capsys):
    assert migrations.apply(empty, directory=directory) == ["0001_first", "0002_second"]
    assert empty.rows("select label, platform.answer() from platform.two") == [("100 %", "semi;colon")]
    assert migrations.apply(empty, directory=directory) == []
    assert capsys.readouterr().out == ""


def test_a_new_file_is_applied_to_a_database_in_use(empty, directory):
    migrations.apply(empty, directory=directory)
    (directory / "0003_third.sql").write_text("create table platform.three (n int);")
    waiting = [entry.name for entry in migrations.status(empty, directory=directory) if not entry.applied_at]
    assert waiting == ["0003_third"]
    assert migrations.apply(empty, directory=directory) == ["0003_third"]


def test_a_wrong_file_leaves_no_trace_and_stops_the_later_ones(empty, directory):
    (directory / "0002_second.sql").write_text("create table platform.two (n int); select 1/0;")
    (directory / "0003_third.sql").write_text("create table platform.three (n int);")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        migrations.apply(empty, directory=directory)
    assert tables(empty) == {"one"}
    (directory / "0002_second.sql").write_text("create table platform.two (n int);")
    assert migrations.apply(empty, directory=directory) == ["0002_second", "0003_third"]


@pytest.mark.parametrize("action", [migrations.apply, migrations.status])
def test_an_edited_file_is_refused(empty, directory, action):
    migrations.apply(empty, directory=directory)
    (directory / "0001_first.sql").write_text("create table platform.one (n bigint);")
    with pytest.raises(ConfigurationError, match="0001_first was edited after it was applied"):
        action(empty, directory=directory)


def test_a_vanished_file_is_refused(empty, directory):
    migrations.apply(empty, directory=directory)
    (directory / "0002_second.sql").unlink()
    with pytest.raises(ConfigurationError, match="0002_second is applied but its file is gone"):
        migrations.apply(empty, directory=directory)


@pytest.mark.parametrize("name", ["first.sql", "1_first.sql", "0003_Third.sql", "0003-third.sql"])
def test_a_misnamed_file_is_refused(empty, directory, name):
    (directory / name).write_text("select 1;")
    with pytest.raises(ConfigurationError, match="misnamed"):
        migrations.apply(empty, directory=directory)


def test_a_number_given_twice_is_refused(empty, directory):
    (directory / "0002_again.sql").write_text("select 1;")
    with pytest.raises(ConfigurationError, match="same number"):
        migrations.apply(empty, directory=directory)


def test_an_installation_without_files_is_refused(empty, tmp_path):
    with pytest.raises(ConfigurationError, match="no migrations"):
        migrations.apply(empty, directory=tmp_path / "nowhere")


def test_appliers_at_once_take_turns(empty, directory):
    done, errors = [], []

    def work():
        try:
            done.extend(migrations.apply(Database(empty.url), directory=directory))
        except Exception as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert sorted(done) == ["0001_first", "0002_second"]


def test_waiting_for_another_applier_has_a_deadline(empty, directory):
    (directory / "0001_first.sql").write_text("select pg_sleep(3);")
    slow = threading.Thread(
        target=migrations.apply, args=(Database(empty.url),), kwargs={"directory": directory}
    )
    slow.start()
    while not empty.rows("select 1 from pg_locks where locktype = 'advisory' and granted"):
        pass
    with pytest.raises(DeadlineExceeded, match="kept applying"):
        migrations.apply(Database(empty.url), directory=directory, lock_seconds=0.5)
    slow.join(timeout=60)
    assert migrations.apply(empty, directory=directory) == []


def test_an_applier_killed_in_the_middle_blocks_nobody(empty, directory):
    (directory / "0002_second.sql").write_text("create table platform.two (n int); select pg_sleep(30);")
    child = os.fork()
    if child == 0:
        try:
            migrations.apply(Database(empty.url), directory=directory)
        finally:
            os._exit(1)
    while "one" not in tables(empty) or not empty.rows(
        "select 1 from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
    ):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    # The server itself notices a client's death only when it next speaks to it.
    empty.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' "
        "and pid <> pg_backend_pid()"
    )
    (directory / "0002_second.sql").write_text("create table platform.two (n int);")
    assert migrations.apply(empty, directory=directory, lock_seconds=10) == ["0002_second"]


def test_a_kill_between_the_file_and_yoyos_own_book_is_healed(empty, directory):
    migrations.apply(empty, directory=directory)
    with empty.transaction() as cursor:
        cursor.execute("delete from _yoyo_migration where migration_id = '0002_second'")
    assert migrations.apply(empty, directory=directory) == []
    assert empty.rows("select count(*) from _yoyo_migration") == [(2,)]


def test_the_unix_socket_will_do(server, empty, directory):
    local = Database(server.socket_url(urls.parse(empty.url)["dbname"]))
    assert migrations.apply(local, directory=directory) == ["0001_first", "0002_second"]
    local.close()


class TestThePlatformsOwnMigrations:
    def test_a_fresh_database_has_all_of_them(self, database):
        entries = migrations.status(database)
        assert [entry.name for entry in entries] == sorted(
            path.stem for path in migrations.SQL_DIR.glob("*.sql")
        )
        assert all(entry.applied_at for entry in entries)
        assert migrations.apply(database) == []

    def test_every_table_and_view_says_what_it_is(self, database):
        silent = database.rows(
            "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname in ('platform', 'radio', 'hcal', 'rig') and c.relkind in ('r', 'v', 'p', 'm') "
            "and not c.relispartition and obj_description(c.oid, 'pg_class') is null"
        )
        assert silent == []

    def test_none_needs_an_extension_or_a_superuser(self, database):
        """The embedded server has no contrib modules, and its role is no superuser."""
        assert database.rows("select extname from pg_extension") == [("plpgsql",)]
        assert database.rows("select rolsuper from pg_roles where rolname = current_user") == [(False,)]
