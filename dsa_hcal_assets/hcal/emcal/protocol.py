"""What may be asked of an interface board: four read commands, and nothing else.

The controllers speak the protocol of the hadronic calorimeter's (`hcal.controllers.protocol`):
``$`` and letters, the number of the interface board as channel, replies of one value a line ended
by the prompt. Public programs of test beams and of the running detector show ``$T0`` with 32
temperatures, ``$I0`` with 64 currents and ``$A<board>`` with the gain. That ``$U<board>`` gives
the three voltages, as it does there, is an assumption: replace it here when the real one is known.
"""

import enum
import re
from dataclasses import dataclass

from dsa_hcal_assets.hcal.controllers.protocol import TERMINATOR, CommandRefused
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.hcal.emcal.geometry import TOWERS_PER_BOARD

TEMPERATURES = 32  # sensors of an interface board
VOLTAGES = 3  # positive low voltage, bias, negative low voltage


class Reading(enum.Enum):
    """What may be asked of a board: command letters, number of values, units it may append."""

    TEMPERATURES = ("temperatures", "T", TEMPERATURES, ("degC", "C"))
    VOLTAGES = ("voltages", "U", VOLTAGES, ("V",))
    LEAKAGE = ("leakage", "I", TOWERS_PER_BOARD, ("uA",))
    GAIN = ("gain", "A", 1, ())

    def __init__(self, label: str, letters: str, count: int, units: tuple[str, ...]) -> None:
        self.label = label
        self.letters = letters
        self.count = count
        self.units = units


@dataclass(frozen=True)
class Request:
    """One read command: which reading of which interface board of a controller."""

    reading: Reading
    channel: int

    def __post_init__(self) -> None:
        if isinstance(self.channel, bool) or self.channel not in range(CHANNELS):
            raise CommandRefused(f"interface board {self.channel!r}", expected=f"0-{CHANNELS - 1}")

    @property
    def text(self) -> str:
        """The command without ``$``, as controllers echo it."""
        return f"{self.reading.letters}{self.channel}"

    @property
    def wire(self) -> bytes:
        """The bytes to send."""
        return b"$" + self.text.encode("ascii") + TERMINATOR

    @property
    def count(self) -> int:
        """Values of a complete reply."""
        return self.reading.count

    @property
    def units(self) -> tuple[str, ...]:
        """Units a board may append to its values."""
        return self.reading.units

    def __str__(self) -> str:
        return f"{self.reading.label} of interface board {self.channel}"


_READ_ONLY = re.compile(
    rb"\$(?:%s)[0-%d]\n\r" % (b"|".join(reading.letters.encode("ascii") for reading in Reading), CHANNELS - 1)
)


def require_read_only(wire: bytes) -> bytes:
    """Return `wire` if it is exactly one of the read commands above.

    Raises
    ------
    CommandRefused
        Otherwise; nothing may be sent.
    """
    if not _READ_ONLY.fullmatch(wire):
        raise CommandRefused(
            f"{wire[:40]!r} must not be sent to an EMCal controller",
            expected="one of " + ", ".join(f"${reading.letters}<board>" for reading in Reading),
            remedy="this platform only reads; set things with the detector's own control programs",
        )
    return wire
