"""Telnet commands are taken out of the stream however it is cut, and every offer is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.acquisition.telnet import TelnetFilter


@pytest.mark.parametrize(
    ("received", "data", "answer"),
    [
        (b"21.4\n\r>", b"21.4\n\r>", b""),
        (b"\xff\xfb\x01x", b"x", b"\xff\xfe\x01"),  # WILL ECHO -> DONT ECHO
        (b"\xff\xfd\x1fx", b"x", b"\xff\xfc\x1f"),  # DO NAWS -> WONT NAWS
        (b"\xff\xfc\x01\xff\xfe\x01x", b"x", b""),  # WONT, DONT: nothing to refuse
        (b"a\xff\xffb", b"a\xffb", b""),  # escaped 255
        (b"a\xff\xfa\x18\x01>\xff\xffz\xff\xf0b", b"ab", b""),  # subnegotiation, prompt inside
        (b"a\xff\xf1b", b"ab", b""),  # NOP
    ],
)
def test_each_telnet_form(received, data, answer):
    assert TelnetFilter().feed(received) == (data, answer)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_a_cut_anywhere_changes_nothing(stream, cut):
    whole = TelnetFilter().feed(stream)
    pieces = TelnetFilter()
    first, second = pieces.feed(stream[:cut]), pieces.feed(stream[cut:])
    assert (first[0] + second[0], first[1] + second[1]) == whole


@given(st.binary(max_size=200).filter(lambda data: b"\xff" not in data))
def test_a_stream_without_telnet_passes_unchanged(stream):
    assert TelnetFilter().feed(stream) == (stream, b"")
