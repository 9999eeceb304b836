"""The calibration of a group that holds a calibrator: model, reference antenna, solves, description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import BadInput, ConfigurationError
from dsa_hcal_assets.radio.calibration import solve as casa
from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.description import (
    CalibrationTable,
    FluxDensity,
    SetDescription,
    TableKind,
    window_around,
)
from dsa_hcal_assets.radio.calibration.fields import Roles, Span, span
from dsa_hcal_assets.radio.calibration.matching import transit_after
from dsa_hcal_assets.radio.calibration.model import apparent_flux, set_models
from dsa_hcal_assets.radio.calibration.reference import Antenna, antennas_with_data, choose_reference
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.solutions import Solutions, read_solutions
from dsa_hcal_assets.radio.calibration.solver import chain as direct
from dsa_hcal_assets.radio.calibration.standards import Calibrator
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY
from dsa_hcal_assets.radio.flagging.working_copy import working_copy
from dsa_hcal_assets.radio.profiles.model import Profile

Floats = NDArray[np.float64]
# caltables by kind, flux densities of the calibrators, and those transferred to others
_Solved = tuple[Mapping[TableKind, Path], Sequence[FluxDensity], Sequence[FluxDensity]]
# by how much a transit may lie before the first sample: rounding of the match
TRANSIT_MARGIN = timedelta(seconds=1)
INTERPOLATION = {"delay": "nearest", "bandpass": "nearest", "gain": "linear", "short_gain": "linear"}


@dataclass(frozen=True)
class Calibration:
    """What solving a group gave: caltables by kind, flux densities, and the antennas that had data."""

    tables: Mapping[TableKind, Path]
    fluxes: Sequence[FluxDensity]
    transferred: Sequence[FluxDensity]
    antennas: Sequence[Antenna]
    reference: Antenna


@dataclass(frozen=True)
class CalibratorGroup:
    """A group with a calibrator, its flags and what its fields are for.

    `pointing_dec_deg` is the apparent declination of a drift scan; CASA's working copies go to `scratch`.
    """

    ms: Path
    flags: FlagSet
    telescope: Profile
    key: str
    roles: Roles
    pointing_dec_deg: float | None
    scratch: Path

    def solve(self, target: Path, neighbours: Sequence[Calibrator] = ()) -> Calibration:
        """Solve into the directory `target`, with `neighbours` of the calibrator in the model.

        Raises
        ------
        SolveFailed
            If there is no solution.
        ConfigurationError
            If the profile asks for a solver that cannot do what it asks for.
        """
        target.mkdir(parents=True, exist_ok=True)
        fields = [field.number for field, _ in self.roles.bandpass]
        antennas = antennas_with_data(self.ms, self.flags, fields)
        reference = choose_reference(antennas, self.telescope.calibration.reference_antennas)
        solver = self._directly if self._is_direct() else self._by_casa
        tables, fluxes, transferred = solver(target, neighbours, reference)
        made = Calibration(tables, fluxes, transferred, antennas, reference)
        self._describe(made, span(self.ms)).save(target)
        return made

    @property
    def beam(self) -> DriftBeam | None:
        """The beam that stands on the meridian while sources pass; None where it follows the field."""
        imaging = self.telescope.imaging
        if self.pointing_dec_deg is None or not imaging.beam_drifts:
            return None
        diameter = imaging.beam_diameter_m or self.telescope.dish_diameter_m
        return DriftBeam(self.pointing_dec_deg, span(self.ms).longitude_deg, diameter)

    def _is_direct(self) -> bool:
        choices = self.telescope.calibration
        able = direct.suits(choices, self.roles)
        if choices.solver == "direct" and not able:
            raise ConfigurationError(
                f"the direct solver cannot do what profile {self.telescope.name} asks for",
                expected="one calibrator, gain_solint inf, no delays to be applied",
                remedy="set calibration.solver to auto or casa",
            )
        return able and choices.solver != "casa"

    def _directly(self, target: Path, neighbours: Sequence[Calibrator], reference: Antenna) -> _Solved:
        ((field, source),) = self.roles.bandpass
        sky = SkyModel((field.ra_deg, field.dec_deg), (source, *neighbours), self.beam)
        work = direct.Work(self.ms, self.flags, field.number, sky, reference.number, target)
        tables = direct.solve_tables(work, self.telescope.calibration)
        return tables, [apparent_flux(field, source, *_band_and_times(self.ms, field.number), sky.beam)], []

    def _by_casa(self, target: Path, neighbours: Sequence[Calibrator], reference: Antenna) -> _Solved:
        choices, when = self.telescope.calibration, span(self.ms)
        with working_copy(self.ms, self.scratch) as work:
            self.flags.apply_to(work)
            fluxes = set_models(
                work,
                self.roles.bandpass,
                choices.flux_standard,
                when.frequency_hz,
                self.beam,
                neighbours,
            )
            chain = casa.Chain(work, self.roles, choices, reference.name, target, _window_count(work))
            tables, transferred = casa.solve_tables(chain, when.frequency_hz)
        _require_reference(read_solutions(tables["bandpass"]), reference)
        return tables, fluxes, transferred

    def _centre(self, when: Span) -> datetime:
        """Return the calibrator's transit, where it is what the calibrator was selected by; else mid-time."""
        if self.telescope.calibration.selection != "transit":
            return when.middle
        transit, _ = transit_after(self.roles.bandpass[0][1], when.start - TRANSIT_MARGIN, when.longitude_deg)
        return min(max(transit, when.start), when.end)

    def _describe(self, made: Calibration, when: Span) -> SetDescription:
        choices, own = self.telescope.calibration, (when.start, when.end)
        centre = self._centre(when)
        slow = window_around(centre, choices.bandpass_validity_hours, own)
        windows: dict[TableKind, tuple[datetime, datetime]] = {
            "delay": slow,
            "bandpass": slow,
            "gain": window_around(centre, choices.gain_validity_hours, own),
            "short_gain": own,
        }
        bandpass = read_solutions(made.tables["bandpass"])
        amplitude = np.concatenate([np.abs(one.values[~one.flag]) for one in bandpass])
        fields = [field for field, _ in self.roles.bandpass]
        return SetDescription(
            profile=self.telescope.name,
            group=self.key,
            calibrator=self.roles.bandpass[0][1].name,
            bandpass_fields=tuple(field.name for field in fields),
            gain_fields=tuple(field.name for field in self.roles.gain),
            centre=centre,
            start=when.start,
            end=when.end,
            declination_deg=fields[0].dec_deg if self.pointing_dec_deg is None else self.pointing_dec_deg,
            reference_antenna=made.reference.name,
            tables=tuple(
                CalibrationTable(
                    kind=kind,
                    file=path.name,
                    valid_from=windows[kind][0],
                    valid_until=windows[kind][1],
                    interpolation=INTERPOLATION[kind],
                    combined_windows=kind == "short_gain" and len(bandpass) > 1,
                )
                for kind, path in made.tables.items()
                # stored as a diagnostic, it belongs to the set only when it was a prior
                if kind != "delay" or choices.delay
            ),
            flux_densities=(*made.fluxes, *made.transferred),
            amplitude_factor=float(1.0 / np.median(amplitude) ** 2),
        )


def _require_reference(bandpass: Sequence[Solutions], reference: Antenna) -> None:
    """See that CASA understood the reference antenna: a name made of digits could be taken for an id."""
    found = set(np.concatenate([one.reference for one in bandpass]).tolist()) - {-1}
    if reference.number not in found:
        raise BadInput(
            "CASA referred the phases to another antenna than asked",
            expected=f"{reference.name} (id {reference.number})",
            found=f"ids {sorted(found)}",
            remedy="name another reference antenna in the profile",
        )


def _window_count(ms: Path) -> int:
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as windows:
        return int(windows.nrows())


def _band_and_times(ms: Path, field: int) -> tuple[Floats, Floats]:
    """Return all channels, Hz, and the moments of a field, UTC MJD seconds."""
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as windows:
        channels = [windows.getcell("CHAN_FREQ", number) for number in range(windows.nrows())]
    with table(str(ms), **READ_ONLY) as main:
        times = main.getcol("TIME")[main.getcol("FIELD_ID") == field]
    return np.concatenate(channels), np.unique(times)
