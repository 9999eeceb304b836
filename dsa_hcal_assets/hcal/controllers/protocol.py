"""What may be asked of the half-sector controllers.

Only the readings of `Reading` can be asked for. Setting commands, and read-outs known to disturb
the detector ($E everything, $P test-pulse mask), cannot be built here and are refused by
`require_read_only` on the one path that leads to a socket. Replies are those of
`acquisition.replies`.
"""

from dsa_hcal_assets.hcal.acquisition.read_commands import ChannelCommand, ReadCommand, ReadingKind, only
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, reply_lines, shown
from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, LEDS, TOWERS, Gain


class Reading(ReadingKind):
    """What may be asked of a channel: command letters, number of values, units a board may append."""

    TEMPERATURES = ("temperatures", "T", TOWERS, ("degC", "C"))
    VOLTAGES = ("voltages", "U", 3, ("V",))
    LEAKAGE = ("leakage", "I", TOWERS, ("uA",))
    OFFSETS = ("offsets", "GR", TOWERS, ("mV",))
    GAIN = ("gain", "A", 1, ())
    LED_INTENSITIES = ("led_intensities", "LR", LEDS, ())
    PIN_DIODES = ("pin_diodes", "LA", LEDS, ())
    DAC = ("dac", "D", TOWERS, ())


EVERY_CYCLE = (Reading.TEMPERATURES, Reading.VOLTAGES, Reading.LEAKAGE, Reading.OFFSETS, Reading.GAIN)
"""What every snapshot has; the other readings are asked for now and then."""


class Request(ChannelCommand[Reading]):
    """One read command: which reading of which half-sector of a board."""

    noun = "channel"
    channels = CHANNELS


require_read_only = only(
    (Request(reading, channel).wire for reading in Reading for channel in range(CHANNELS)),
    "a board",
    "one of " + ", ".join(f"${reading.letters}<channel>" for reading in Reading),
)
"""The gate to a controller."""


def parse_gain(request: ReadCommand, reply: bytes) -> Gain:
    """Return the gain mode of a complete reply (``High``, ``Norm``, or their first letters).

    Raises
    ------
    WrongCount, ReplyGarbled
        If the reply is not one of these.
    """
    (word,) = reply_lines(request, reply)
    match word.lower():
        case "h" | "high":
            return "high"
        case "n" | "norm" | "normal":
            return "normal"
    raise ReplyGarbled(f"{request}: unknown gain mode", expected="High or Norm", found=shown(word.encode()))
