"""kill -9 at any moment of a file store, and the stream gives everything again: each message is there once.

The victim is a forked process that dies at its n-th system call of those that matter, appends cut at a
random byte, or at a random time, which also meets the libraries that write by themselves.
"""

import itertools
import os
import random
import signal
import threading
from pathlib import Path

import pytest

from dsa_hcal_assets.daq.stores.options import SnapshotOptions
from dsa_hcal_assets.daq.stores.snapshot import SnapshotSink
from dsa_hcal_assets_tests.daq.stores.reading_back import KINDS
from dsa_hcal_assets_tests.daq.stores.sending import EPOCH, message, readings, table

MESSAGES = [
    *readings(8),
    *(message(n, table(n, rows=40)) for n in range(9, 17)),
    *readings(4, first=17, producer="yard"),
    *(message(n, {"n": n, "later": 1.5}) for n in range(17, 21)),
]
EXPECTED = [(m.producer, m.sequence) for m in MESSAGES for _ in range(40 if 9 <= m.sequence < 17 else 1)]
CALLS = [
    *((os, name) for name in ("writev", "fsync", "ftruncate", "open", "close")),
    *((Path, name) for name in ("rename", "unlink")),
]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(count, dice):
    """Make the process die at its `count`-th system call from now on, before it or in its middle."""
    left = itertools.count(count, -1)

    def wrapped(real):
        def call(*arguments, **options):
            if next(left) == 0:
                if real.__name__ == "writev":
                    data = b"".join(arguments[1])
                    os.write(arguments[0], data[: dice.randrange(len(data) + 1)])
                die()
            return real(*arguments, **options)

        return call

    for owner, name in CALLS:
        setattr(owner, name, wrapped(getattr(owner, name)))


def store_everything(open_sink, dice):
    sink = open_sink()
    messages = list(MESSAGES)
    while messages:
        count = dice.randint(1, 6)
        sink.append(messages[:count])
        del messages[:count]
        sink.flush()
    sink.close()


def run(open_sink, seed, prepare):
    """Store everything in a child that `prepare` may doom; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            dice = random.Random(seed)
            prepare(dice)
            store_everything(open_sink, dice)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), "the victim failed by itself"
    return status == 0


def store_through_kills(open_sink, seed):
    """Store everything, killed again and again on the way; return how often."""
    dice = random.Random(seed)
    kills = 0
    while kills < 500:
        if dice.random() < 0.7:
            calls = dice.randrange(25)
            ended = run(open_sink, seed + kills, lambda d, calls=calls: dying_at(calls, d))
        else:
            seconds = dice.uniform(0.0, 0.03)
            ended = run(open_sink, kills, lambda d, seconds=seconds: threading.Timer(seconds, die).start())
        if ended:
            return kills
        kills += 1
    raise AssertionError("it never came to its end")


def check(name, directory, seed):
    kind = KINDS[name]
    kills = store_through_kills(lambda: kind.sink(directory, rotate_size=3_000), seed)

    assert [row[:2] for row in kind.all_rows(directory)] == EXPECTED
    assert all(sequence == n for _, sequence, n in kind.all_rows(directory))
    sink = kind.sink(directory)
    assert (sink.stored("hall", EPOCH), sink.stored("yard", EPOCH)) == (20, 20)
    sink.close()
    assert not list(directory.glob("*.open*")), "something unfinished stayed"
    return kills


@pytest.mark.parametrize("name", KINDS)
def test_each_message_is_there_once_and_in_order(tmp_path, name):
    assert check(name, tmp_path, seed=1) >= 3


@pytest.mark.verify
@pytest.mark.parametrize("name", KINDS)
def test_each_message_is_there_once_and_in_order_after_many_kills(tmp_path, name):
    kills = 0
    for seed in itertools.count(1000):
        kills += check(name, tmp_path / str(seed), seed)
        if kills >= 300:
            return


def test_a_store_of_snapshots_has_each_message_as_one_whole_file(tmp_path):
    options = SnapshotOptions(path=tmp_path, name="{producer}-{sequence}", suffix=".bin")
    assert store_through_kills(lambda: SnapshotSink(options), seed=1) >= 3

    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert files == {f"{m.producer}-{m.sequence}.bin": bytes(m.payload) for m in MESSAGES}
