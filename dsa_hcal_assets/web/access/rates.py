"""How often a caller may ask, by a sliding minute; counted in this process, which is the only one."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from dsa_hcal_assets.settings.access import AccessSettings


class Rates:
    """Counts requests of addresses, actions of callers, and refusals that were recorded."""

    def __init__(self, settings: AccessSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute, namespace="requests")
        self._actions = RateLimitItemPerMinute(settings.actions_per_minute, namespace="actions")
        self._refusals = RateLimitItemPerMinute(settings.refusals_per_minute, namespace="refusals")

    def request_after(self, address: str) -> int:
        """Count a request; return 0, or the seconds after which `address` may ask again."""
        return self._after(self._requests, address)

    def action_after(self, caller: str) -> int:
        """Count a change of state; return 0, or the seconds after which `caller` may ask again."""
        return self._after(self._actions, caller)

    def refusal_after(self, address: str) -> int:
        """Count a refusal; return 0, or the seconds for which `address` is not answered in detail."""
        return self._after(self._refusals, address)

    def _after(self, item: RateLimitItemPerMinute, key: str) -> int:
        if self._limiter.hit(item, key):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))
