"""Every file store: each message once, rotation, names, other people's files, a full disk."""

import os

import pytest

from dsa_hcal_assets.daq.one_writer import SecondWriter
from dsa_hcal_assets.daq.stores.file_record import RecordDamaged
from dsa_hcal_assets.daq.stores.interface import SinkUnavailable, Unstorable
from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.daq.stores.sending import EPOCH, NOON, borrowed, message, readings, table
from dsa_hcal_assets_tests.daq.test_durable_file import file_size_limit

DAY_NS = 86_400_000_000_000
of_each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
ROW_KINDS = {name: kind for name, kind in KINDS.items() if name != "raw"}
of_row_kinds = pytest.mark.parametrize("kind", ROW_KINDS.values(), ids=ROW_KINDS)


def store(sink, *batches):
    for batch in batches:
        sink.append(batch)
        sink.flush()


def numbers(kind, directory):
    return [sequence for _, sequence, _ in kind.all_rows(directory)]


@of_each_kind
def test_each_message_is_there_once_also_when_given_again_after_a_restart(tmp_path, kind):
    sink = kind.sink(tmp_path)
    store(sink, readings(3), readings(4), readings(2, first=3))
    assert sink.stored("hall", EPOCH) == 4
    sink.close()

    again = kind.sink(tmp_path)
    assert again.stored("hall", EPOCH) == 4
    store(again, readings(6))
    again.close()

    assert kind.all_rows(tmp_path) == [("hall", n, n) for n in range(1, 7)]


@of_each_kind
def test_producers_and_epochs_are_counted_apart(tmp_path, kind):
    sink = kind.sink(tmp_path)
    store(sink, [*readings(2), *readings(2, producer="yard"), *readings(2, epoch=8)])
    sink.close()

    assert numbers(kind, tmp_path) == [1, 2] * 3


@of_each_kind
def test_what_is_appended_is_not_stored_before_the_flush(tmp_path, kind):
    sink = kind.sink(tmp_path)
    sink.append(readings(2))
    assert sink.stored("hall", EPOCH) == 0
    sink.flush()
    assert sink.stored("hall", EPOCH) == 2
    sink.append(readings(3))
    sink.close()

    assert numbers(kind, tmp_path) == [1, 2]


@of_each_kind
def test_memory_of_messages_may_be_taken_back_after_the_flush(tmp_path, kind):
    sink = kind.sink(tmp_path)
    for number in (1, 2):
        lent, take_back = borrowed([message(number, table(number))])
        store(sink, lent)
        take_back()
    sink.close()

    assert kind.all_rows(tmp_path) == [("hall", n, n) for n in (1, 2) for _ in range(3)]


@of_each_kind
def test_a_new_day_of_the_messages_is_a_new_file_and_stragglers_stay_with_the_newest(tmp_path, kind):
    sink = kind.sink(tmp_path, add_date=True)
    next_day = [message(n, {"n": n}, time_ns=NOON + DAY_NS) for n in (3, 5)]
    straggler = message(4, {"n": 4}, time_ns=NOON)
    store(sink, [*readings(2), next_day[0], straggler, next_day[1]])
    sink.close()

    names = [path.name for path in kind.files(tmp_path)]
    assert names[0] == f"a_2023-11-14{kind.suffix}"
    assert all(name.startswith("a_2023-11-15") for name in names[1:])
    assert numbers(kind, tmp_path) == [1, 2, 3, 4, 5]


@of_each_kind
def test_a_straggler_between_two_files_takes_no_file_away(tmp_path, kind):
    sink = kind.sink(tmp_path, add_date=True, overwrite=True, rotate_size=1)
    days = [NOON, NOON + DAY_NS, NOON, NOON + DAY_NS]
    store(sink, *([message(n, {"n": n}, time_ns=day)] for n, day in enumerate(days, 1)))
    sink.close()

    assert numbers(kind, tmp_path) == [1, 2, 3, 4]


@of_each_kind
def test_a_file_that_has_its_size_is_followed_by_the_next_number(tmp_path, kind):
    sink = kind.sink(tmp_path, rotate_size=1)
    store(sink, readings(1), readings(2), readings(3))
    sink.close()

    assert [path.name for path in kind.files(tmp_path)] == [
        f"a{kind.suffix}", f"a+1{kind.suffix}", f"a+2{kind.suffix}",
    ]  # fmt: skip
    assert numbers(kind, tmp_path) == [1, 2, 3]


