"""The grade of an image, A to F: the one place that makes it of the verdicts.

- A: nothing but passes, with the catalogue comparison made on enough sources;
- B: at most one warning, such as that no catalogue is loaded;
- C: more warnings, no failure;
- D: an advisory check failed;
- F: a blocking check failed.
"""

from collections.abc import Iterable

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric, Verdict

STAGE, METRIC = "continuum_image", "grade"
POINTS = {"A": 4, "B": 3, "C": 2, "D": 1, "F": 0}


def letter_of(points: float) -> str:
    """Return the grade that `points` stand for."""
    return next(letter for letter, value in POINTS.items() if points >= value)


def grade(verdicts: Iterable[Verdict]) -> str:
    """Return the grade of an image from its verdicts."""
    told = [one for one in verdicts if one.metric != METRIC and one.level is not Level.PASS]
    if any(one.stops for one in told):
        return "F"
    if any(one.level is Level.FAIL for one in told):
        return "D"
    return "ABC"[min(len(told), 2)]


def with_grade(metrics: Iterable[Metric], thresholds: Thresholds, profile: str | None) -> list[Metric]:
    """Return the metrics of an image, joined by its grade in points, with what cost it points."""
    measured = [one for one in metrics if one.name != METRIC]
    verdicts = [one for one in judge(STAGE, measured, thresholds, profile) if one.metric != METRIC]
    letter = grade(verdicts)
    reasons = ", ".join(one.metric for one in verdicts if one.level is not Level.PASS)
    detail = f"{letter}: {reasons}" if reasons else letter
    return [*measured, Metric(METRIC, float(POINTS[letter]), detail)]
