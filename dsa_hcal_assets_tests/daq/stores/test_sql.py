"""Rows and progress in one transaction, in SQLite, MariaDB and PostgreSQL alike."""

import contextlib
import os
import signal

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.daq.stores import sql
from dsa_hcal_assets.daq.stores.interface import SinkUnavailable, Unstorable
from dsa_hcal_assets.daq.stores.options import SqlOptions
from dsa_hcal_assets.daq.stores.sql import SqlSink
from dsa_hcal_assets.daq.stores.sql_table import NotOurTable, _name
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.daq.stores.conftest import made_in_mariadb
from dsa_hcal_assets_tests.daq.stores.sending import EPOCH, message, readings, table
from dsa_hcal_assets_tests.database.proxy import Proxy

in_each_database = pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("mariadb", marks=pytest.mark.mariadb), "postgresql"],
    indirect=True,
)


def sink_of(url, **more):
    return SqlSink(SqlOptions(url=url, **more))


def store(sink, *batches):
    for batch in batches:
        sink.append(batch)
        sink.flush()


def query(url, statement):
    engine = sa.create_engine(url.replace("mysql:", "mysql+pymysql:"))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(statement)]
    engine.dispose()
    return rows


def keys(url):
    return query(url, "select producer, epoch, sequence from messages order by epoch, producer, sequence")


@in_each_database
def test_each_message_is_there_once_also_when_given_again_to_a_new_sink(database_url):
    for count in (3, 5):
        sink = sink_of(database_url)
        store(sink, readings(count), readings(count + 1))
        sink.close()

    assert keys(database_url) == [("hall", EPOCH, n) for n in range(1, 7)]
    assert sink_of(database_url).stored("hall", EPOCH) == 6


@in_each_database
def test_rows_say_when_whose_and_what(database_url):
    store(
        sink_of(database_url),
        [message(1, table(5, rows=2)), message(2, {"n": 6, "ok": True, "in": {"x": [1, 2]}})],
    )

    columns = "sequence, n, x, name, ok, in_x, topic"
    order = {"m": "`row`"}.get(database_url[0], '"row"')
    rows = query(database_url, f"select {columns} from messages order by sequence, {order}")
    assert [row[:4] for row in rows] == [(1, 5, 0.0, "row 5"), (1, 5, 0.5, "row 5"), (2, 6, None, None)]
    assert bool(rows[2][4]) is True
    assert rows[2][5:] == ("[1,2]", "temps")
    ((moment,),) = query(database_url, "select distinct time from messages where sequence = 1")
    assert str(moment).startswith("2023-11-14 22:13:20.001")


@in_each_database
def test_names_that_differ_in_a_capital_or_a_blank_are_two_producers(database_url):
    sent = [
        message(1, {"n": n}, producer=name) for n, name in enumerate(["a", "A", "a ", "ä", "a'; drop --"])
    ]
    sink = sink_of(database_url)
    store(sink, sent)

    assert len(keys(database_url)) == 5
    assert {each.producer for each in sent} == {row[0] for row in keys(database_url)}
    assert all(sink_of(database_url).stored(each.producer, EPOCH) == 1 for each in sent)


@in_each_database
def test_the_table_follows_the_columns(database_url):
    sink = sink_of(database_url)
    store(sink, [message(1, {"v": 1, "s": "x"})])
    store(sink, [message(2, {"v": 1.5, "s": {"a": 1}["a"], "Ein Wert, °C": 2})])

    rows = query(database_url, "select v, s, ein_wert___c from messages order by sequence")
    assert rows == [(1, "x", None), (1.5, "1", 2)]


@in_each_database
def test_what_the_database_refuses_is_found_and_the_others_are_stored_in_order(database_url):
    sink = sink_of(database_url)
    store(sink, readings(1))
    # text where the table has numbers; SQLite takes that, but no integer above 63 bits
    bad = {"n": "two"} if "sqlite" not in database_url else np.array([(2**64 - 1,)], [("n", "u8")])
    sink.append([*readings(5, first=2), message(7, bad), *readings(5, first=8)])
    with pytest.raises(Unstorable, match="hall") as caught:
        sink.flush()
    assert [refusal.message.sequence for refusal in caught.value.refusals] == [7]
    assert sink.stored("hall", EPOCH) == 6
    sink.flush()

    assert [n for _, _, n in keys(database_url)] == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]


