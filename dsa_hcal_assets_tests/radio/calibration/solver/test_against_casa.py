"""CASA's gaincal and bandpass are the reference, and CASA takes our tables for its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsa_hcal_assets.errors import ConfigurationError, PermanentError
from dsa_hcal_assets.radio.calibration.fields import assign
from dsa_hcal_assets.radio.calibration.solutions import read_solutions
from dsa_hcal_assets.radio.calibration.solver.caltable import Entries, write_caltable
from dsa_hcal_assets.radio.calibration.solver.chain import seconds, suits
from dsa_hcal_assets.radio.calibration.standards import load_standards
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.simulation.uvh5.group import GroupSetup
from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets_tests.radio.conftest import WALL_SECONDS, WORKERS, Chain, simulated

TABLES = ("bandpass.cal", "gain.cal", "short_gain.cal")


@pytest.fixture(scope="module", params=["single", pytest.param("per-subband", marks=pytest.mark.verify)])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One group with all its sources in the model, solved by either solver.

    With sources left out the two weigh what they leave differently, and differ by the noise.
    """
    home = tmp_path_factory.mktemp(f"both-{request.param}")
    setup = GroupSetup(antennas=12, channels=4)
    group = simulated(home, setup, request.param, **{"calibration.field_model": False})
    neighbours = home / "neighbours.csv"
    neighbours.write_text("\n".join(line(one) for one in group.truth["sources"][1:]), encoding="utf-8")
    results = {}
    for solver in ("casa", "direct"):
        profile = {**group.profile, "calibration": {**group.profile["calibration"], "solver": solver}}
        out = home / solver
        results[solver] = WorkerClient().call(
            WORKERS["solve"],
            {
                **group.solving,
                "neighbours": str(neighbours),
                "ms": str(group.ms),
                "flags": group.flags["flags"],
                "profile": profile,
                "out_dir": str(out),
            },
            wall_seconds=WALL_SECONDS,
            log=home / f"{solver}.log",
        )
    return {"group": group, "home": home, **results}


def line(source: dict[str, Any]) -> str:
    """Return a source of the truth as a line of a source table."""
    spectrum = " ".join(str(value) for value in source["spectrum"])
    return f"{source['name']},,{source['ra_deg']},{source['dec_deg']},{spectrum}"


def product(tables: Path) -> np.ndarray:  # type: ignore[type-arg]
    """Bandpass x gain x short gain of every window, (window, interval, antenna, channel, feed)."""
    bandpass, gain, short = (read_solutions(tables / name) for name in TABLES)
    times = np.unique(short[0].time)
    course = np.stack([short[0].good[short[0].time == time] for time in times])
    return np.stack([b.good[None] * g.good[None] * course for b, g in zip(bandpass, gain, strict=True)])


def applied_ratio(both: dict[str, Any], solver: str) -> float:
    """Apply a set to its own group; corrected data of the calibrator over its flux density."""
    group: Chain = both["group"]
    applied: Any = WorkerClient().call(
        WORKERS["apply"],
        {
            "ms": str(group.ms),
            "flags": group.flags["flags"],
            "calibration": str(both["home"] / solver),
            "profile": group.profile,
            "out_dir": str(both["home"] / f"applied-{solver}"),
        },
        wall_seconds=WALL_SECONDS,
        log=both["home"] / f"apply-{solver}.log",
    )
    return next(float(one["value"]) for one in applied["metrics"] if one["name"] == "amplitude_ratio")


@pytest.mark.radio
class TestAgainstCasa:
    def test_gains_agree_to_a_thousandth(self, both: dict[str, Any]) -> None:
        ours, theirs = (product(both["home"] / solver) for solver in ("direct", "casa"))
        assert np.array_equal(np.isfinite(ours), np.isfinite(theirs))
        good = np.isfinite(ours)
        apart = np.abs(ours[good] / theirs[good] - 1)
        assert np.median(apart) < 5e-4
        assert np.percentile(apart, 99) < 2e-3

    def test_signal_to_noise_is_what_casa_calls_it(self, both: dict[str, Any]) -> None:
        for name in ("bandpass.cal", "short_gain.cal"):
            ours, theirs = (
                np.median(read_solutions(both["home"] / solver / name)[0].snr.max(axis=1))
                for solver in ("direct", "casa")
            )
            assert ours == pytest.approx(theirs, rel=0.15)

    def test_the_sets_are_described_alike(self, both: dict[str, Any]) -> None:
        ours, theirs = both["direct"]["set"], both["casa"]["set"]
        assert ours["tables"] == theirs["tables"]
        assert ours["reference_antenna"] == theirs["reference_antenna"]
        for name in ("jy", "apparent_jy"):
            fluxes = (one["flux_densities"][0][name] for one in (ours, theirs))
            assert next(fluxes) == pytest.approx(next(fluxes), rel=2e-3)

    def test_delays_agree_within_a_tenth_of_the_bands_resolution(self, both: dict[str, Any]) -> None:
        ours, theirs = (read_solutions(both["home"] / solver / "delay.cal") for solver in ("direct", "casa"))
        width = np.ptp(ours[0].frequency_hz) or 187.5e6 / len(ours)
        for one, other in zip(ours, theirs, strict=True):
            assert np.nanmax(np.abs(one.good.real - other.good.real)) < 3e8 / width

    def test_applycal_takes_our_tables(self, both: dict[str, Any]) -> None:
        """The calibrator comes out at the flux density that CASA's own tables give it."""
        ours, theirs = (applied_ratio(both, solver) for solver in ("direct", "casa"))
        assert ours == pytest.approx(theirs, rel=2e-3)

    def test_a_caltable_is_never_overwritten(self, both: dict[str, Any]) -> None:
        path = both["home"] / "direct" / "gain.cal"
        nothing = Entries(
            0,
            np.array([0]),
            np.ones((1, 1, 1, 2), complex),
            np.ones((1, 1, 1, 2)),
            np.array([5e9]),
            np.array([60.0]),
        )
        with pytest.raises(PermanentError, match="exists"):
            write_caltable(path, both["group"].ms, "G Jones", [nothing], reference=0, field=0, scan=1)

    def test_it_suits_one_calibrator_over_the_whole_group(self, both: dict[str, Any]) -> None:
        profile = load_profiles()["dsa110"]
        roles = assign(both["group"].ms, profile, load_standards(), both["group"].truth["declination_deg"])
        choices = profile.calibration
        assert suits(choices, roles)
        assert not suits(choices.model_copy(update={"delay": True}), roles)
        assert not suits(choices.model_copy(update={"gain_solint": "120s"}), roles)


@pytest.mark.parametrize(
    ("solint", "expected"), [("60s", 60.0), ("2min", 120.0), ("inf", np.inf), ("30", 30.0)]
)
def test_intervals_are_spelled_as_in_casa(solint: str, expected: float) -> None:
    assert seconds(solint) == expected


@pytest.mark.parametrize("solint", ["", "-5s", "int", "1 hour", "0s"])
def test_what_is_no_interval_is_refused(solint: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a time"):
        seconds(solint)
