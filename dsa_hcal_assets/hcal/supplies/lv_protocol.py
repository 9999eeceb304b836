"""The low-voltage crate's protocol: commands to bytes, reply bytes to numbers.

Telnet-like as the controllers': ``$V03`` and ``$I03`` read the voltages and currents of slot 3; the
crate echoes the command without ``$``, gives one value a line with its unit (``7.001V``, ``0.014A``)
and then the prompt. A slot gives as many values as it has channels, at most 16. ``$E`` switches
channels here: it cannot be built, and is refused before the socket as is everything else that does
not read.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsa_hcal_assets.hcal.acquisition.read_commands import TERMINATOR, CommandRefused, only
from dsa_hcal_assets.hcal.acquisition.replies import PROMPT, ValuesMissing, parse_numbers

VALUES = 16
"""Most values a slot gives."""


class Quantity(enum.Enum):
    """What may be asked of a slot: label, command letter, unit, field of a `SupplyChannel`."""

    VOLTAGES = ("voltages", "V", "V", "v_meas")
    CURRENTS = ("currents", "I", "A", "i_meas")

    def __init__(self, label: str, letter: str, unit: str, field: str) -> None:
        self.label = label
        self.letter = letter
        self.unit = unit
        self.field = field


@dataclass(frozen=True)
class LvRequest:
    """One read command: which quantity of which slot; `count` values at most."""

    quantity: Quantity
    slot: int
    count: int = VALUES

    def __post_init__(self) -> None:
        if isinstance(self.slot, bool) or self.slot not in range(100):
            raise CommandRefused(f"slot {self.slot!r}", expected="0-99")

    @property
    def text(self) -> str:
        """The command without ``$``, as the crate echoes it."""
        return f"{self.quantity.letter}{self.slot:02d}"

    @property
    def wire(self) -> bytes:
        """The bytes to send."""
        return b"$" + self.text.encode("ascii") + TERMINATOR

    @property
    def units(self) -> tuple[str, ...]:
        """The unit the crate appends to its values."""
        return (self.quantity.unit,)

    def __str__(self) -> str:
        return f"{self.quantity.label} of slot {self.slot:02d}"


def requests_of(slots: Sequence[int]) -> tuple[LvRequest, ...]:
    """Return what is asked of a crate: all voltages before the currents."""
    return tuple(LvRequest(quantity, slot) for quantity in Quantity for slot in slots)


require_read_only = only(
    (request.wire for request in requests_of(range(100))), "a low-voltage crate", "$V<slot> or $I<slot>"
)
"""The gate to a crate."""


def parse_values(request: LvRequest, reply: bytes) -> tuple[list[float], ValuesMissing | None]:
    """Return the values of a complete reply by channel, and an error that names those that are no numbers.

    Raises
    ------
    WrongCount, ReplyGarbled
        If there are more values than a slot has, or a line is no number of the right unit.
    """
    lines = [line.strip() for line in re.split(rb"[\r\n]+", reply.removesuffix(PROMPT))]
    values = [line for line in lines if line and line.removeprefix(b"$") != request.text.encode("ascii")]
    return parse_numbers(replace(request, count=min(len(values), VALUES)), reply)
