"""What one acquisition cycle saw of the electromagnetic calorimeter, in the boards' own order.

A value that was not read is NaN and the reason is in `errors`; a controller that did not answer
still has its boards here, so a snapshot always covers everything that was to be polled.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.controllers.readings import Gain, Record, Status, checked
from dsa_hcal_assets.hcal.emcal.controllers import CHANNELS
from dsa_hcal_assets.hcal.emcal.geometry import TOWERS_PER_BOARD
from dsa_hcal_assets.hcal.emcal.protocol import TEMPERATURES, VOLTAGES
from dsa_hcal_assets.hcal.snapshots.cycle import AcquisitionCycle, require_each_once

Values = NDArray[np.float32]
WIDTHS = {"temperature": TEMPERATURES, "leakage": TOWERS_PER_BOARD, "voltage": VOLTAGES}
"""Values of one interface board, by the field of a reading."""


@dataclass(frozen=True)
class InterfaceBoard:
    """State of one interface board in one cycle.

    Parameters
    ----------
    board
        Name: the controller's id and the channel, ``S08/3``.
    status
        "ok": everything read; "partial": some readings failed; "down": none succeeded.
    errors
        For each reading that failed the typed error as a flat record.
    """

    board: str
    status: Status
    errors: Mapping[str, Record]

    @property
    def error(self) -> Record | None:
        """The first of the errors."""
        return next(iter(self.errors.values()), None)


@dataclass(frozen=True, eq=False)
class ControllerReading:
    """State of the interface boards of one controller in one cycle.

    Parameters
    ----------
    controller
        The controller's id in the configuration.
    channels
        Numbers of the interface boards that were asked for, ascending; axis 0 of all arrays.
    sampled_at
        Aware UTC time at which the first of them was asked, None when it was not reached.
    temperature
        deg C, float32[boards, 32], in the order of the replies (board_layout.py tells towers).
    leakage
        Leakage currents as the board reports them, float32[boards, 64].
    voltage
        Positive low voltage, bias, negative low voltage in V, float32[boards, 3].
    gain
        Pre-amplifier gain of each board, None where unread.
    errors
        By channel: for each reading that failed (`temperatures`, `voltages`, `leakage`, `gain`) the
        typed error as a flat record.
    """

    controller: str
    channels: tuple[int, ...]
    sampled_at: datetime | None
    temperature: Values
    leakage: Values
    voltage: Values
    gain: tuple[Gain | None, ...]
    errors: Mapping[int, Mapping[str, Record]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if list(self.channels) != sorted(set(self.channels) & set(range(CHANNELS))) or not self.channels:
            raise ValueError(f"channels {self.channels}: numbers 0-{CHANNELS - 1}, each once, in order")
        if self.sampled_at is not None:
            object.__setattr__(self, "sampled_at", require_utc(self.sampled_at))
        if len(self.gain) != len(self.channels) or not set(self.gain) <= {"normal", "high", None}:
            raise ValueError(f"gain {self.gain}: normal, high or None for each channel")
        if not set(self.errors) <= set(self.channels):
            raise ValueError(f"errors of channels {sorted(self.errors)}: only of {self.channels}")
        for name, width in WIDTHS.items():
            values = checked(name, getattr(self, name), (len(self.channels), width))
            object.__setattr__(self, name, values)

    def __eq__(self, other: object) -> bool:
        """Compare by value; NaN equals NaN, since both mean 'not read'."""
        if not isinstance(other, ControllerReading):
            return NotImplemented
        mine = (self.controller, self.channels, self.sampled_at, self.gain, self.errors)
        theirs = (other.controller, other.channels, other.sampled_at, other.gain, other.errors)
        return mine == theirs and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True) for name in WIDTHS
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays and dicts

    def boards(self) -> Iterator[InterfaceBoard]:
        """Yield the state of each interface board, in the order of `channels`."""
        read = np.column_stack([np.isfinite(getattr(self, name)).any(axis=1) for name in WIDTHS])
        for index, channel in enumerate(self.channels):
            errors = self.errors.get(channel, {})
            status: Status = "ok"
            if errors:
                status = "partial" if read[index].any() or self.gain[index] is not None else "down"
            yield InterfaceBoard(f"{self.controller}/{channel}", status, errors)


@dataclass(frozen=True, eq=False)
class EmcalSnapshot(AcquisitionCycle):
    """Everything one acquisition cycle read: one reading a configured controller, each id once."""

    controllers: tuple[ControllerReading, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_each_once("controllers", [one.controller for one in self.controllers])

    def boards(self) -> list[InterfaceBoard]:
        """Return the state of all interface boards."""
        return [board for controller in self.controllers for board in controller.boards()]
