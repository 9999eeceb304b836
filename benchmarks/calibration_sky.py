"""What is known of the group that `benchmarks.calibration_imaging` works on, and whether results agree.

The simulator's truth stands beside the files. Both contenders solve for the same sky: ours is given the
calibrator's neighbours as a table; CASA's point model, which setjy sets, is completed by them and by the
drift through the beam, off the clock: a user has no task for it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.radio.calibration.beam import DriftBeam, airy
from dsa_hcal_assets.radio.calibration.fields import fields_with_data, span
from dsa_hcal_assets.radio.calibration.prediction import add_sources, attenuate_model
from dsa_hcal_assets.radio.calibration.solutions import read_solutions
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.model import Profile

# neighbours that appear fainter are left out of both models
FAINTEST_JY = 0.02
# whose image flux densities were fitted in
OURS, TCLEAN = "ours", "tclean"
Fluxes = Mapping[str, Mapping[str, float]]
TABLES = ("bandpass.cal", "gain.cal", "short_gain.cal")


@dataclass(frozen=True)
class Observed:
    """A simulated group: telescope, key, pointing (apparent declination, deg), and the sky it shows."""

    profile: Profile
    group: str
    pointing_dec_deg: float
    calibrator: Calibrator
    neighbours: tuple[Calibrator, ...]

    @classmethod
    def of(cls, files: Sequence[Path]) -> "Observed":
        """Read the truth beside the files."""
        truth = json.loads(next(files[0].parent.glob("*_truth.json")).read_text())
        profile = load_profiles()["dsa110"]
        calibrator, *others = (
            Calibrator(one["name"], (), one["ra_deg"], one["dec_deg"], tuple(one["spectrum"]))
            for one in truth["sources"]
        )

        def apparent_jy(source: Calibrator) -> float:
            distance = source.separation_deg(calibrator.ra_deg, calibrator.dec_deg)
            return source.flux_jy(1.4e9) * float(airy(distance, 1.4e9, profile.dish_diameter_m))

        seen = tuple(one for one in others if apparent_jy(one) >= FAINTEST_JY)
        return cls(profile, truth["group"], truth["declination_deg"], calibrator, seen)

    @property
    def centre(self) -> PhaseCentre:
        """The calibrator's place."""
        source = self.calibrator
        return PhaseCentre(source.name, np.radians(source.ra_deg), np.radians(source.dec_deg))

    def write_neighbours(self, path: Path) -> str:
        """Write the calibrator's neighbours as the table that the solve takes."""
        lines = [
            f"{one.name},,{one.ra_deg},{one.dec_deg},{' '.join(map(str, one.coefficients))}"
            for one in self.neighbours
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        return str(path)


def complete_model(ms: Path, observed: Observed) -> None:
    """Give MODEL_DATA, the calibrator as a constant point, its drift through the beam and its neighbours."""
    (field,) = fields_with_data(ms)
    beam = DriftBeam(observed.pointing_dec_deg, span(ms).longitude_deg, observed.profile.dish_diameter_m)
    attenuate_model(ms, field.number, observed.calibrator, beam)
    add_sources(ms, field.number, (field.ra_deg, field.dec_deg), observed.neighbours, beam)


def solve_as_ours(ms: Path, observed: Observed, tables: Path) -> None:
    """Solve with our solver on the flags that CASA has set in `ms`."""
    from dsa_hcal_assets.radio.calibration.job import solve
    from dsa_hcal_assets.radio.flagging.flagset import FlagSet

    tables.mkdir()
    solve(
        str(ms),
        str(FlagSet.of_ms(ms).save(tables)),
        observed.profile.model_dump(mode="json"),
        str(tables),
        observed.group,
        observed.pointing_dec_deg,
        neighbours=observed.write_neighbours(tables / "neighbours.csv"),
    )


def gain_differences(ours: Path, theirs: Path) -> dict[str, float]:
    """Return median and 99th percentile of |ours / theirs - 1| of all gains, tables multiplied."""
    product, reference = _product(ours), _product(theirs)
    both = np.isfinite(product) & np.isfinite(reference)
    apart = np.abs(product[both] / reference[both] - 1)
    return {
        "gains_median": float(np.median(apart)),
        "gains_99_percent": float(np.percentile(apart, 99)),
        "gains_solved_by_one_only": float(np.mean(np.isfinite(product) != np.isfinite(reference))),
    }


def flux_differences(ours: Fluxes, theirs: Fluxes, calibrator: str) -> dict[str, float]:
    """Return relative differences of flux densities: the calibrator's, the median of its neighbours'.

    ``flux_`` compares both chains' data imaged by the same program, ``tclean_`` our image with tclean's.
    """
    found = {}
    for prefix, program in (("flux", OURS), ("tclean", TCLEAN)):
        one, other = ours[OURS], theirs[program]
        apart = {name: abs(one[name] / other[name] - 1) for name in one.keys() & other.keys()}
        found[f"{prefix}_calibrator"] = apart.pop(calibrator)
        found[f"{prefix}_neighbours_median"] = float(np.median(list(apart.values())))
        found[f"{prefix}_neighbours_most"] = max(apart.values())
    return found


def _product(tables: Path) -> Any:
    """Return bandpass x gain x short gain, shape (n_interval, n_antenna, n_channel, 2); NaN: none."""
    (bandpass,), (gain,), (short,) = (read_solutions(tables / name) for name in TABLES)
    course = np.stack([short.good[short.time == time] for time in np.unique(short.time)])
    return bandpass.good[None] * gain.good[None] * course
