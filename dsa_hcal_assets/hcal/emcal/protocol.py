"""What may be asked of an interface board: four read commands, and nothing else.

The controllers speak the protocol of the hadronic calorimeter's (`hcal.controllers.protocol`):
``$`` and letters, the number of the interface board as channel, replies of one value a line ended
by the prompt. Public programs of test beams and of the running detector show ``$T0`` with 32
temperatures, ``$I0`` with 64 currents and ``$A<board>`` with the gain. That ``$U<board>`` gives
the three voltages, as it does there, is an assumption: replace it here when the real one is known.
"""

from dsa_hcal_assets.hcal.acquisition.read_commands import ChannelCommand, ReadingKind, only
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.hcal.emcal.geometry import TOWERS_PER_BOARD

TEMPERATURES = 32  # sensors of an interface board
VOLTAGES = 3  # positive low voltage, bias, negative low voltage


class Reading(ReadingKind):
    """What may be asked of a board: command letters, number of values, units it may append."""

    TEMPERATURES = ("temperatures", "T", TEMPERATURES, ("degC", "C"))
    VOLTAGES = ("voltages", "U", VOLTAGES, ("V",))
    LEAKAGE = ("leakage", "I", TOWERS_PER_BOARD, ("uA",))
    GAIN = ("gain", "A", 1, ())


class Request(ChannelCommand[Reading]):
    """One read command: which reading of which interface board of a controller."""

    noun = "interface board"
    channels = CHANNELS


require_read_only = only(
    (Request(reading, board).wire for reading in Reading for board in range(CHANNELS)),
    "an EMCal controller",
    "one of " + ", ".join(f"${reading.letters}<board>" for reading in Reading),
)
"""The gate to a controller."""
