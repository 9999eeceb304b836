"""Registers over text: ``$RR<address>`` asks, one number and the prompt answer.

Terminator, echo and prompt are those of the calorimeters' controllers. The number is decimal or
``0x`` and hexadecimal digits. That boards answer ``$RR`` and four hexadecimal digits is defined
here, since the protocol of the boards is not public; a board with words of its own has `command`s
in its table. A register cannot be written: no text with a value can be made from a table.
"""

import re
from dataclasses import dataclass

from dsa_hcal_assets.hcal.acquisition.read_commands import TERMINATOR, Gate, only
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, reply_lines
from dsa_hcal_assets.hcal.registers.table import Register, RegisterTable

_NUMBER = re.compile(r"0x[0-9A-Fa-f]{1,16}|-?[0-9]{1,20}")


@dataclass(frozen=True)
class TextRequest:
    """One question for one register (a `ReadCommand`)."""

    name: str
    command: str
    width: int
    count = 1
    units = ()

    @classmethod
    def of(cls, register: Register) -> "TextRequest":
        """Return the question for `register`."""
        command = register.command or f"$RR{register.address:04X}"
        return cls(register.name, command, register.width)

    @property
    def text(self) -> str:
        """The command without ``$``, as boards echo it."""
        return self.command.removeprefix("$")

    @property
    def wire(self) -> bytes:
        """The bytes to send."""
        return self.command.encode("ascii") + TERMINATOR

    def __str__(self) -> str:
        return f"register {self.name}"


def gate(table: RegisterTable) -> Gate:
    """Return what lets nothing pass but the questions for the registers of `table`."""
    allowed = [TextRequest.of(register).wire for register in table.register_]
    return only(allowed, "a board", f"a question for one of the {len(allowed)} registers of the table")


def parse_raw(request: TextRequest, reply: bytes) -> int:
    """Return the register's bits, 0 to 2**width - 1, of a complete reply.

    A negative decimal number stands for its two's complement.

    Raises
    ------
    ReplyGarbled
        If the reply is no such number, or one that does not fit into the register.
    """
    (line,) = reply_lines(request, reply)
    if not _NUMBER.fullmatch(line):
        raise ReplyGarbled(f"{request}: not a number", expected="decimal or 0x...", found=repr(line[:60]))
    number = int(line, 0) if line.startswith("0x") else int(line)
    if not -(1 << (request.width - 1)) <= number < 1 << request.width:
        raise ReplyGarbled(f"{request}: too large", expected=f"{request.width} bits", found=line)
    return number % (1 << request.width)
