"""What one acquisition cycle saw: snapshot, board, channel (half-sector).

A value that was not read is NaN and the reason is in `errors`; a board that did not answer still
has its eight channels here, so a snapshot always covers every configured board.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.snapshots.cycle import AcquisitionCycle, require_each_once

CHANNELS = 8  # half-sectors of one controller
TOWERS = 24  # towers of one half-sector
LEDS = 5  # LEDs, and PIN diodes that watch them, of one half-sector

Status = Literal["ok", "partial", "down"]
Gain = Literal["normal", "high"]
Record = Mapping[str, str | bool | None]  # PlatformError.as_record()
Towers = NDArray[np.float32]
Leds = NDArray[np.float32]


def unread() -> Towers:
    """Return the 24 values of a half-sector of which nothing was read: all NaN, float32."""
    return np.full(TOWERS, np.nan, dtype=np.float32)


def checked(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return values of one or many channels as float32[shape], which nobody can change.

    An array, or a part of one, that this returned before is given back as it is.

    Raises
    ------
    ValueError
        If they are not of that shape, or one is infinite.
    """
    if isinstance(values, np.ndarray) and _is_checked(values, shape):
        return values
    with np.errstate(over="ignore"):
        array = np.array(values, dtype=np.float32)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}: {shape} is required")
    if np.isinf(array).any():
        raise ValueError(f"{name} has infinite values")
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class ChannelReading:
    """State of one half-sector.

    Parameters
    ----------
    channel
        Number on the board, 0-7.
    temperature
        SiPM temperatures in deg C, float32[24], NaN where unread.
    leakage
        Leakage currents as the board reports them (meaningful with bias on), float32[24].
    offset
        Bias offsets as set, DAC/mV units, signed, float32[24].
    bias, lv_positive, lv_negative
        Bias voltage and low voltages in V, NaN where unread.
    gain
        Pre-amplifier gain mode, None where unread.
    led_intensity
        Intensities the LEDs are set to, DAC units, float32[5], NaN where unread; None: not asked for
        in this cycle.
    pin_diode
        PIN diodes that watch the LEDs, ADC counts, float32[5]; NaN and None likewise.
    dac
        DAC settings, float32[24]; NaN and None likewise.
    errors
        For each reading that failed (the labels of `protocol.Reading`: `temperatures`, `leakage`, ...)
        the typed error as a flat record.
    """

    channel: int
    temperature: Towers = field(default_factory=unread)
    leakage: Towers = field(default_factory=unread)
    offset: Towers = field(default_factory=unread)
    bias: float = math.nan
    lv_positive: float = math.nan
    lv_negative: float = math.nan
    gain: Gain | None = None
    errors: Mapping[str, Record] = field(default_factory=dict)
    led_intensity: Leds | None = None
    pin_diode: Leds | None = None
    dac: Towers | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.channel < CHANNELS:
            raise ValueError(f"channel {self.channel}: a board has channels 0-{CHANNELS - 1}")
        if self.gain not in ("normal", "high", None):
            raise ValueError(f"gain mode {self.gain!r}: normal, high or None")
        for name in ("temperature", "leakage", "offset"):
            object.__setattr__(self, name, checked(name, getattr(self, name), (TOWERS,)))
        for name, count in _NOW_AND_THEN.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name), (count,)))
        for name in ("bias", "lv_positive", "lv_negative"):
            object.__setattr__(self, name, _voltage(name, getattr(self, name)))

    def __eq__(self, other: object) -> bool:
        """Compare by value; NaN equals NaN, since both mean 'not read'."""
        if not isinstance(other, ChannelReading):
            return NotImplemented
        if (self.channel, self.gain, self.errors) != (other.channel, other.gain, other.errors):
            return False
        pairs = ((getattr(self, name), getattr(other, name)) for name in _COMPARED)
        return all(_same(mine, theirs) for mine, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]  # holds arrays and dicts


_NOW_AND_THEN = {"led_intensity": LEDS, "pin_diode": LEDS, "dac": TOWERS}
_COMPARED = ("temperature", "leakage", "offset", "bias", "lv_positive", "lv_negative", *_NOW_AND_THEN)


@dataclass(frozen=True)
class BoardReading:
    """State of one controller (8 half-sectors) in one cycle.

    Parameters
    ----------
    board
        The board's id in the boards configuration ("80" ... "97").
    status
        "ok": everything read; "partial": some readings failed; "down": none succeeded.
    sampled_at
        Aware UTC time at which this board's first reading of the cycle was asked for, None when the
        board was not reached.
    error
        Why the board is not "ok", as a flat record (`PlatformError.as_record`); the single failed
        readings are in the channels' `errors`.
    channels
        The channels, by number.
    """

    board: str
    status: Status
    sampled_at: datetime | None
    error: Record | None
    channels: tuple[ChannelReading, ...]

    def __post_init__(self) -> None:
        if self.status not in ("ok", "partial", "down"):
            raise ValueError(f"status {self.status!r}: ok, partial or down")
        if self.sampled_at is not None:
            object.__setattr__(self, "sampled_at", require_utc(self.sampled_at))
        numbers = [channel.channel for channel in self.channels]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"channels {numbers} of board {self.board}: each once, in order")


@dataclass(frozen=True)
class Snapshot(AcquisitionCycle):
    """Everything one acquisition cycle read.

    Parameters
    ----------
    boards
        One reading a configured board, each id once.
    """

    boards: tuple[BoardReading, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_each_once("boards", [board.board for board in self.boards])


def _is_checked(values: NDArray[np.generic], shape: tuple[int, ...]) -> bool:
    return not values.flags.writeable and values.shape == shape and values.dtype == np.float32


def _same(mine: ArrayLike | None, theirs: ArrayLike | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return np.array_equal(mine, theirs, equal_nan=True)


def _voltage(name: str, value: float) -> float:
    if math.isinf(value):
        raise ValueError(f"{name} is infinite")
    return float(value)
