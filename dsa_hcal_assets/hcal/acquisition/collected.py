"""What has been read of one board so far, and why the rest has not."""

from datetime import datetime
from typing import Any

from dsa_hcal_assets.errors import PlatformError, TransientError
from dsa_hcal_assets.hcal.controllers.protocol import Reading, Request, parse_gain, parse_numbers
from dsa_hcal_assets.hcal.controllers.readings import CHANNELS, BoardReading, ChannelReading, Record, Status

# readings outermost: a board that dies half way has given its temperatures for all channels
REQUESTS = tuple(Request(reading, channel) for reading in Reading for channel in range(CHANNELS))
_NAMED = 4  # failed readings a board's summary names; all are in the channels' errors

_FIELDS = {Reading.TEMPERATURES: "temperature", Reading.LEAKAGE: "leakage", Reading.OFFSETS: "offset"}


class BoardPartial(TransientError):
    """Some readings of a board failed; the others count."""


class Collected:
    """Fills up while a board is read; gives a `BoardReading` at any point."""

    requests = REQUESTS

    def __init__(self, board: str) -> None:
        self._board = board
        self._sampled_at: datetime | None = None
        self._values: list[dict[str, Any]] = [{} for _ in range(CHANNELS)]
        self._read: set[Request] = set()
        self._errors: dict[Request, PlatformError] = {}

    def mark_sampled(self, moment: datetime) -> None:
        """Record when the board was first asked."""
        if self._sampled_at is None:
            self._sampled_at = moment

    def take(self, request: Request, reply: bytes) -> None:
        """Parse a reply and keep its values.

        Raises
        ------
        ReplyGarbled
            If the reply cannot be trusted; nothing of it is kept. Single values a board calls
            ``nan`` are kept as such and noted without raising.
        """
        values = self._values[request.channel]
        if request.reading is Reading.GAIN:
            values["gain"] = parse_gain(request, reply)
        else:
            numbers, missing = parse_numbers(request, reply)
            if request.reading is Reading.VOLTAGES:
                values |= zip(("lv_positive", "bias", "lv_negative"), numbers, strict=True)
            else:
                values[_FIELDS[request.reading]] = numbers
            if missing is not None:
                self._errors[request] = missing
        self._read.add(request)

    def fail(self, request: Request, error: PlatformError) -> None:
        """Record why a reading is missing."""
        self._errors[request] = error

    def fail_rest(self, error: PlatformError) -> None:
        """Record one reason for everything that has neither been read nor failed."""
        for request in REQUESTS:
            if request not in self._read:
                self._errors.setdefault(request, error)

    def reading(self) -> BoardReading:
        """Return the board's reading as collected so far."""
        status: Status = "partial" if self._read else "down"
        if not self._errors:
            status = "ok"
        channels = []
        for channel in range(CHANNELS):
            errors = {
                request.reading.label: error.as_record()
                for request, error in self._errors.items()
                if request.channel == channel
            }
            channels.append(ChannelReading(channel, **self._values[channel], errors=errors))
        return BoardReading(self._board, status, self._sampled_at, self._summary(), tuple(channels))

    def _summary(self) -> Record | None:
        if not self._errors:
            return None
        if not self._read:
            return next(iter(self._errors.values())).as_record()
        named = [f"{request} ({type(error).__name__})" for request, error in self._errors.items()]
        more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
        return BoardPartial(
            f"board {self._board}: {len(named)} of {len(REQUESTS)} readings failed",
            found=", ".join(named[:_NAMED] + more),
            kept="the other readings",
            remedy="see the errors of its channels; it is read again in the next cycle",
        ).as_record()
