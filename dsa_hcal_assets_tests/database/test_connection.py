"""F2: refused, cut in the middle, accepting but mute. And the ordinary life of a transaction."""

import io
import os
import socket
import threading
import time

import psycopg2
import pytest

from dsa_hcal_assets.database import connection as connection_module
from dsa_hcal_assets.database import urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.watchdog import Watchdog
from dsa_hcal_assets.errors import ConfigurationError, DatabaseUnavailable
from dsa_hcal_assets_tests.database.proxy import Proxy


@pytest.fixture
def table(database):
    with database.transaction() as cursor:
        cursor.execute("create table public.t (n int primary key)")
    return database


@pytest.fixture
def proxy(database):
    proxy = Proxy(int(urls.parse(database.url)["port"]))
    yield proxy
    proxy.refuse()
    proxy.cut()


@pytest.fixture
def distant(database, proxy):
    """The same database, seen through the proxy, with short deadlines."""
    url = urls.build(**{**urls.parse(database.url), "port": str(proxy.port)})
    distant = Database(url, connect_seconds=2, statement_seconds=1)
    yield distant
    distant.close()


def insert(database, *numbers):
    with database.transaction() as cursor:
        for number in numbers:
            cursor.execute("insert into public.t values (%s)", (number,))


def stored(database):
    return [number for (number,) in database.rows("select n from public.t order by n")]


def test_a_transaction_commits_on_exit(table):
    insert(table, 1, 2)
    assert stored(table) == [1, 2]


def test_an_error_in_the_body_rolls_back_and_comes_out_unchanged(table):
    def fail():
        with table.transaction() as cursor:
            cursor.execute("insert into public.t values (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stored(table) == []


def test_a_constraint_is_no_outage(table):
    insert(table, 1)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        insert(table, 2, 1)
    assert stored(table) == [1]


def test_a_single_statement_commits_by_itself_and_leaves_transactions_whole(table):
    assert table.rows("insert into public.t values (1) returning n") == [(1,)]
    with pytest.raises(psycopg2.errors.UniqueViolation):
        table.rows("insert into public.t values (2), (1) returning n")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        insert(table, 3, 1)
    assert stored(table) == [1]


def test_connections_are_kept_up_to_a_number(table):
    asking = "select count(*) from pg_stat_activity where application_name = 'kept'"
    keeping = Database(f"{table.url}?application_name=kept", kept_connections=2)
    with keeping.transaction(), keeping.transaction(), keeping.transaction():
        assert table.rows(asking) == [(3,)]
    deadline = time.monotonic() + 10
    while table.rows(asking) != [(2,)]:
        assert time.monotonic() < deadline
    keeping.close()


def test_a_literal_percent_needs_no_doubling_without_parameters(database):
    assert database.rows("select 'a' like '%a%'") == [(True,)]


def test_times_come_back_in_utc(database):
    ((moment,),) = database.rows("select now()")
    assert moment.utcoffset().total_seconds() == 0


def test_a_refused_connection_is_a_transient_outage_that_shows_no_password():
    database = Database("postgresql://user:secret@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable) as caught:
        database.ping()
    assert caught.value.transient
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(database)


def test_refused_then_back(table, proxy, distant):
    distant.ping()
    proxy.refuse()
    proxy.cut()
    with pytest.raises(DatabaseUnavailable):
        insert(distant, 1)
    proxy.open()
    insert(distant, 1)
    assert stored(table) == [1]


def test_cut_in_the_middle_of_a_transaction_nothing_is_stored(table, proxy, distant):
    def body():
        with distant.transaction() as cursor:
            cursor.execute("insert into public.t values (1)")
            proxy.cut()
            cursor.execute("insert into public.t values (2)")

    with pytest.raises(DatabaseUnavailable):
        body()
    assert stored(table) == []
    insert(distant, 3)
    assert stored(table) == [3]


def test_cut_in_the_middle_of_a_copy_nothing_is_stored(table, proxy, distant):
    class Lines(io.RawIOBase):
        def __init__(self):
            self.line = 0

        def read(self, size=-1):
            self.line += 1
            if self.line == 50:
                proxy.cut()
            return b"".join(b"%d\n" % n for n in range(self.line * 1000, (self.line + 1) * 1000))

    def body():
        with distant.transaction() as cursor:
            cursor.copy_expert("copy public.t from stdin", Lines())

    with pytest.raises((DatabaseUnavailable, psycopg2.Error)):
        body()
    assert stored(table) == []


def test_an_idle_connection_the_server_closed_is_not_used_again(database):
    database.ping()
    other = Database(database.url)
    ended = other.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    other.close()
    assert ended == [(True,)]
    time.sleep(0.2)
    database.ping()


@pytest.mark.timeout(30)
def test_a_server_that_falls_mute_is_given_up_in_time(database, proxy, distant, monkeypatch):
    monkeypatch.setattr(connection_module, "GRACE_SECONDS", 0.5)
    distant.ping()
    distant.close()
    distant.ping()
    proxy.deaf = True
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        distant.ping()
    assert time.monotonic() - began < 6
    proxy.deaf = False
    distant.ping()


@pytest.mark.timeout(30)
def test_a_deadline_holds_after_a_long_quiet_too():
    watchdog = Watchdog()
    ours, theirs = socket.socketpair()
    with watchdog.guard(ours, 60):
        pass
    time.sleep(2.5)  # the watching thread has gone to sleep
    began = time.monotonic()
    with watchdog.guard(ours, 1.5):
        assert ours.recv(1) == b""
    assert time.monotonic() - began < 10
    theirs.close()
    ours.close()


@pytest.mark.timeout(30)
def test_a_server_that_is_mute_from_the_start_is_given_up_in_time(proxy, distant):
    proxy.deaf = True
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        distant.ping()
    assert time.monotonic() - began < 6


def test_a_statement_that_takes_too_long_is_ended_by_the_server(database):
    hasty = Database(database.url, statement_seconds=0.2)
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        hasty.rows("select pg_sleep(5)")
    hasty.close()


def test_waiting_for_a_lock_ends_too(table):
    hasty = Database(table.url, statement_seconds=0.3)
    with table.transaction() as cursor:
        cursor.execute("lock table public.t")
        with pytest.raises(DatabaseUnavailable, match="timeout"):
            insert(hasty, 1)
    hasty.close()


def test_threads_share_one_database(table):
    threads = [threading.Thread(target=insert, args=(table, number)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert stored(table) == list(range(12))


def test_a_forked_child_has_connections_of_its_own(table):
    table.ping()
    child = os.fork()
    if child == 0:
        try:
            insert(table, 1)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    insert(table, 2)
    assert stored(table) == [1, 2]


def test_the_unix_socket_works_as_well(server, database):
    name = urls.parse(database.url)["dbname"]
    local = Database(server.socket_url(name))
    assert local.rows("select inet_server_addr() is null, current_database()") == [(True, name)]
    local.close()


@pytest.mark.parametrize(
    "url", ["sqlite:///state.db", "state.db", "postgresql://host", "postgresql://a:s%zz@h/db"]
)
def test_urls_that_cannot_be_used_are_refused_without_showing_secrets(url):
    with pytest.raises(ConfigurationError) as caught:
        Database(url)
    assert "s%zz" not in str(caught.value)
