"""Replies as boards and terminal programs gave them, byte for byte, and what each of them means.

The values are the same in all variants of a command: a variant is a way of saying it.
"""

import pytest

from dsa_hcal_assets.hcal.acquisition.replies import ReplyBuffer, ReplyGarbled, WrongCount, parse_numbers
from dsa_hcal_assets.hcal.controllers.protocol import Reading, Request, parse_gain

LEAKAGE = [0.014, 1.203, 0.98, 2.5, 0.0, 0.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]
LEAKAGE += [1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 2.3, 2.4, 2.45, 2.6, 2.7, 2.8]
OFFSETS = [-150, 0, 1270, -2000, -300, -301, -302, -303, -304, -305, -306, -307]
OFFSETS += [-308, -309, -310, -311, -312, -313, -314, -315, -316, -317, -318, 12]


def listed(values, *, end="\n\r", form="{}", before="", after=None, prompt=">"):
    return (
        before + end.join(form.format(one) for one in values) + (end if after is None else after) + prompt
    ).encode()


U = Request(Reading.VOLTAGES, 3)
I = Request(Reading.LEAKAGE, 3)  # noqa: E741 - as the command is called
GR = Request(Reading.OFFSETS, 3)
A = Request(Reading.GAIN, 3)
LR = Request(Reading.LED_INTENSITIES, 3)
LA = Request(Reading.PIN_DIODES, 3)

VOLTAGES = [
    b"6.4\n\r-64.945\n\r-6.59\n\r>",  # as boards send it
    b"6.4\r\n-64.945\r\n-6.59\r\n>",  # through a terminal server that corrects line ends
    b"6.4\n-64.945\n-6.59\n>",
    b"6.4\r-64.945\r-6.59\r>",
    b"U3\n\r6.4\n\r-64.945\n\r-6.59\n\r>",  # echo without the dollar, as the crates give it
    b"$U3\n\r6.4\n\r-64.945\n\r-6.59\n\r>",  # echo of a terminal
    b"\n\r\n\r6.4\n\r-64.945\n\r-6.59\n\r>",  # blank lines left from before
    b"U3\n\r\n\r6.4\n\r\n\r-64.945\n\r\n\r-6.59\n\r\n\r>",  # blank lines between
    b"6.400V\n\r-64.945V\n\r-6.590V\n\r>",  # with units
    b"U3\n\r6.400 V\n\r-64.945 V\n\r-6.590 V\n\r>",
    b"+6.4\n\r-64.945\n\r-6.59\n\r>",
    b"  6.4\n\r  -64.945\n\r  -6.59\n\r>",  # columns
    b"6.4 \n\r-64.945 \n\r-6.59 \n\r> ",  # blanks at the ends of lines
    b"6.4\n\r-64.945\n\r-6.59>",  # prompt behind the last value
    b"6.4\n\r-64.945\n\r-6.59\n\r>\n\r",
    b"6.400000e+00\n\r-6.4945e1\n\r-6.59E0\n\r>",
]
LISTS = [
    (I, LEAKAGE, listed(LEAKAGE)),
    (I, LEAKAGE, listed(LEAKAGE, form="{:.3f}")),
    (I, LEAKAGE, listed(LEAKAGE, form="{:.3f}uA", before="I3\n\r")),
    (I, LEAKAGE, listed(LEAKAGE, end="\r\n", before="\r\n$I3\r\n")),
    (I, LEAKAGE, listed(LEAKAGE, after="")),
    (GR, OFFSETS, listed(OFFSETS)),
    (GR, OFFSETS, listed(OFFSETS, form="{:+05d}")),
    (GR, OFFSETS, listed(OFFSETS, form="{} mV", before="GR3\n\r")),
    (GR, OFFSETS, listed(OFFSETS, form="{:.1f}", end="\n")),
    (GR, OFFSETS, listed(OFFSETS, end="\n\r\n\r")),
    (LR, [1900, 2100, 2300, 2500, 3200], b"1900\n\r2100\n\r2300\n\r2500\n\r3200\n\r>"),
    (LR, [1900, 2100, 2300, 2500, 3200], b"LR3\r\n1900\r\n2100\r\n2300\r\n2500\r\n3200\r\n>"),
    (LA, [0, 0, 70, 0, 0], b"0\n\r0\n\r70\n\r0\n\r0\n\r>"),
    (LA, [0, 0, 70, 0, 0], b"$LA3\n\r\n\r0\n\r0\n\r70\n\r0\n\r0>"),
]
GAINS = [
    (b"High\n\r>", "high"),
    (b"HIGH>", "high"),
    (b"A3\n\rHigh\n\r>", "high"),
    (b"$A3\r\nh\r\n>", "high"),
    (b"Norm\n\r>", "normal"),
    (b"\n\r\n\rNorm \n\r>", "normal"),
    (b"A3\n\rn\n\r>", "normal"),
    (b"Normal\r>", "normal"),
]
UNUSABLE = [
    (U, b"6.4\n\r-64.945\n\r>", WrongCount),  # the next command came too early
    (U, b"6.4\n\r-64.945\n\r-6.59\n\r0.01\n\r>", WrongCount),
    (U, b">", WrongCount),
    (U, b"U4\n\r6.4\n\r-64.945\n\r-6.59\n\r>", ReplyGarbled),  # the echo of another channel's question
    (U, b"6.4\n\r-64>.945\n\r-6.59\n\r>", ReplyGarbled),
    (U, b"6.4\n\r-64,945\n\r-6.59\n\r>", ReplyGarbled),
    (U, b"6.4\n\r-6\xb74.945\n\r-6.59\n\r>", ReplyGarbled),
    (U, b"6400mV\n\r-64.945V\n\r-6.59V\n\r>", ReplyGarbled),
    (LA, b"1900\n\r2100\n\r2300\n\r2500\n\r>", WrongCount),
    (A, b"?\n\r>", ReplyGarbled),
]


def heard(request, recording, size):
    """Return the reply as the acquisition collects it, `size` bytes at a time."""
    buffer = ReplyBuffer(request)
    for start in range(0, len(recording), size):
        if not buffer.complete:
            buffer.feed(recording[start : start + size])
    assert buffer.complete or buffer.perhaps_complete
    return buffer.reply


@pytest.mark.parametrize("size", [1, 7, 4096])
class TestRecordedReplies:
    @pytest.mark.parametrize("recording", VOLTAGES)
    def test_voltages(self, recording, size):
        values, missing = parse_numbers(U, heard(U, recording, size))
        assert values == pytest.approx([6.4, -64.945, -6.59])
        assert missing is None

    @pytest.mark.parametrize(("request_", "values", "recording"), LISTS)
    def test_lists(self, request_, values, recording, size):
        found, missing = parse_numbers(request_, heard(request_, recording, size))
        assert found == pytest.approx(values, abs=1e-9)
        assert missing is None

    @pytest.mark.parametrize(("recording", "mode"), GAINS)
    def test_gain_modes(self, recording, mode, size):
        assert parse_gain(A, heard(A, recording, size)) == mode

    @pytest.mark.parametrize(("request_", "recording", "error"), UNUSABLE)
    def test_what_cannot_be_trusted_is_refused(self, request_, recording, error, size):
        parse = parse_gain if request_ is A else parse_numbers
        with pytest.raises(error):
            parse(request_, heard(request_, recording, size))
