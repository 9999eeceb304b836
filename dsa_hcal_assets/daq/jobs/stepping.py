"""When a job's steps are due: a grid on the monotonic clock that can be changed while it runs."""

from collections.abc import Callable

from dsa_hcal_assets.daq.cadence import next_slot


class Stepping:
    """Steps each `interval` seconds from now, the first at once; late ones are left out and counted.

    Parameters
    ----------
    interval
        Seconds.
    clock
        Seconds, monotonic: a wall clock that is set moves no step.

    Attributes
    ----------
    interval
        As given, or changed by `change`.
    skipped
        Steps left out because an earlier one, or a pause, took their time.
    """

    def __init__(self, interval: float, clock: Callable[[], float]) -> None:
        self.interval = interval
        self.skipped = 0
        self._clock = clock
        self._began = clock()
        self._number = 0

    def wait(self) -> float:
        """Return the seconds until the next step is due, 0 when it is."""
        return max(0.0, self._began + self._number * self.interval - self._clock())

    def done(self) -> None:
        """Note that the step that was due has been made."""
        following = next_slot(self._clock() - self._began, self.interval, self._number)
        self.skipped += following - self._number - 1
        self._number = following

    def change(self, interval: float) -> None:
        """Make steps each `interval` seconds, the next one that long from now."""
        self.interval = interval
        self._began, self._number = self._clock(), 1

    def restart(self) -> None:
        """Begin a new grid now: the time of a pause is not counted as skipped steps."""
        self._began, self._number = self._clock(), 0
