"""The state of one simulated controller of six interface boards, and what commands do to it."""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.emcal.physics import BoardTruth, truth


class SimulatedController:
    """One controller: a sector's interface boards, their gain and sensors.

    Parameters
    ----------
    sector
        0-63.
    seed
        Of the detector behind it.
    now
        The time the sensors are read at.
    """

    def __init__(self, sector: int, seed: int = 0, *, now: Callable[[], datetime] = utc_now) -> None:
        self.sector = sector
        self._seed = seed
        self._now = now
        self.high_gain = [False] * CHANNELS
        self.biased = [True] * CHANNELS
        self.commands: list[str] = []  # everything ever asked, for tests of what a client sends

    def truth(self, channel: int, moment: datetime | None = None) -> BoardTruth:
        """Return what the sensors of an interface board show at `moment` (default: now), bias on."""
        return truth(self._seed, self.sector, channel, self._now() if moment is None else moment)

    def power_cut(self) -> None:
        """Lose power and come back: gain high, bias off."""
        self.high_gain = [True] * CHANNELS
        self.biased = [False] * CHANNELS

    def execute(self, command: Command) -> Output | None:
        """Do what `command` says; return its output, None for commands that give none (and no prompt)."""
        self.commands.append(command.text)
        channel = command.channel
        if channel >= CHANNELS:
            return None
        match command.letters, command.fields:
            case "T", ():
                sensors = self.truth(channel)
                return _lines(np.column_stack([sensors.sipm, sensors.preamp]).ravel().tolist(), 2, "C")
            case "I", ():
                on = float(self.biased[channel])
                return _lines((self.truth(channel).leakage * on).tolist(), 3, "uA")
            case "U", ():
                sensors = self.truth(channel)
                bias = sensors.bias if self.biased[channel] else 0.0
                return _lines([sensors.lv_positive, bias, sensors.lv_negative], 3, "V")
            case "A", ():
                return Output(("High" if self.high_gain[channel] else "Norm",))
            case "A", (mode,):
                self.high_gain[channel] = mode == "h"
        return None


def _lines(values: Sequence[float], decimals: int, unit: str) -> Output:
    return Output(tuple(f"{value:.{decimals}f}" for value in values), unit)
