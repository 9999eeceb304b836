"""A frame gives back what it was made of, and says so when it is damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.messages.frame import HEADER, FrameDamaged, NameTooLong, frame_length, pack, unpack
from dsa_hcal_assets.daq.messages.message import Kind, Message

NUMBERS = st.integers(0, 2**64 - 1)
MESSAGES = st.builds(
    Message,
    topic=st.text(max_size=40),
    producer=st.text(max_size=40),
    epoch=NUMBERS,
    sequence=NUMBERS,
    time_ns=st.integers(-(2**63), 2**63 - 1),
    kind=st.sampled_from(Kind),
    payload=st.binary(max_size=300).map(memoryview),
    attributes=st.dictionaries(
        st.text(max_size=8), st.text(max_size=8) | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
        max_size=3,
    ),
)  # fmt: skip


@given(MESSAGES, st.binary(max_size=70))
def test_a_message_survives_the_round_trip_whatever_follows_it(message, after):
    frame = memoryview(pack(message) + after)

    assert unpack(frame, "the test") == message
    assert frame_length(frame) == len(frame) - len(after)


@given(MESSAGES, st.data())
def test_any_changed_byte_is_noticed(message, data):
    frame = bytearray(pack(message))
    # the reserved end of the header carries nothing, and neither does the padding before the payload
    names = range(HEADER.size, HEADER.size + len((message.topic + message.producer).encode()))
    used = [*range(56), *names, *range(len(frame) - len(message.payload), len(frame))]
    frame[data.draw(st.sampled_from(used))] ^= data.draw(st.integers(1, 255))

    with pytest.raises(FrameDamaged):
        unpack(memoryview(bytes(frame)), "the test")


@given(MESSAGES, st.data())
def test_a_frame_cut_anywhere_is_noticed(message, data):
    frame = pack(message)

    with pytest.raises(FrameDamaged, match="bytes"):
        unpack(memoryview(frame[: data.draw(st.integers(0, len(frame) - 1))]), "the test")


def test_a_payload_is_a_view_and_cannot_be_written():
    message = unpack(memoryview(pack(Message("t", "p", 1, 1, 0, Kind.RAW, memoryview(b"abc")))), "the test")

    assert message.payload.readonly


def test_a_topic_that_no_header_can_hold_is_refused():
    with pytest.raises(NameTooLong, match="65535"):
        pack(Message("t" * 70_000, "p", 1, 1, 0, Kind.RAW, memoryview(b"")))