@of_each_kind
def test_a_file_that_is_old_enough_is_ended_without_further_messages(tmp_path, kind):
    sink = kind.sink(tmp_path, rotate_interval="1us")
    store(sink, readings(1))
    sink.flush()

    assert sink.file is None
    assert numbers(kind, tmp_path) == [1]
    sink.close()


@of_each_kind
def test_somebody_elses_file_is_left_alone(tmp_path, kind):
    theirs = tmp_path / f"a{kind.suffix}"
    theirs.write_bytes(b"theirs")
    sink = kind.sink(tmp_path)
    store(sink, readings(1))
    sink.close()

    assert theirs.read_bytes() == b"theirs"
    assert len(kind.rows(tmp_path / f"a+1{kind.suffix}")) == 1


@of_each_kind
def test_overwrite_begins_anew_at_each_orderly_start_and_forgets_no_progress(tmp_path, kind):
    for first in (1, 3):
        sink = kind.sink(tmp_path, overwrite=True)
        store(sink, readings(2, first=first - 1 or 1))
        sink.close()

    assert [path.name for path in kind.files(tmp_path)] == [f"a{kind.suffix}"]
    # message 2 was stored by the first: it is not stored again by the second
    assert numbers(kind, tmp_path) == [3]


@of_each_kind
def test_a_second_writer_is_refused(tmp_path, kind):
    sink = kind.sink(tmp_path)
    with pytest.raises(SecondWriter):
        kind.sink(tmp_path)
    sink.close()
    kind.sink(tmp_path).close()


@of_each_kind
def test_progress_that_cannot_be_read_is_named_and_nothing_is_touched(tmp_path, kind):
    (tmp_path / f".a{kind.suffix}.progress").write_bytes(b"{")
    with pytest.raises(RecordDamaged, match="progress"):
        kind.sink(tmp_path)
    (tmp_path / f".a{kind.suffix}.progress").unlink()
    kind.sink(tmp_path).close()


@of_each_kind
@pytest.mark.parametrize("room", [0, 700, 5_000, 20_000])
def test_a_full_disk_keeps_everything_waiting_and_then_stores_it_once(tmp_path, kind, room):
    sink = kind.sink(tmp_path)
    store(sink, readings(2))
    sink.append([message(n, table(n, rows=2_000)) for n in range(3, 7)])
    with file_size_limit(room):
        for _ in range(2):
            with pytest.raises(SinkUnavailable):
                sink.flush()
    sink.flush()
    sink.close()

    assert sink.stored("hall", EPOCH) == 6
    assert numbers(kind, tmp_path) == [1, 2] + [n for n in range(3, 7) for _ in range(2_000)]


def test_what_was_stored_and_is_gone_is_told_and_the_rest_goes_on(tmp_path, caplog):
    kind = KINDS["csv"]
    sink = kind.sink(tmp_path)
    store(sink, readings(2))
    sink.close()
    os.truncate(tmp_path / "a.csv", 10)

    again = kind.sink(tmp_path)
    store(again, readings(3))
    again.close()

    assert "10 of the" in caplog.text
    assert [n for _, n, _ in kind.rows(tmp_path / "a+1.csv")] == [3]


@of_row_kinds
def test_new_columns_begin_a_file_that_has_all_of_them(tmp_path, kind):
    sink = kind.sink(tmp_path)
    store(sink, readings(1), [message(2, {"n": 2, "new": 1.5})], readings(1, first=3))
    store(sink, [message(4, {"n": 4, "new": 2.5}), *readings(1, first=5)])
    sink.close()

    first, *later = [len(kind.rows(path)) for path in kind.files(tmp_path)]
    assert first == 1
    assert sum(later) == 4
    # a mixture settles: it does not begin a file each time
    assert len(later) <= 2
    assert numbers(kind, tmp_path) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", ["parquet", "root", "hdf5"])
def test_text_where_numbers_were_is_refused_and_all_others_are_stored(tmp_path, name):
    kind = KINDS[name]
    sink = kind.sink(tmp_path)
    with pytest.raises(Unstorable, match="1 message") as caught:
        sink.append([message(1, {"n": 1}), message(2, {"n": "two"}), message(3, {"n": 3})])
    sink.flush()
    sink.close()

    assert [refusal.message.sequence for refusal in caught.value.refusals] == [2]
    assert numbers(kind, tmp_path) == [1, 3]
