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


def store_through_kills(open_sink, kills, seed):
    dice = random.Random(seed)
    ended = 0
    for number in range(kills):
        if dice.random() < 0.7:
            calls = dice.randrange(1, 120)
            ended += run(open_sink, seed + number, lambda d, calls=calls: dying_at(calls, d))
        else:
            seconds = dice.uniform(0.0, 0.1)
            ended += run(open_sink, number, lambda d, seconds=seconds: threading.Timer(seconds, die).start())
    assert ended < kills, "nobody was killed"
    assert run(open_sink, seed, lambda d: None)


def check(name, directory, kills, seed):
    kind = KINDS[name]
    store_through_kills(lambda: kind.sink(directory, rotate_size=3_000), kills, seed)

    assert [row[:2] for row in kind.all_rows(directory)] == EXPECTED
    assert all(sequence == n for _, sequence, n in kind.all_rows(directory))
    sink = kind.sink(directory)
    assert (sink.stored("hall", EPOCH), sink.stored("yard", EPOCH)) == (20, 20)
    sink.close()
    assert not list(directory.glob("*.open*")), "something unfinished stayed"


@pytest.mark.parametrize("name", KINDS)
def test_each_message_is_there_once_and_in_order(tmp_path, name):
    check(name, tmp_path, kills=12, seed=len(name))


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", KINDS)
def test_each_message_is_there_once_and_in_order_after_many_kills(tmp_path, name, seed):
    check(name, tmp_path, kills=150, seed=1000 + seed)


def test_a_store_of_snapshots_has_each_message_as_one_whole_file(tmp_path):
    options = SnapshotOptions(path=tmp_path, name="{producer}-{sequence}", suffix=".bin")
    store_through_kills(lambda: SnapshotSink(options), kills=12, seed=4)

    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert files == {f"{m.producer}-{m.sequence}.bin": bytes(m.payload) for m in MESSAGES}
