"""The three words of a quality check: what was measured, how bad it is, what was decided.

Belongs here: plain records without behaviour. Not here: limits (thresholds) and the decision
itself (judging).
"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Outcome of one check, from good to bad."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Metric:
    """One number measured on a product.

    Parameters
    ----------
    name
        Name of the metric within its stage, as in the thresholds file.
    value
        The number, in the unit the thresholds file states. NaN means "could not be measured".
    detail
        One line for people: where the worst value is, what was left out, why it is NaN.
    """

    name: str
    value: float
    detail: str = ""


@dataclass(frozen=True)
class Verdict:
    """A metric judged against its limits; everything a reader needs without the limits' file."""

    stage: str
    metric: str
    value: float
    level: Level
    blocking: bool
    unit: str = ""
    limit: str = ""
    description: str = ""
    detail: str = ""

    @property
    def stops(self) -> bool:
        """Whether this verdict keeps downstream steps from using the product."""
        return self.blocking and self.level is Level.FAIL


def worst(verdicts: list[Verdict]) -> Level:
    """Return the worst level among `verdicts`; PASS when there are none."""
    order = list(Level)
    return max((verdict.level for verdict in verdicts), key=order.index, default=Level.PASS)


def gate(verdicts: list[Verdict]) -> Level:
    """Return what `verdicts` mean for readers: FAIL if one of them stops them, WARN if any is not good."""
    if any(verdict.stops for verdict in verdicts):
        return Level.FAIL
    return Level.PASS if worst(verdicts) is Level.PASS else Level.WARN
