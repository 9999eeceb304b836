"""Snapshots, memory, dead letters, and the shelves of a store job."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dsa_hcal_assets.daq.one_writer import SecondWriter
from dsa_hcal_assets.daq.stores.csv import CsvSink
from dsa_hcal_assets.daq.stores.dead_letters import DeadLetters, read_letters
from dsa_hcal_assets.daq.stores.interface import Refusal, SinkUnavailable, Unstorable
from dsa_hcal_assets.daq.stores.memory import MemorySink
from dsa_hcal_assets.daq.stores.options import CsvOptions, MemoryOptions, SnapshotOptions, SqlOptions
from dsa_hcal_assets.daq.stores.shelves import Shelves
from dsa_hcal_assets.daq.stores.snapshot import SnapshotSink
from dsa_hcal_assets.daq.stores.sql import SqlSink
from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.daq.stores.sending import EPOCH, borrowed, message, readings
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit


def letters_below(directory):
    return [letter for path in sorted(directory.rglob("*.frames")) for letter in read_letters(path)]


# snapshots


def snapshots(directory):
    return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))


def test_each_message_is_a_file_named_by_who_what_and_when(tmp_path):
    sink = SnapshotSink(SnapshotOptions(path=tmp_path, suffix=".bin"))
    sink.append([message(1, b"abc", producer="a/b"), message(2, b"", producer="..")])
    sink.flush()

    assert len(snapshots(tmp_path)) == 2
    assert (tmp_path / "a%2Fb_temps_2023-11-14T221320.001000Z_1.bin").read_bytes() == b"abc"
    with pytest.raises(SecondWriter):
        SnapshotSink(SnapshotOptions(path=tmp_path))
    sink.close()


@pytest.mark.parametrize("name", ["{run}", "{}", "{time:%q", "a/b"])
def test_a_name_that_cannot_be_made_is_refused_in_the_options(name):
    with pytest.raises(ValidationError, match="name"):
        SnapshotOptions(path="x", name=name)


def test_a_name_with_other_content_refuses_that_message_only(tmp_path):
    sink = SnapshotSink(SnapshotOptions(path=tmp_path, name="{sequence}"))
    (tmp_path / "2").write_bytes(b"theirs")
    (tmp_path / "3").write_bytes(b"c")
    sink.append([message(1, b"a"), message(2, b"b"), message(3, b"c")])
    with pytest.raises(Unstorable, match="other content") as caught:
        sink.flush()
    assert [refusal.message.sequence for refusal in caught.value.refusals] == [2]
    assert sink.stored("hall", EPOCH) == 1
    sink.flush()
    sink.close()

    assert SnapshotSink(SnapshotOptions(path=tmp_path)).stored("hall", EPOCH) == 3
    assert [(tmp_path / name).read_bytes() for name in "123"] == [b"a", b"theirs", b"c"]


def test_snapshots_wait_while_the_disk_is_full(tmp_path):
    sink = SnapshotSink(SnapshotOptions(path=tmp_path, name="{sequence}"))
    sink.append([message(1, b"a" * 10), message(2, b"b" * 5000)])
    with file_size_limit(1000), pytest.raises(SinkUnavailable, match="room"):
        sink.flush()
    sink.flush()
    sink.close()

    assert snapshots(tmp_path) == ["1", "2"]


# memory


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), max_size=30))
def test_memory_has_the_newest_of_each_topic_within_its_bounds(sent):
    sink = MemorySink(MemoryOptions(messages=3, size=60))
    messages = [message(n, b"x" * size, topic=topic) for n, (topic, size) in enumerate(sent, 1)]
    sink.append(messages)
    sink.flush()

    kept = sink.latest(count=100)
    assert sum(len(m.payload) for m in kept) <= 60
    assert [m.sequence for m in kept] == sorted(m.sequence for m in kept)
    for topic in "ab":
        ours = [m.sequence for m in kept if m.topic == topic]
        newest = [m.sequence for m in messages if m.topic == topic]
        assert len(ours) <= 3
        assert ours == newest[len(newest) - len(ours) :]
    assert kept[-1:] == messages[-1:]


def test_memory_answers_by_pattern_and_keeps_its_own_copy():
    sink = MemorySink(MemoryOptions())
    lent, take_back = borrowed([message(1, {"v": 1}, topic="t.a"), message(2, {"v": 2}, topic="u.b")])
    sink.append(lent)
    sink.flush()
    take_back()

    assert [bytes(m.payload) for m in sink.latest("t.*", 5)] == [b'{"v":1}']
    assert [m.topic for m in sink.latest(count=1)] == ["u.b"]
    assert sink.topics() == {"t.a": 1, "u.b": 1}
    assert sink.stored("hall", EPOCH) == 2


# dead letters


def test_refused_messages_are_kept_as_they_were_with_the_reason(tmp_path):
    sink = DeadLetters(CsvSink(CsvOptions(path=tmp_path / "a")), tmp_path / "letters.frames")
    poison = message(2, b"\\x00", topic="blob")
    sink.append([*readings(1), poison, message(3, {"n": 3})])
    sink.flush()
    sink.close()

    assert letters_below(tmp_path) == [Refusal(poison, "CSV cannot say bytes")]
    assert sink.counts == {"blob": 1}
    assert [n for _, n, _ in KINDS["csv"].all_rows(tmp_path)] == [1, 3]
    assert sink.stored("hall", EPOCH) == 3


def test_a_letter_is_durable_before_what_follows_it_is(tmp_path):
    """Refused by the database in the flush itself, and the disk of the letters is full."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    sink = DeadLetters(SqlSink(SqlOptions(url=url)), tmp_path / "letters.frames")
    sink.append(readings(2))
    sink.flush()
    sink.append([message(3, {"n": 3}), message(4, {"n": 2**63}), message(5, {"n": 5})])
    with file_size_limit(0), pytest.raises(SinkUnavailable):
        sink.flush()
    assert sink.stored("hall", EPOCH) < 4
    sink.flush()
    sink.close()

    assert [letter.message.sequence for letter in letters_below(tmp_path)] == [4]
    assert sink.stored("hall", EPOCH) == 5


