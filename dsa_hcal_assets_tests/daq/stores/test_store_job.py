"""A store job moves messages from real streams into its sinks, and acknowledges what is durable."""

import logging
import os
import random
import signal
import sqlite3
import threading

import pytest
from pydantic import ValidationError

from dsa_hcal_assets.daq.jobs import Input, JobContext
from dsa_hcal_assets.daq.jobs.inbox import KeptInbox
from dsa_hcal_assets.daq.jobs.types import load_type
from dsa_hcal_assets.daq.stores.dead_letters import read_letters
from dsa_hcal_assets.daq.stores.interface import SinkUnavailable
from dsa_hcal_assets.daq.stores.memory_store import MemoryConfig, MemoryStore, Question
from dsa_hcal_assets.daq.stores.store_job import StoreConfig
from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.opening import open_reader, open_writer
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit

TYPES = ["csv", "raw", "parquet", "root", "hdf5", "sql", "redis", "snapshot", "memory"]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def place(tmp_path):
    return StreamPlace(tmp_path / "run", shared_memory=False)


@pytest.fixture
def send(place):
    """Sends values as a producer's kept messages, for the reader `store`."""
    writers = {}

    def to_stream(producer, *values, topic="temps"):
        if producer not in writers:
            writers[producer] = open_writer(place, producer, StreamConfig(), ["store"])
        for value in values:
            writers[producer].send(topic, value)

    yield to_stream
    for writer in writers.values():
        writer.close()


class Running:
    """A store job with its inbox, moved by the test in place of the loop."""

    def __init__(self, place, kind, *inputs, **options):
        self.clock = Clock()
        job_type = load_type(kind)
        config = job_type.Config(type=kind, id="store", options=options)
        self.job = job_type(config, JobContext("here", place, inputs=inputs), self.clock)
        self.job.setup()
        self.inbox = KeptInbox(self.job, self.clock)

    def deliver(self):
        while self.inbox.deliver():
            pass

    def later(self, seconds=1.5):
        self.clock.now += seconds
        self.job.step()

    def end(self):
        self.job.teardown()
        self.inbox.close()
        self.job.close()


def objects(count, first=1):
    return [{"n": n} for n in range(first, first + count)]


def waiting(place, producer):
    """Messages that the store's reader would still be given."""
    reader = open_reader(place, producer, "store")
    try:
        return [message.sequence for message in reader.receive(1000)]
    finally:
        reader.close()


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_found_by_its_name(kind):
    assert issubclass(load_type(kind).Config, StoreConfig)


def test_messages_are_acknowledged_once_they_are_durable_and_not_before(place, send, tmp_path):
    send("hall", *objects(3))
    store = Running(place, "csv", Input("hall", options={"path": str(tmp_path / "a")}))
    store.deliver()
    assert not (tmp_path / "a.csv").exists()
    store.later()
    store.end()

    assert KINDS["csv"].all_rows(tmp_path) == [("hall", n, n) for n in (1, 2, 3)]
    assert waiting(place, "hall") == []


def test_producers_are_stored_as_their_own_files_say_over_what_the_stores_file_says(place, send, tmp_path):
    send("hall", *objects(2))
    send("yard/1", *objects(2))
    inputs = Input("hall", options={"path": str(tmp_path / "a"), "zstd": 3}), Input("yard/1")
    store = Running(place, "csv", *inputs, flush_messages=1)
    store.deliver()
    store.end()

    assert KINDS["csv.zst"].all_rows(tmp_path) == [("hall", 1, 1), ("hall", 2, 2)]
    assert (place.run_dir / "data" / "yard%2F1.csv").exists()


def test_a_store_that_is_told_to_end_stores_what_it_has(place, send, tmp_path):
    send("hall", *objects(2))
    store = Running(place, "parquet", Input("hall"), path=str(tmp_path / "a"))
    store.deliver()
    store.end()

    assert [n for _, _, n in KINDS["parquet"].all_rows(tmp_path)] == [1, 2]
    assert waiting(place, "hall") == []


def test_while_the_target_is_away_nothing_is_taken_and_attempts_become_rarer(place, send, tmp_path):
    send("hall", *objects(300))
    store = Running(place, "csv", Input("hall"), path=str(tmp_path / "a"), flush_messages=100)
    with file_size_limit(0):
        store.deliver()
        assert not store.job.accepts("hall")
        told = []
        for _ in range(100):
            with pytest.raises(SinkUnavailable) as error:
                store.later(0.5)
            told.append(error.value)
        assert 3 < len({id(error) for error in told}) < 10, "each attempt has an error of its own"
    store.later(60)
    assert store.job.accepts("hall")
    store.deliver()
    store.end()

    assert [n for _, _, n in KINDS["csv"].all_rows(tmp_path)] == list(range(1, 301))


