"""After the machine was restarted: rings are gone, what lay on disk is read first, and a new epoch begins."""

import shutil

import pytest

from dsa_hcal_assets.daq.streams import ring_file
from dsa_hcal_assets.daq.streams.files import StreamFiles, memory_directory
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer, sweep
from dsa_hcal_assets_tests.daq.streams.reading import drained, sequences, values


@pytest.fixture
def restart(monkeypatch):
    """What a restart does: memory is empty, and the boot has another id."""

    def restarted(place):
        shutil.rmtree(memory_directory(place), ignore_errors=True)
        monkeypatch.setattr(ring_file, "boot_id", lambda: b"another boot".ljust(64, b"\0"))

    return restarted


def test_what_was_spilled_is_read_before_the_new_epoch(memory_place, restart):
    config = StreamConfig(size=4096, segment=8192)
    writer = open_writer(memory_place, "p", config, readers=["r"])
    for number in range(200):
        writer.send("t", number)
    old = writer.epoch
    writer.close()
    restart(memory_place)

    writer = open_writer(memory_place, "p", config)
    writer.send("t", "after")
    assert writer.epoch > old
    reader = open_reader(memory_place, "p", "r")
    messages = [*reader.receive(150), *reader.receive(150, timeout=10)]
    assert values(messages) == [*range(reader.lost, 200), "after"]
    assert (messages[-1].epoch, messages[-1].sequence) == (writer.epoch, 1)
    # of the first messages, the ring held what came before the disk was needed
    assert 0 < reader.lost < 50


def test_a_stream_on_disk_is_whole_and_goes_on_in_a_new_epoch(memory_place, restart):
    config = StreamConfig(keep="disk", segment=8192)
    writer = open_writer(memory_place, "p", config, readers=["r"])
    for number in range(200):
        writer.send("t", number)
    reader = open_reader(memory_place, "p", "r")
    reader.acknowledge(writer.epoch, reader.receive(50)[-1].sequence)
    reader.close()
    writer.close()
    restart(memory_place)
    writer = open_writer(memory_place, "p", config)
    writer.send("t", "after")

    reader = open_reader(memory_place, "p", "r")
    assert values(reader.receive(150)) == list(range(50, 200))
    assert values(reader.receive(timeout=10)) == ["after"]
    assert reader.lost == 0


def test_what_a_power_cut_took_is_counted_and_the_rest_is_read(memory_place, restart):
    config = StreamConfig(keep="disk", segment=4096)
    writer = open_writer(memory_place, "p", config, readers=["r"])
    for _ in range(100):
        writer.send("t", "x" * 300)
    epoch = writer.epoch
    writer.close()
    segments = sorted(StreamFiles.of(memory_place, "p").epoch_directory(epoch).glob("*.segment"))
    with segments[1].open("r+b") as file:
        file.seek(2000)
        file.write(bytes(500))
    restart(memory_place)

    reader = open_reader(memory_place, "p", "r")
    got = sequences(reader.receive(1000))
    first_of_third = int(segments[2].stem)
    assert got[-1] == 100
    assert set(range(first_of_third, 101)) <= set(got)
    assert reader.lost == 100 - len(got) > 0


def test_swept_rings_are_read_after_a_restart_too(memory_place, restart):
    writer = open_writer(memory_place, "p", StreamConfig(size=8192), readers=["r"])
    for number in range(300):
        writer.send("t", number)
    writer.close()
    sweep(memory_place)
    restart(memory_place)

    assert drained(open_reader(memory_place, "p", "r")) == [(n + 1, n) for n in range(300)]


def test_what_everybody_had_leaves_no_file(memory_place):
    config = StreamConfig(size=4096, segment=4096)
    writer = open_writer(memory_place, "p", config, readers=["r"])
    for number in range(100):
        writer.send("t", number)
    writer.close()
    reader = open_reader(memory_place, "p", "r")
    drained(reader)
    reader.close()
    sweep(memory_place)

    assert StreamFiles.of(memory_place, "p").epochs() == []
