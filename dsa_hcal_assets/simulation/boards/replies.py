"""The bytes of a reply, healthy or with what `Faults` spoil in it."""

from collections.abc import Iterator

from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.faults import Faults

PROMPT = b">"
LINE_ENDS = {"lfcr": b"\n\r", "crlf": b"\r\n", "lf": b"\n", "cr": b"\r"}
FLOOD = 10 * 2**20  # bytes
_BLOCK = 64 * 2**10
# IAC WILL ECHO, IAC DO NAWS, IAC SB TERMINAL-TYPE SEND IAC SE
NEGOTIATION = b"\xff\xfb\x01\xff\xfd\x1f\xff\xfa\x18\x01\xff\xf0"


def reply(command: Command, output: Output, faults: Faults) -> bytes:
    """Return the whole reply to `command`, prompt included."""
    if faults.garbage:
        return b"\x9c\x00\xfe" * 20 + LINE_ENDS[faults.line_end] + b"\xe9?" + PROMPT
    lines = list(output.lines)
    if faults.extra_values < 0:
        lines = lines[: faults.extra_values]
    lines += ["0"] * faults.extra_values
    if faults.units:
        lines = [line + output.unit for line in lines]
    if faults.nan:
        lines[:1] = ["nan"]
    if faults.prompt_inside and len(lines) > 1:
        lines[1] = lines[1][:2] + ">" + lines[1][2:]
    if faults.echo:
        lines.insert(0, command.text)
    data = LINE_ENDS[faults.line_end].join(line.encode("ascii") for line in lines)
    if faults.iac:
        data = NEGOTIATION + data[:7] + NEGOTIATION + data[7:]
    return data + LINE_ENDS[faults.line_end] + PROMPT


def flood() -> Iterator[bytes]:
    """Yield a line that never ends, in blocks."""
    for _ in range(FLOOD // _BLOCK):
        yield b"7" * _BLOCK
