"""The state of one simulated controller and what each command does to it.

Faithful in its faults too: reading the test-pulse mask clears channel 7's, `$E` disturbs a setting,
a power cut leaves arbitrary offsets and high gain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.history import History, PowerCut, arbitrary_offsets
from dsa_hcal_assets.simulation.boards.physics import CHANNELS, LEDS, TOWERS, ChannelTruth, Values, pin_diodes

_UNITS = {"T": "C", "I": "uA", "U": "V"}
_HELP = ("T U I GR GS A P LA LR LS LM D E H",)


@dataclass(frozen=True)
class Output:
    """The lines a command gives and the unit a board may append to them."""

    lines: tuple[str, ...]
    unit: str = ""


class SimulatedBoard:
    """One controller: 8 half-sectors, their settings and sensors.

    Parameters
    ----------
    id
        "80" ... "97".
    seed
        Of the detector behind it.
    now
        The time the sensors are read at.
    history
        What happens to the detector; by default nothing.
    """

    def __init__(
        self,
        id: str,
        seed: int = 0,
        *,
        now: Callable[[], datetime] = utc_now,
        history: History | None = None,
    ) -> None:
        self.id = id
        self._history = History(seed) if history is None else history
        self._seed = self._history.seed
        self._now = now
        self._last_cut: PowerCut | None = None
        self._power_cuts = 0
        self.offsets = self._history.offsets(id, None)
        self.high_gain = [False] * CHANNELS
        self.pulse_masks = ["000000"] * CHANNELS
        self.led_masks = ["0000"] * CHANNELS
        self.led_dacs = [
            [int(dac) for dac in self._history.truth(id, channel, now()).led_intensity]
            for channel in range(CHANNELS)
        ]
        self.commands: list[str] = []  # everything ever asked, for tests of what a client sends

    def truth(self, channel: int, moment: datetime | None = None) -> ChannelTruth:
        """Return what the channel's sensors show at `moment` (default: now), offsets as now set."""
        moment = self._now() if moment is None else moment
        return self._history.truth(self.id, channel, moment, self.offsets[channel])

    def _live_on(self) -> bool:
        """Go through what happened to the board until now; return whether it has power."""
        now = self._now()
        cut = self._history.last_cut(self.id, now)
        if cut != self._last_cut:
            self._last_cut = cut
            self.offsets = self._history.offsets(self.id, cut)
            self._lose_settings(high_gain=cut is not None)
        return cut is None or now >= cut.ended

    def power_cut(self) -> None:
        """Lose power and come back: gain high, offsets arbitrary, LEDs and masks off."""
        self._power_cuts += 1
        self.offsets = arbitrary_offsets(self._seed, self.id, self._power_cuts)
        self._lose_settings(high_gain=True)

    def _lose_settings(self, *, high_gain: bool) -> None:
        self.high_gain = [high_gain] * CHANNELS
        self.pulse_masks = ["000000"] * CHANNELS
        self.led_masks = ["0000"] * CHANNELS

    def execute(self, command: Command) -> Output | None:
        """Do what `command` says; return its output, None for commands that give none (and no prompt).

        Without power there is no output either, and nothing is done.
        """
        if not self._live_on():
            return None
        self.commands.append(command.text)
        channel = command.channel
        match command.letters, command.fields:
            case "T", ():
                return _values("T", self.truth(channel).temperature, "{:.2f}")
            case "I", ():
                return _values("I", self.truth(channel).leakage, "{:.3f}")
            case "U", ():
                sensors = self.truth(channel)
                return _values("U", (sensors.lv_positive, sensors.bias, sensors.lv_negative), "{:.3f}")
            case "GR", ():
                return _values("GR", self.offsets[channel], "{:.0f}")
            case "A", ():
                return Output(("High" if self.high_gain[channel] else "Norm",))
            case "LA", ():
                return _values("LA", self.pin_diodes(channel), "{:.0f}")
            case "LR", ():
                return _values("LR", self.led_dacs[channel], "{:d}")
            case "D", ():
                return _values("D", self.offsets[channel] + 2048, "{:.0f}")
            case "P", ():
                mask = self.pulse_masks[channel]
                self.pulse_masks[7] = "000000"  # the firmware's known fault
                return Output((mask,))
            case "H", _:
                return Output(_HELP)
            case "E", _:
                return self._everything()
            case _:
                self._set(command)
                return None

    def _set(self, command: Command) -> None:
        channel, fields = command.channel, command.fields
        match command.letters, fields:
            case "GS", (tower, offset) if int(tower) < TOWERS:
                self.offsets[channel, int(tower)] = int(offset)
            case "A", (mode,):
                self.high_gain[channel] = mode == "h"
            case "P", (mask,):
                self.pulse_masks[channel] = mask
            case "LS", (led, dac) if int(led) < LEDS:
                self.led_dacs[channel][int(led)] = int(dac)
            case "LM", (mask,):
                self.led_masks[channel] = mask

    def pin_diodes(self, channel: int) -> Values:
        """Return what the channel's PIN diodes show now, ADC counts, float64[5]."""
        mask = int(self.led_masks[channel], 16)
        flashing = [bool(mask >> led & 1) for led in range(LEDS)]
        intensity = np.array(self.led_dacs[channel], dtype=np.float64)
        return pin_diodes(self._seed, self.id, channel, self._now(), intensity, flashing)

    def _everything(self) -> Output:
        lines: list[str] = []
        for channel in range(CHANNELS):
            lines += _values("T", self.truth(channel).temperature, "{:.2f}").lines
        self.offsets[0, 0] = 0  # known to disturb settings
        return Output(tuple(lines))


def _values(letters: str, values: object, form: str) -> Output:
    return Output(tuple(form.format(value) for value in values), _UNITS.get(letters, ""))  # type: ignore[attr-defined]
