"""Rows and progress in one script of a real Redis."""

import signal

import numpy as np
import pytest
import redis as client_library

from dsa_hcal_assets.daq.stores.interface import SinkUnavailable, Unstorable
from dsa_hcal_assets.daq.stores.options import RedisOptions
from dsa_hcal_assets.daq.stores.redis import RedisSink
from dsa_hcal_assets.daq.stores.redis_rows import RowKind, arguments_of
from dsa_hcal_assets.daq.stores.rows import blocks_of
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.daq.stores.sending import EPOCH, NOON, message, readings, table
from dsa_hcal_assets_tests.private_servers import HOST

pytestmark = pytest.mark.redis
NOON_MS = NOON // 1_000_000
STREAM = "daq:hall:temps"


@pytest.fixture
def client(redis_server):
    client = client_library.Redis(HOST, redis_server.port, decode_responses=True)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def sink_of(redis_server, client):
    opened = []

    def open_sink(**more):
        opened.append(RedisSink(RedisOptions(url=f"redis://{HOST}:{redis_server.port}/0", **more)))
        return opened[-1]

    yield open_sink
    for sink in opened:
        sink.close()


def store(sink, *batches):
    for batch in batches:
        sink.append(batch)
        sink.flush()


def sequences(client, key=STREAM):
    return [int(fields["sequence"]) for _, fields in client.xrange(key)]


def test_each_message_is_there_once_also_when_given_again_to_a_new_sink(client, sink_of):
    for count in (3, 5):
        store(sink_of(), readings(count), readings(count + 1))

    assert sequences(client) == [1, 2, 3, 4, 5, 6]
    assert sink_of().stored("hall", EPOCH) == 6


def test_entries_have_the_messages_time_and_all_columns(client, sink_of):
    store(
        sink_of(),
        [message(1, {"n": 5, "in": {"x": 1.5}, "l": [1, 2], "none": None}), message(2, table(6, rows=2))],
    )

    (first, fields), *others = client.xrange(STREAM)
    assert first == f"{NOON_MS + 1}-0"
    assert fields == {
        "time": str(NOON + 1_000_000), "producer": "hall", "epoch": str(EPOCH), "sequence": "1",
        "n": "5", "in.x": "1.5", "l": "[1,2]",
    }  # fmt: skip
    assert [entry for entry, _ in others] == [f"{NOON_MS + 2}-0", f"{NOON_MS + 2}-1"]


def test_a_message_older_than_the_newest_is_stored_behind_it(client, sink_of):
    store(sink_of(), [message(1, {"n": 1})], [message(2, {"n": 2}, time_ns=NOON - 10**12)])

    assert [entry for entry, _ in client.xrange(STREAM)] == [f"{NOON_MS + 1}-0", f"{NOON_MS + 1}-1"]


def test_what_is_older_than_the_expiry_goes_and_idle_keys_expire(client, sink_of):
    day = 86_400 * 10**9
    sink = sink_of(expiry_days=2)
    old = [message(n, {"n": n}) for n in range(1, 400)]
    store(sink, old, [message(400, {"n": 400}, time_ns=NOON + 3 * day)])

    # Redis trims streams by whole nodes of 100 entries
    assert sequences(client)[-1] == 400
    assert len(sequences(client)) <= 101
    assert 0 < client.pttl(STREAM) <= 2 * 86_400_000


def test_numbers_as_series_lie_in_sorted_sets_where_the_module_is_absent(client, sink_of):
    sink = sink_of(time_series=True)
    with pytest.raises(Unstorable, match="no number"):
        sink.append([*readings(2), message(3, {"only": "text"}), message(4, {"n": 4, "flag": True})])
    sink.flush()
    sink_again = sink_of(time_series=True)
    store(sink_again, readings(2))

    found = client.zrange(f"{STREAM}:n", 0, -1, withscores=True)
    assert found == [(f"{EPOCH}-{n}-0 {float(n)}", NOON_MS + n) for n in (1, 2, 4)]
    assert client.zrange(f"{STREAM}:flag", 0, -1) == [f"{EPOCH}-4-0 1.0"]
    assert client.keys(f"{STREAM}:where") == []


def test_samples_of_the_module_leave_out_what_is_no_number():
    """The module is in no package of Debian: what the script hands to TS.ADD is held here."""
    (block,), _ = blocks_of([message(1, np.array([(1.5,), (np.nan,)], [("v", "f8")]))])

    keys, arguments = arguments_of([block], RowKind.TIME_SERIES, "daq")

    assert keys == [f"{STREAM}:v"]
    assert arguments == [2, NOON_MS + 1, 1, "1.5"]


def test_a_key_of_another_kind_is_named_and_nothing_is_written(client, sink_of):
    client.set(STREAM, "mine")
    sink = sink_of()
    sink.append([*readings(2), *readings(2, producer="yard")])
    with pytest.raises(SinkUnavailable, match="daq:hall:temps holds a string"):
        sink.flush()
    assert client.keys("daq:yard*") == []
    client.delete(STREAM)
    sink.flush()

    assert sequences(client) == sequences(client, "daq:yard:temps") == [1, 2]


def test_two_stores_of_one_key_do_not_double_a_message(client, sink_of):
    first, second = sink_of(), sink_of()
    store(first, readings(2))
    store(second, readings(3))
    first.append(readings(5))
    with pytest.raises(SinkUnavailable, match="OVERTAKEN"):
        first.flush()
    first.flush()

    assert sequences(client) == [1, 2, 3, 4, 5]


def test_more_rows_than_one_script_takes_are_several(client, sink_of):
    store(sink_of(), [message(n, table(n, rows=900)) for n in range(1, 8)])

    assert client.xlen(STREAM) == 6300
    assert sorted(sequences(client)) == sequences(client)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_redis_stopped_and_started_in_the_middle(redis_server, client, sink_of, number):
    sink = sink_of()
    store(sink, readings(3))
    sink.append(readings(6))
    redis_server.stop(number)
    for _ in range(2):
        with pytest.raises(SinkUnavailable, match="waits"):
            sink.flush()
    redis_server.start()
    store(sink, readings(8))

    assert sequences(client) == list(range(1, 9))


def test_a_bad_url_is_told_without_the_password():
    with pytest.raises(ConfigurationError) as caught:
        RedisSink(RedisOptions(url="http://:topsecret@host"))
    assert "topsecret" not in str(caught.value)
