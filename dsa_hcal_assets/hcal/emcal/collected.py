"""What has been read of one controller's interface boards so far, and why the rest has not."""

from collections.abc import Sequence

import numpy as np

from dsa_hcal_assets.hcal.acquisition.collecting import Collecting
from dsa_hcal_assets.hcal.acquisition.replies import ValuesMissing, parse_numbers
from dsa_hcal_assets.hcal.controllers.protocol import parse_gain
from dsa_hcal_assets.hcal.controllers.readings import Gain, Record
from dsa_hcal_assets.hcal.emcal.protocol import Reading, Request
from dsa_hcal_assets.hcal.emcal.readings import WIDTHS, ControllerReading

_FIELDS = {
    Reading.TEMPERATURES: "temperature",
    Reading.VOLTAGES: "voltage",
    Reading.LEAKAGE: "leakage",
}


class CollectedBoards(Collecting[Request, ControllerReading]):
    """Fills up while a controller is read; gives a `ControllerReading` at any point."""

    def __init__(self, controller: str, channels: Sequence[int]) -> None:
        # readings outermost: a controller that dies half way has given all boards' temperatures
        super().__init__(
            controller, [Request(reading, channel) for reading in Reading for channel in channels]
        )
        self._channels = tuple(channels)
        self._values = {
            name: np.full((len(channels), width), np.nan, dtype=np.float32) for name, width in WIDTHS.items()
        }
        self._gains: list[Gain | None] = [None] * len(channels)

    def _parse(self, request: Request, reply: bytes) -> ValuesMissing | None:
        index = self._channels.index(request.channel)
        if request.reading is Reading.GAIN:
            self._gains[index] = parse_gain(request, reply)
            return None
        numbers, missing = parse_numbers(request, reply)
        self._values[_FIELDS[request.reading]][index] = numbers
        return missing

    def reading(self) -> ControllerReading:
        """Return the boards' readings as collected so far."""
        errors: dict[int, dict[str, Record]] = {}
        for request, error in self._errors.items():
            errors.setdefault(request.channel, {})[request.reading.label] = error.as_record()
        return ControllerReading(
            controller=self._board,
            channels=self._channels,
            sampled_at=self._sampled_at,
            gain=tuple(self._gains),
            errors=errors,
            **self._values,
        )
