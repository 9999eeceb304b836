"""Bytes that are not what was sent are never delivered: they are left out, logged and counted."""

import pytest

from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.mapping import PAGE
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer
from dsa_hcal_assets_tests.daq.streams.reading import sequences

LENGTH = 1024
FRAME = 128 + LENGTH


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


@pytest.fixture
def stream(place):
    """Ten messages; the file they lie in and where the first begins."""
    writer = open_writer(place, "p", StreamConfig(policy="block", size=1 << 20, segment=65536), readers=["r"])
    for _ in range(10):
        writer.send("t", bytes(LENGTH))
    files = StreamFiles.of(place, "p")
    if place.shared_memory:
        return writer, files.ring_in_memory(writer.epoch), PAGE
    (segment,) = files.epoch_directory(writer.epoch).glob("*.segment")
    return writer, segment, 0


def test_a_damaged_payload_is_left_out_alone(place, stream, caplog):
    _, path, begin = stream
    flip(path, begin + 4 * FRAME + 128 + 500)
    reader = open_reader(place, "p", "r")

    assert sequences(reader.receive()) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert reader.lost == 1
    assert "message 5" in caplog.text


def test_after_a_damaged_header_the_stream_goes_on_with_what_comes(place, stream):
    writer, path, begin = stream
    flip(path, begin + 4 * FRAME + 24)
    reader = open_reader(place, "p", "r")
    assert sequences(reader.receive()) == [1, 2, 3, 4]
    writer.close()
    writer = open_writer(place, "p", StreamConfig(policy="block", size=1 << 20, segment=65536))
    sequence = writer.send("t", b"next")

    assert sequences(reader.receive()) == [sequence]
    assert reader.lost == sequence - 5