# shelves


def test_paths_may_have_the_producer_and_the_topic(tmp_path):
    shelves = Shelves(CsvSink, tmp_path / "letters")
    options = CsvOptions(path=tmp_path / "{producer}" / "{topic}")
    mixed = [message(n, {"n": n}, producer="a/b", topic=f"t{n % 2}") for n in range(1, 6)]
    shelves.append(options, mixed)
    shelves.append(options, readings(2))
    durable = shelves.flush()
    shelves.close()

    assert shelves.trouble is None
    assert durable == {"a/b": (EPOCH, 5), "hall": (EPOCH, 2)}
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv")}
    assert found == {"a%2Fb/t0.csv", "a%2Fb/t1.csv", "hall/temps.csv"}


def test_a_sink_that_cannot_be_opened_yet_holds_its_messages_back_and_then_takes_them(tmp_path):
    options = CsvOptions(path=tmp_path / "a")
    before = CsvSink(options)
    before.append(readings(1))
    before.flush()
    before.close()
    shelves = Shelves(CsvSink, tmp_path / "letters")
    shelves.append(options, readings(2))
    with file_size_limit(0):  # it cannot say that the files are in use again
        assert shelves.flush() == {}
    assert shelves.held == {"hall"}
    shelves.append(options, readings(3)[2:])

    assert shelves.flush(at_once=True) == {"hall": (EPOCH, 3)}
    shelves.close()
    assert [n for _, n, _ in KINDS["csv"].all_rows(tmp_path)] == [1, 2, 3]


def test_one_target_that_is_away_holds_back_its_producers_only(tmp_path):
    shelves = Shelves(SqlSink, tmp_path / "letters")
    there = SqlOptions(url=f"sqlite:///{tmp_path / 'a.db'}")
    away = SqlOptions(url=f"sqlite:///{tmp_path / 'none' / 'a.db'}")
    for _ in range(2):
        shelves.append(there, readings(2))
        shelves.append(away, readings(2, producer="yard"))
        assert shelves.flush(at_once=True) == {"hall": (EPOCH, 2)}
        assert shelves.held == {"yard"}
        assert "unable to open" in str(shelves.trouble)
    (tmp_path / "none").mkdir()

    assert shelves.flush(at_once=True) == {"yard": (EPOCH, 2)}
    assert shelves.held == set()
    shelves.close()
    assert (tmp_path / "none" / "a.db").exists()
