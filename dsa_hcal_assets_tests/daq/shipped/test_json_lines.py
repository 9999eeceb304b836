"""Every message is one whole line, whatever is killed or delivered again."""

import json
import os

import numpy as np
import pytest

from dsa_hcal_assets.daq.durable_file import DiskFull
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.shipped.json_lines import JsonLines

TIME = 1_700_000_000_500_000_000


def message(sequence, value=b'{"n": 1}', *, producer="p/ä", topic="alert", epoch=1, kind=Kind.JSON):
    return Message(topic, producer, epoch, sequence, TIME, kind, memoryview(value))


def lines(directory):
    (file,) = directory.iterdir()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_what_came_from_whom_and_when(tmp_path):
    JsonLines(tmp_path, "alerts").append([message(3)])

    assert lines(tmp_path) == [
        {"time": "2023-11-14T22:13:20.500000+00:00", "topic": "alert", "producer": "p/ä", "epoch": 1,
         "sequence": 3, "value": {"n": 1}},
    ]  # fmt: skip


def test_what_comes_again_after_a_restart_is_written_once(tmp_path):
    JsonLines(tmp_path, "alerts").append([message(1), message(2)])

    assert JsonLines(tmp_path, "alerts").append([message(2), message(3)]) == 1

    assert [line["sequence"] for line in lines(tmp_path)] == [1, 2, 3]


def test_a_stream_begun_anew_and_other_producers_and_topics_count_for_themselves(tmp_path):
    log = JsonLines(tmp_path, "alerts")
    log.append([message(7)])
    others = [message(1, epoch=2), message(1, producer="q"), message(1, topic="trace")]

    assert log.append(others) == 3


def test_half_a_line_of_a_killed_writer_is_cut_off(tmp_path):
    JsonLines(tmp_path, "alerts").append([message(1)])
    (file,) = tmp_path.iterdir()
    with file.open("ab") as log:
        log.write(b'{"time": "2023-11')

    assert JsonLines(tmp_path, "alerts").append([message(2)]) == 1
    assert [line["sequence"] for line in lines(tmp_path)] == [1, 2]


def test_an_array_is_named_and_not_written_out(tmp_path):
    JsonLines(tmp_path, "alerts").append([message(1, np.zeros(80, "u1").tobytes(), kind=Kind.RAW)])

    assert lines(tmp_path)[0]["value"] == "RAW, 80 bytes"


def test_a_full_disk_leaves_whole_lines_and_the_batch_is_taken_when_there_is_room(tmp_path, monkeypatch):
    log = JsonLines(tmp_path, "alerts")
    log.append([message(1)])
    room = iter([10])
    write = os.write

    def full(descriptor, data):
        if (left := next(room, None)) is None:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:left])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DiskFull):
            log.append([message(2)])

    assert [line["sequence"] for line in lines(tmp_path)] == [1]
    assert log.append([message(2)]) == 1
    assert [line["sequence"] for line in lines(tmp_path)] == [1, 2]
