"""A mirror holds another machine's messages as they were, once each, through restarts of either side."""

import shutil

import pytest

from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.streams.files import memory_directory
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer, sweep
from dsa_hcal_assets.errors import BadInput

CONFIG = StreamConfig(size=4096, segment=8192)


def message(epoch, sequence, producer="p@far"):
    payload = memoryview(f"{epoch}/{sequence}".encode() * 20)
    return Message("t", producer, epoch, sequence, 7, Kind.RAW, payload, {"n": sequence})


def kept(place, name="r"):
    reader = open_reader(place, "p@far", name)
    found = []
    while messages := reader.receive(timeout=0.2):
        found += messages
    return found, reader


def test_messages_keep_epoch_sequence_time_and_content(place):
    mirror = open_writer(place, "p@far", CONFIG, readers=["r"], epoch=0)
    sent = [message(5, n) for n in range(1, 60)]
    assert all(mirror.forward(one) for one in sent)

    found, reader = kept(place)
    assert found == sent
    assert reader.lost == 0


def test_what_is_already_here_is_left_out(place):
    mirror = open_writer(place, "p@far", CONFIG, readers=["r"], epoch=0)
    told = [mirror.forward(message(*at)) for at in [(5, 1), (5, 1), (5, 2), (4, 9), (5, 1), (5, 3)]]

    assert told == [True, False, True, False, False, True]
    assert [one.sequence for one in kept(place)[0]] == [1, 2, 3]


def test_a_hole_is_kept_and_counted(place):
    mirror = open_writer(place, "p@far", CONFIG, readers=["r"], epoch=0)
    for sequence in (1, 2, 6):
        mirror.forward(message(5, sequence))

    found, reader = kept(place)
    assert [one.sequence for one in found] == [1, 2, 6]
    assert reader.lost == 3


def test_an_origin_that_began_anew_begins_anew_here(place):
    mirror = open_writer(place, "p@far", CONFIG, readers=["r"], epoch=0)
    for at in [(5, 1), (5, 2), (8, 1), (8, 2)]:
        mirror.forward(message(*at))

    found, reader = kept(place)
    assert [(one.epoch, one.sequence) for one in found] == [(5, 1), (5, 2), (8, 1), (8, 2)]
    assert reader.lost == 0


@pytest.mark.parametrize("meanwhile", ["nothing", "sweep", "memory lost"])
def test_a_mirror_goes_on_where_it_ended(place, meanwhile):
    mirror = open_writer(place, "p@far", CONFIG, readers=["r"], epoch=0)
    for sequence in range(1, 100):
        mirror.forward(message(5, sequence))
    mirror.close()
    if meanwhile == "sweep":
        sweep(place)
    if meanwhile == "memory lost":
        shutil.rmtree(memory_directory(place), ignore_errors=True)
    mirror = open_writer(place, "p@far", CONFIG, epoch=0)
    assert (mirror.epoch, mirror.last_sequence) == (5, 99)
    for sequence in range(95, 150):
        mirror.forward(message(5, sequence))

    found, reader = kept(place)
    assert [one.sequence for one in found] == list(range(reader.lost + 1, 150))
    assert (reader.lost > 0) == (meanwhile == "memory lost" and place.shared_memory)


def test_another_producers_message_is_refused(place):
    mirror = open_writer(place, "p@far", CONFIG, epoch=0)
    with pytest.raises(BadInput, match="stranger"):
        mirror.forward(message(5, 1, "stranger"))
