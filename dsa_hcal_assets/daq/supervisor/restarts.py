"""How long to wait before something that failed is started again."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Pace of restarts.

    Attributes
    ----------
    first_delay, longest_delay
        Seconds before the first restart; doubled for each further one up to the longest.
    budget, budget_window
        More failures than `budget` within the window (seconds) are a crash loop, tried each `longest_delay`.
    """

    first_delay: float = 0.5
    longest_delay: float = 60.0
    budget: int = 5
    budget_window: float = 300.0


class Failures:
    """The failures of one process, and what follows from them.

    Parameters
    ----------
    patience
        Pacing.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._moments: deque[float] = deque()

    @property
    def looping(self) -> bool:
        """Whether there were more than the budget."""
        return len(self._moments) > self._patience.budget

    def add(self, now: float) -> float:
        """Note a failure at `now` (monotonic, seconds) and return the seconds to wait."""
        self._moments.append(now)
        while now - self._moments[0] > self._patience.budget_window:
            self._moments.popleft()
        if self.looping:
            return self._patience.longest_delay
        # the exponent is bounded: a budget of thousands must not overflow
        doublings = min(len(self._moments) - 1, 32)
        return min(self._patience.first_delay * 2.0**doublings, self._patience.longest_delay)

    def forget(self) -> None:
        """Begin anew: somebody changed the job or asked for it."""
        self._moments.clear()