def test_producers_whose_target_is_there_do_not_notice_that_anothers_is_away(place, send, tmp_path):
    away = Input("yard", options={"url": f"sqlite:///{tmp_path / 'none' / 'a.db'}"})
    here = Input("hall", options={"url": f"sqlite:///{tmp_path / 'a.db'}"})
    store = Running(place, "sql", here, away)
    for _ in range(3):
        send("hall", *objects(2))
        send("yard", *objects(2))
        store.deliver()
        with pytest.raises(SinkUnavailable):
            store.later()
    assert store.job.accepts("hall")
    assert not store.job.accepts("yard")
    assert store.job.readers["hall"].behind == 0
    assert store.job.readers["yard"].behind == 4, "all but the two it was given first"

    (tmp_path / "none").mkdir()
    store.later(60)
    store.deliver()
    store.end()
    assert waiting(place, "yard") == []
    for database in (tmp_path / "a.db", tmp_path / "none" / "a.db"):
        with sqlite3.connect(database) as connection:
            rows = connection.execute("select sequence from messages order by sequence").fetchall()
        assert rows == [(n,) for n in range(1, 7)]


@pytest.mark.parametrize("kind", ["parquet", "root", "hdf5", "csv"])
def test_what_a_killed_store_left_open_is_made_whole_though_nothing_more_comes(place, send, tmp_path, kind):
    send("hall", *objects(3))
    child = os.fork()
    if child == 0:
        killed = Running(place, kind, Input("hall"), path=str(tmp_path / "a"))
        killed.deliver()
        killed.later()
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert waiting(place, "hall") == []

    next_one = Running(place, kind, Input("hall"), path=str(tmp_path / "a"))
    next_one.later()
    next_one.end()
    assert [n for _, _, n in KINDS[kind].all_rows(tmp_path)] == [1, 2, 3]
    assert not list(tmp_path.glob("*.open*"))


def test_a_poison_message_is_kept_told_and_does_not_hold_up_the_others(place, send, tmp_path, caplog):
    send("hall", {"n": 1}, b"\0", {"n": 3})
    store = Running(place, "csv", Input("hall"), path=str(tmp_path / "a"))
    told = []
    store.job.publish = lambda topic, value: told.append((topic, value["details"]))
    with caplog.at_level(logging.ERROR):
        store.deliver()
        store.later()
    store.end()

    assert [n for _, _, n in KINDS["csv"].all_rows(tmp_path)] == [1, 3]
    (letters,) = (place.run_dir / "dead_letters").rglob("*.frames")
    assert [letter.message.sequence for letter in read_letters(letters)] == [2]
    assert "1 messages into dead letters" in caplog.text
    assert told == [("alert.dead_letters", {"messages": 1})]
    assert waiting(place, "hall") == []


@pytest.mark.parametrize("flush_messages", [70, 700], ids=["within a batch", "over several"])
def test_a_killed_store_goes_on_in_its_next_process_and_nothing_is_lost_or_doubled(
    place, send, tmp_path, flush_messages
):
    send("hall", *objects(1500))
    send("yard", *objects(1500))
    dice = random.Random(3)
    ends = 0
    for attempt in range(12):
        seconds, rounds = dice.uniform(0, 0.3), dice.randrange(1, 4)
        child = os.fork()
        if child == 0:
            inputs = Input("hall"), Input("yard")
            store = Running(
                place,
                "csv",
                *inputs,
                path=str(tmp_path / "a"),
                flush_messages=flush_messages,
                rotate_size=9000,
            )
            if attempt % 2:
                threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
            elif attempt < 10:
                for _ in range(rounds):
                    store.inbox.deliver()
                # with messages taken that are in no file
                os.kill(os.getpid(), signal.SIGKILL)
            store.deliver()
            store.end()
            os._exit(0)
        ends += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ends < 12

    last = Running(place, "csv", Input("hall"), Input("yard"), path=str(tmp_path / "a"))
    last.deliver()
    last.end()
    rows = KINDS["csv"].all_rows(tmp_path)
    for producer in ("hall", "yard"):
        assert [n for name, _, n in rows if name == producer] == list(range(1, 1501))


def test_options_are_checked_with_the_producers_file_and_what_is_missing_at_the_start(place):
    with pytest.raises(ValidationError, match="tabel"):
        load_type("sql").InputOptions.model_validate({"tabel": "x"})
    load_type("sql").InputOptions.model_validate({"table": "x"})

    with pytest.raises(ConfigurationError, match=r"'store' cannot store 'hall': option 'url'"):
        Running(place, "sql", Input("hall", options={"table": "x"}))


def test_a_memory_store_answers_what_the_newest_messages_were(place, send):
    send("hall", *objects(3))
    send("hall", b"abc", topic="blobs")
    job = MemoryStore(
        MemoryConfig(type="memory", id="store"), JobContext("here", place, inputs=(Input("hall"),))
    )
    job.setup()
    inbox = KeptInbox(job)
    inbox.deliver()
    job._flush()
    answer = job.answer(Question(reply="r", topics="t*", count=2))
    inbox.close()

    assert [(each["topic"], each["sequence"], each["rows"]) for each in answer] == [
        ("temps", 2, [{"n": 2}]), ("temps", 3, [{"n": 3}]),
    ]  # fmt: skip
    assert [each["bytes"] for each in job.answer(Question(reply="r", topics="blobs"))] == [3]
    assert waiting(place, "hall") == []
