"""A group is solved on its best calibrator, and on the next one when that fails: the same data re-phased.

Belongs here: the order of the attempts and what is kept of each. What passes is judged by the stage's
own thresholds. What comes after the last calibrator of a group (sets of other groups, older ones, none) is
the registry's choice.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.orchestration.radio.calibrators import write_tables
from dsa_hcal_assets.orchestration.radio.conversion import centre_of
from dsa_hcal_assets.orchestration.radio.worker import call, outcome
from dsa_hcal_assets.orchestration.stage import Outcome, StageRun
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.quality.verdicts import Metric
from dsa_hcal_assets.radio.calibration.fields import NoCalibrator
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.observation import MS_NAME, Centre, Observation
from dsa_hcal_assets.radio.profiles.model import Profile

RANK = "calibrator_rank"


@dataclass(frozen=True)
class Solving:
    """What a group is solved from."""

    run: StageRun
    ms: Product
    flags: Product
    observation: Observation
    telescope: Profile

    def solve(self, place: Path) -> Outcome:
        """Solve into `place` on the best calibrator whose solutions pass.

        If none passes it is the best one that has solutions at all, so that its failure can be looked at.

        Raises
        ------
        NoCalibrator
            If the group holds none.
        PermanentError
            What the best calibrator failed with, if no calibrator has solutions.
        """
        refused: dict[str, str] = {}
        errors: list[PermanentError] = []
        attempts: list[tuple[Path, Outcome]] = []
        best = 0
        for rank, source in enumerate(self._sources(), start=1):
            name, room = source.name if source else "fields by name", place / f"rank{rank}"
            room.mkdir()
            try:
                found = self._attempt(source, rank, room)
            except PermanentError as error:
                if rank == 1 and isinstance(error, NoCalibrator):
                    raise
                refused[name] = str(error)
                errors.append(error)
                continue
            attempts.append((room, found))
            closed = [one for one in self.run.verdicts(found) if one.stops]
            if not closed:
                best = len(attempts) - 1
                break
            refused[name] = ", ".join(f"{one.metric} = {one.value:.4g} ({one.limit})" for one in closed)
        if not attempts:
            raise errors[0]
        room, found = attempts[best]
        _move_up(room, place)
        return _telling(found, refused)

    def _sources(self) -> Iterator[Calibrator | None]:
        """Yield the calibrators of the group, the best one first; None where fields go by their names."""
        matches = self.observation.matches
        yield from (one.calibrator for one in matches)
        if not matches:
            yield None

    def _attempt(self, source: Calibrator | None, rank: int, room: Path) -> Outcome:
        installation = self.run.installation
        reply = call(
            self.run,
            "calibration.job:solve",
            {
                "ms": str(self.ms.path / MS_NAME),
                "flags": str(self.flags.path),
                "profile": self.telescope.model_dump(mode="json"),
                "out_dir": str(room),
                "group": self.run.partition,
                "pointing_dec_deg": self.observation.pointing_dec_deg,
                "imager": installation.settings.radio.imager,
                # the group is phased to its best calibrator
                "centre": centre_of(_position(source)) if source and rank > 1 else None,
                **write_tables(installation, self.observation, self.telescope, room, source),
            },
        )
        fluxes = {
            one["field"]: f"{one['jy']:.4f} Jy, {one['origin']}" for one in reply["set"]["flux_densities"]
        }
        facts = {"flux densities": fluxes, "calibrator": reply["set"]["calibrator"]}
        found = outcome(reply, room, self.telescope.name, facts)
        if source is None:
            return found
        of = f"of {len(self.observation.matches)} calibrators of the group"
        return replace(found, metrics=[*found.metrics, Metric(RANK, float(rank), of)])


def _position(source: Calibrator) -> Centre:
    return Centre(name=source.name, ra_deg=source.ra_deg, dec_deg=source.dec_deg)


def _move_up(room: Path, place: Path) -> None:
    """Make the content of one attempt the content of `place`, and leave nothing of the others."""
    others = [one for one in place.iterdir() if one != room]
    for one in others:
        shutil.rmtree(one)
    for one in room.iterdir():
        one.rename(place / one.name)
    room.rmdir()


def _telling(found: Outcome, refused: dict[str, str]) -> Outcome:
    """Return the outcome with the calibrators that failed, and why, on the rank and among the facts."""
    if not refused:
        return found
    told = "; ".join(f"{name} failed: {why}" for name, why in refused.items())
    metrics = [
        replace(one, detail=f"{one.detail}; {told}") if one.name == RANK else one for one in found.metrics
    ]
    return replace(found, metrics=metrics, facts={**found.facts, "calibrators that failed": refused})
