"""What has been read of one controller so far, and why the rest has not."""

import math
from collections.abc import Sequence
from typing import Any

from dsa_hcal_assets.hcal.acquisition.collecting import Collecting
from dsa_hcal_assets.hcal.acquisition.replies import ValuesMissing, parse_numbers
from dsa_hcal_assets.hcal.controllers.protocol import EVERY_CYCLE, Reading, Request, parse_gain
from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, BoardReading, ChannelReading

_FIELDS = {
    Reading.TEMPERATURES: "temperature",
    Reading.LEAKAGE: "leakage",
    Reading.OFFSETS: "offset",
    Reading.LED_INTENSITIES: "led_intensity",
    Reading.PIN_DIODES: "pin_diode",
    Reading.DAC: "dac",
}


class Collected(Collecting[Request, BoardReading]):
    """Fills up while a controller is read; gives a `BoardReading` at any point.

    Parameters
    ----------
    board
        Id of the controller.
    readings
        What is asked of each channel, in this order.
    """

    def __init__(self, board: str, readings: Sequence[Reading] = EVERY_CYCLE) -> None:
        # readings outermost: a board that dies half way has given its temperatures for all channels
        super().__init__(
            board, [Request(reading, channel) for reading in readings for channel in range(CHANNELS)]
        )
        unanswered = {
            _FIELDS[reading]: [math.nan] * reading.count for reading in readings if reading not in EVERY_CYCLE
        }
        self._values: list[dict[str, Any]] = [dict(unanswered) for _ in range(CHANNELS)]

    def _parse(self, request: Request, reply: bytes) -> ValuesMissing | None:
        values = self._values[request.channel]
        if request.reading is Reading.GAIN:
            values["gain"] = parse_gain(request, reply)
            return None
        numbers, missing = parse_numbers(request, reply)
        if request.reading is Reading.VOLTAGES:
            values |= zip(("lv_positive", "bias", "lv_negative"), numbers, strict=True)
        else:
            values[_FIELDS[request.reading]] = numbers
        return missing

    def reading(self) -> BoardReading:
        """Return the board's reading as collected so far."""
        channels = []
        for channel in range(CHANNELS):
            errors = {
                request.reading.label: error.as_record()
                for request, error in self._errors.items()
                if request.channel == channel
            }
            channels.append(ChannelReading(channel, **self._values[channel], errors=errors))
        return BoardReading(self._board, self._status, self._sampled_at, self._summary(), tuple(channels))