@in_each_database
def test_two_stores_of_one_table_do_not_double_a_message(database_url):
    first, second = sink_of(database_url), sink_of(database_url)
    store(first, readings(2))
    store(second, readings(3))
    first.append(readings(5))
    with pytest.raises(SinkUnavailable, match="another store"):
        first.flush()
    first.flush()

    assert [n for _, _, n in keys(database_url)] == [1, 2, 3, 4, 5]


@in_each_database
def test_somebody_elses_table_is_refused_and_unchanged(database_url):
    engine = sa.create_engine(database_url.replace("mysql:", "mysql+pymysql:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("create table messages (a integer)")
    engine.dispose()
    sink = sink_of(database_url)
    sink.append(readings(1))
    with pytest.raises(NotOurTable, match="was not made by a store"):
        sink.flush()

    assert query(database_url, "select * from messages") == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_names_of_columns_give_a_table_or_are_refused(database_url, data):
    names = st.text(min_size=1, max_size=80)
    values = data.draw(st.dictionaries(names, st.integers(0, 9), min_size=1, max_size=4))
    one_name = len({_name(name) for name in values}) < len(values)
    sink = sink_of(database_url, table=f"t{data.draw(st.integers(0, 10**9))}")
    with pytest.raises(Unstorable, match="one name") if one_name else contextlib.nullcontext():
        sink.append([message(1, values)])
    sink.flush()
    assert sink.stored("hall", EPOCH) == (0 if one_name else 1)
    sink.close()


def test_a_password_is_in_no_name_and_no_error():
    with pytest.raises(ConfigurationError) as caught:
        sink_of("nonsense://user:topsecret@host/x")
    sink = sink_of("mysql://user:topsecret@127.0.0.1:1/x", connect_deadline=1)
    sink.append(readings(1))
    with pytest.raises(SinkUnavailable) as away:
        sink.flush()

    assert "topsecret" not in str(caught.value) + str(away.value) + sink.name + repr(
        SqlOptions(url="x://a:topsecret@b")
    )


@pytest.mark.mariadb
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_mariadb_stopped_and_started_in_the_middle(mariadb, number):
    url = made_in_mariadb(mariadb, f"outage_{number.name.lower()}")
    sink = sink_of(url, connect_deadline=2)
    store(sink, readings(3))
    sink.append(readings(6))
    mariadb.stop(number)
    for _ in range(2):
        with pytest.raises(SinkUnavailable):
            sink.flush()
    mariadb.start()
    store(sink, readings(8))

    assert [n for _, _, n in keys(url)] == list(range(1, 9))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_cut_and_mute_in_the_middle(database_url, server):
    target = sa.make_url(database_url)
    proxy = Proxy(target.port)
    url = target.set(port=proxy.port).render_as_string(hide_password=False)
    sink = sink_of(url, connect_deadline=2)
    store(sink, readings(3))
    sink.append(readings(6))
    proxy.refuse()
    proxy.cut()
    with pytest.raises(SinkUnavailable):
        sink.flush()
    proxy.open()
    store(sink, readings(8))
    proxy.refuse()
    proxy.cut()

    assert [n for _, _, n in keys(database_url)] == list(range(1, 9))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_goes_mute_holds_nobody_for_ever(database_url, monkeypatch):
    target = sa.make_url(database_url)
    proxy = Proxy(target.port)
    sink = sink_of(target.set(port=proxy.port).render_as_string(hide_password=False))
    store(sink, readings(3))
    proxy.deaf = True
    sink.append(readings(5))
    with monkeypatch.context() as impatient:
        impatient.setattr(sink._database, "_statement_seconds", 0.1)
        impatient.setattr("dsa_hcal_assets.daq.stores.sql_connection._GRACE_SECONDS", 0.1)
        with pytest.raises(SinkUnavailable):
            sink.flush()
    proxy.deaf = False
    sink.flush()
    proxy.refuse()
    proxy.cut()

    assert [n for _, _, n in keys(database_url)] == [1, 2, 3, 4, 5]


@in_each_database
def test_a_store_killed_between_its_rows_and_its_commit_leaves_neither(database_url):
    store(sink_of(database_url), readings(2))
    child = os.fork()
    if child == 0:
        real = sql.insert
        sql.insert = lambda *arguments: (real(*arguments), os.kill(os.getpid(), signal.SIGKILL))
        store(sink_of(database_url), readings(4))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [n for _, _, n in keys(database_url)] == [1, 2]
    store(sink_of(database_url), readings(4))

    assert [n for _, _, n in keys(database_url)] == [1, 2, 3, 4]
