"""An image's grade follows from its verdicts, and the limits of an operator decide what blocks."""

import pytest

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric
from dsa_hcal_assets.radio.imaging.grade import STAGE, with_grade

GOOD = {
    "rms": 0.002, "dynamic_range": 500, "beam_axis_ratio": 1.5, "finite_fraction": 1, "noise_ratio": 1.1,
    "psf_correlation": 0.99, "residual_mean": 0.01, "residual_kurtosis": 3.1, "matched_sources": 12,
    "flux_ratio": 1.02, "position_offset": 0.8,
}  # fmt: skip
NAN = float("nan")
SHIPPED = Thresholds.load(environ={})


def graded(limits: Thresholds = SHIPPED, **changed: float) -> Metric:
    measured = [Metric(name, value) for name, value in (GOOD | changed).items()]
    return with_grade(measured, limits, None)[-1]


@pytest.mark.parametrize(
    ("letter", "changed"),
    [
        ("A", {}),
        ("B", {"matched_sources": 4}),
        ("B", {"matched_sources": 0, "flux_ratio": NAN, "position_offset": NAN}),
        ("B", {"position_offset": 5.1}),
        ("C", {"flux_ratio": 1.21, "position_offset": 6}),
        ("D", {"flux_ratio": 2.5}),
        ("D", {"noise_ratio": 200}),
        ("F", {"rms": 1.0}),
        ("F", {"dynamic_range": NAN}),
    ],
)
def test_verdicts_make_a_grade_and_it_says_why(letter: str, changed: dict[str, float]) -> None:
    found = graded(**changed)
    assert found.value == "FDCBA".index(letter)
    assert found.detail.startswith(letter)
    failed = [name for name in changed if name not in ("flux_ratio", "position_offset")]
    assert all(name in found.detail for name in failed)


def test_an_f_blocks_and_a_d_does_not_unless_asked_for() -> None:
    strict = Thresholds.load(environ={"DSA_HCAL_THRESHOLD__CONTINUUM_IMAGE__GRADE__ERROR_BELOW": "2"})
    for limits, changed, blocked in [
        (SHIPPED, {"rms": 1.0}, True),
        (SHIPPED, {"noise_ratio": 200.0}, False),
        (strict, {"noise_ratio": 200.0}, True),
        (strict, {"flux_ratio": 1.3, "position_offset": 6.0}, False),
    ]:
        metrics = with_grade([Metric(*one) for one in (GOOD | changed).items()], limits, None)
        grade = next(one for one in judge(STAGE, metrics, limits) if one.metric == "grade")
        assert grade.stops is blocked


def test_without_a_catalogue_the_comparison_is_told_missing_and_fails_nothing() -> None:
    nothing = {"matched_sources": 0, "flux_ratio": NAN, "position_offset": NAN}
    metrics = [Metric(name, value, "no catalogue") for name, value in (GOOD | nothing).items()]
    verdicts = {one.metric: one for one in judge(STAGE, with_grade(metrics, SHIPPED, None), SHIPPED)}
    assert verdicts["flux_ratio"].level is Level.PASS
    assert verdicts["flux_ratio"].detail == "not measured: no catalogue"
    assert verdicts["matched_sources"].level is Level.WARN
