"""Files of LED and pedestal runs: what is in them, whatever their format.

A run is one file or several (its parts: a detector each, or one after the other); each tower is in
one part. Two formats hold the same::

                  HDF5                                 ROOT
    header        attributes of the file               TObjString `header`, one JSON object
    towers        detector[t], towerid[t]              TTree `towers`, a row a tower
    events        waveforms[e, t, s]                   TTree `events`, branch of [t][s]
               or amplitudes[e, t]                     or of [t]
    light         light/half_sector[h], led_mask[h],   TTree `light`, a row a half-sector
    (optional)    led_width[h, 5], led_intensity[h, 5]
                  light/pindiode[r, h, 5]              TTree `pindiode`, a row a reading, of [h][5]

Header: ``format`` ("dsa-hcal-run/1"), ``run_number``, ``kind`` ("led" or "pedestal"),
``started_at`` and ``ended_at`` (ISO 8601 with offset), and optionally ``part`` (0) and
``full_scale`` (16383, the largest sample of a 14-bit digitiser). Samples are uint16 ADC counts,
amplitudes any number in ADC counts, above pedestal (LED, saturated ones at ``full_scale`` or more) or of
the pedestal. Detectors are numbered 0
OHCal, 1 IHCal, 2 EMCal, towers within them as reconstruction counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput

Kind = Literal["led", "pedestal"]
Contents = Literal["waveforms", "amplitudes"]

FORM = "dsa-hcal-run/1"
FULL_SCALE = 16383
LEDS = 5  # and as many PIN diodes, of a half-sector


class RunFileUnreadable(BadInput):
    """A file is no run file that can be read: damaged, cut short, or of another format."""


class RunFileMalformed(BadInput):
    """A run file can be read, but what is in it contradicts itself or the detector."""


@dataclass(frozen=True)
class RunHeader:
    """What a file says of its run.

    Parameters
    ----------
    part
        Which of the run's files this is, from 0.
    full_scale
        A sample this high is saturated, ADC counts.
    """

    run_number: int
    kind: Kind
    started_at: datetime
    ended_at: datetime
    part: int = 0
    full_scale: int = FULL_SCALE


@dataclass(frozen=True, eq=False)
class LightReadings:
    """Light monitoring of half-sectors as a run file holds it.

    Parameters
    ----------
    half_sector
        int[h], 0-127.
    pindiode
        float32[r, h, 5]: readings of the PIN diodes over the run, ADC counts.
    led_mask
        int[h]: LEDs that were on, bit 0 the first.
    led_width, led_intensity
        int[h, 5]: pulse width and DAC setting of each LED.
    """

    half_sector: NDArray[np.int16]
    pindiode: NDArray[np.float32]
    led_mask: NDArray[np.int16]
    led_width: NDArray[np.int16]
    led_intensity: NDArray[np.int16]


class EventSource(Protocol):
    """An opened file of either format; `errors` are those its reads raise on damaged bytes."""

    errors: tuple[type[Exception], ...]

    def header(self) -> Mapping[str, Any]:
        """Return the header's values, as stored."""

    def towers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return detector and towerid of each tower, of any integer type."""

    def shapes(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Return shape (events first) and type of those of waveforms and amplitudes that it holds."""

    def read(self, name: str, first: int, last: int) -> NDArray[Any]:
        """Return events [first, last) of waveforms or amplitudes."""

    def light(self) -> dict[str, NDArray[Any]] | None:
        """Return the light monitoring's arrays by name, None if there are none."""
