"""Reading the low-voltage crate once a cycle, over the connection all telnet-like boards share."""

import math
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.acquisition.collecting import Collecting
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import Poller
from dsa_hcal_assets.hcal.acquisition.replies import ValuesMissing
from dsa_hcal_assets.hcal.supplies import lv_protocol
from dsa_hcal_assets.hcal.supplies.lv_protocol import LvRequest
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel
from dsa_hcal_assets.hcal.supplies.units import LvCrate


class LvCollected(Collecting[LvRequest, CrateReading]):
    """Fills up while the crate is read."""

    def __init__(self, unit: LvCrate) -> None:
        super().__init__(unit.id, lv_protocol.requests_of(unit.slots))
        self._values: dict[tuple[int, int], dict[str, Any]] = defaultdict(dict)

    def _parse(self, request: LvRequest, reply: bytes) -> ValuesMissing | None:
        numbers, missing = lv_protocol.parse_values(request, reply)
        for channel, number in enumerate(numbers):
            if not math.isnan(number):
                self._values[request.slot, channel][request.quantity.field] = number
        return missing

    def reading(self) -> CrateReading:
        """Return the crate's reading as collected so far."""
        channels = [
            SupplyChannel(slot, channel, **values) for (slot, channel), values in sorted(self._values.items())
        ]
        errors = {str(request): error.as_record() for request, error in self._errors.items()}
        return CrateReading(
            self._board,
            "lv_crate",
            self._status,
            self._sampled_at,
            None if (summary := self._summary()) is None else dict(summary),
            errors,
            channels=tuple(channels),
        )


class LvPoller(Poller[CrateReading]):
    """Keeps the connection to a low-voltage crate."""

    def __init__(self, unit: LvCrate, deadlines: Deadlines, *, now: Callable[[], datetime] = utc_now) -> None:
        gate = lv_protocol.require_read_only
        super().__init__(unit.board, deadlines, lambda: LvCollected(unit), gate, now=now)
