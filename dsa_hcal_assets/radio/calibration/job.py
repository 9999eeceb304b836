"""Worker entry points: solve a calibrator group, apply a set to a group. JSON in, JSON out."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.radio.calibration import solutions as judge
from dsa_hcal_assets.radio.calibration.application import apply_set
from dsa_hcal_assets.radio.calibration.beam import DriftBeam
from dsa_hcal_assets.radio.calibration.description import (
    CalibrationTable,
    FluxDensity,
    SetDescription,
    TableKind,
    window_around,
)
from dsa_hcal_assets.radio.calibration.field_model import field_model
from dsa_hcal_assets.radio.calibration.fields import Roles, Span, assign, span
from dsa_hcal_assets.radio.calibration.figures import write_figures
from dsa_hcal_assets.radio.calibration.model import set_models
from dsa_hcal_assets.radio.calibration.reference import Antenna, antennas_with_data, choose_reference
from dsa_hcal_assets.radio.calibration.solutions import Solutions, read_solutions
from dsa_hcal_assets.radio.calibration.solve import Chain
from dsa_hcal_assets.radio.calibration.standards import Calibrator, load_calibrators, read_sources
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY, antenna_names
from dsa_hcal_assets.radio.flagging.working_copy import working_copy
from dsa_hcal_assets.radio.profiles.model import Profile
from dsa_hcal_assets.radio.profiles.processing import Calibration

INTERPOLATION = {"delay": "nearest", "bandpass": "nearest", "gain": "linear", "short_gain": "linear"}


def solve(
    ms: str,
    flags: str,
    profile: Mapping[str, Any],
    out_dir: str,
    group: str,
    pointing_dec_deg: float | None = None,
    calibrators: str | None = None,
    neighbours: str | None = None,
    imager: str = "auto",
    scratch: str | None = None,
) -> dict[str, Any]:
    """Solve for the calibration of a group that holds a calibrator; write the calibration set.

    Order: models (Perley-Butler 2017 for standard calibrators), delay as a diagnostic, phases in
    short intervals, bandpass, gains, flux transfer to secondary calibrators, gains in short intervals.

    Parameters
    ----------
    ms, flags
        Published Measurement Set and flag product (file or directory); both are only read.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives the caltables, ``set.json`` and figures.
    group
        Group key.
    pointing_dec_deg
        Apparent declination of the pointing (drift scans), deg.
    calibrators
        Table of further calibrators (the form of ``standards.csv``).
    neighbours
        Table of other sources in the beam (the same form) that go into the model. Without it, where
        the profile asks for a field model, they are taken from an image of a first solution.
    imager
        Program for that image.
    scratch
        Room for the working copy.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}], ``figures`` [{caption, path}], ``set`` (the content of
        ``set.json``).

    Raises
    ------
    NoCalibrator
        If no field of the set can calibrate it.
    SolveFailed
        If CASA finds no solution.
    """
    telescope = Profile.model_validate(profile)
    source, target = Path(ms), Path(out_dir)
    roles = assign(
        source, telescope, load_calibrators(Path(calibrators) if calibrators else None), pointing_dec_deg
    )
    flag_set = FlagSet.load(Path(flags))
    with tempfile.TemporaryDirectory(prefix="solve-", dir=scratch) as room:
        once = _Solve(source, flag_set, telescope, group, roles, pointing_dec_deg, Path(room))
        others: Sequence[Calibrator] = read_sources(Path(neighbours)) if neighbours else ()
        if telescope.calibration.field_model and not neighbours:
            once.run(Path(room) / "first", ())
            others = field_model(
                source, flag_set, Path(room) / "first", telescope, pointing_dec_deg, imager, Path(room)
            )
        described, metrics = once.run(target, others)
    bandpass = read_solutions(target / "bandpass.cal")
    gain = read_solutions(target / described.tables[-1].file)
    return {
        "set": described.model_dump(mode="json"),
        "metrics": metrics,
        "neighbours": [asdict(one) for one in others],
        "figures": write_figures(bandpass, gain, antenna_names(source), target / "figures"),
    }


def apply(
    ms: str,
    flags: str,
    calibration: str,
    profile: Mapping[str, Any],
    out_dir: str,
    scratch: str | None = None,
) -> dict[str, Any]:
    """Apply a calibration set and write the averaged, calibrated imaging set.

    Parameters
    ----------
    ms, flags
        Published Measurement Set and flag product; both are only read.
    calibration
        Directory of the calibration set.
    profile
        Telescope profile as ``Profile.model_dump(mode="json")``.
    out_dir
        Directory of the product: receives ``calibrated.ms``.
    scratch
        Room for the working copy.

    Returns
    -------
    dict
        ``metrics`` [{name, value, detail}], ``figures``, ``ms`` (path), ``tables`` (kinds applied),
        ``staleness_hours`` (between the set and the data).
    """
    telescope = Profile.model_validate(profile)
    with tempfile.TemporaryDirectory(prefix="apply-", dir=scratch) as room:
        return apply_set(
            Path(ms), FlagSet.load(Path(flags)), Path(calibration), telescope, Path(out_dir), Path(room)
        )


@dataclass(frozen=True)
class _Solve:
    """The solves of one group; run once, or twice with a better model."""

    ms: Path
    flags: FlagSet
    telescope: Profile
    group: str
    roles: Roles
    pointing_dec_deg: float | None
    scratch: Path

    def run(
        self, target: Path, neighbours: Sequence[Calibrator]
    ) -> tuple[SetDescription, list[dict[str, Any]]]:
        """Solve into `target` with `neighbours` in the model; returns the set and its metrics."""
        target.mkdir(parents=True, exist_ok=True)
        when, choices = span(self.ms), self.telescope.calibration
        with working_copy(self.ms, self.scratch) as work:
            self.flags.apply_to(work)
            beam = _drift_beam(self.telescope, when, self.pointing_dec_deg)
            fluxes = set_models(
                work, self.roles.bandpass, choices.flux_standard, when.frequency_hz, beam, neighbours
            )
            antennas = antennas_with_data(work, [field.number for field, _ in self.roles.bandpass])
            reference = choose_reference(antennas, choices.reference_antennas)
            chain = Chain(work, self.roles, choices, reference.name, target, _window_count(work))
            tables, transferred = _run(chain, choices, when.frequency_hz)
        bandpass = read_solutions(tables["bandpass"])
        _require_reference(bandpass, reference)
        described = _describe(
            self.telescope,
            self.group,
            self.roles,
            when,
            reference,
            tables,
            [*fluxes, *transferred],
            bandpass,
            chain,
            self.pointing_dec_deg,
        )
        described.save(target)
        return described, _metrics(tables, bandpass, antennas, transferred)


def _run(
    chain: Chain, choices: Calibration, frequency_hz: float
) -> tuple[dict[TableKind, Path], list[FluxDensity]]:
    delay = chain.delay()
    before = [delay] if choices.delay else []
    phase = chain.prebandpass_phase(delay)
    bandpass = chain.bandpass([*before, phase])
    before.append(bandpass)
    gain = chain.gain(before)
    tables: dict[TableKind, Path] = {"delay": delay, "bandpass": bandpass, "gain": gain}
    transferred: list[FluxDensity] = []
    if chain.roles.gain:
        tables["gain"], transferred = chain.transfer_flux(gain, frequency_hz)
    if choices.short_solint:
        tables["short_gain"] = chain.short_gain([*before, gain], choices.short_solint)
    return tables, transferred


def _metrics(
    tables: Mapping[TableKind, Path],
    bandpass: Sequence[Solutions],
    antennas: Sequence[Antenna],
    transferred: Sequence[FluxDensity],
) -> list[dict[str, Any]]:
    gain = read_solutions(tables["gain"])
    course = read_solutions(tables["short_gain"]) if "short_gain" in tables else gain
    numbers = [antenna.number for antenna in antennas]
    names = {antenna.number: antenna.name for antenna in antennas}
    lost = sorted(set(judge.lost_antennas(bandpass, numbers)) | set(judge.lost_antennas(gain, numbers)))
    amplitude, phase = judge.gain_scatter(course)
    delays = np.abs(judge.delays_ns(read_solutions(tables["delay"])))
    errors = [flux.error_jy / flux.jy for flux in transferred]
    rows: list[tuple[str, float, str]] = [
        (
            "bandpass_flagged_fraction",
            judge.flagged_fraction(bandpass, numbers),
            f"{len(numbers)} antennas with data",
        ),
        (
            "gain_flagged_fraction",
            judge.flagged_fraction(gain, numbers),
            f"{len(numbers)} antennas with data",
        ),
        (
            "antennas_lost_fraction",
            len(lost) / len(numbers),
            "without a solution: " + (", ".join(names[n] for n in lost) or "none"),
        ),
        ("bandpass_snr", judge.median_snr(bandpass), "median of unflagged solutions"),
        ("gain_snr", judge.median_snr(gain), "median of unflagged solutions"),
        (
            "bandpass_roughness",
            judge.bandpass_roughness(bandpass),
            "robust scatter between neighbouring channels",
        ),
        ("gain_amplitude_scatter", amplitude, "robust, about each antenna's median"),
        ("gain_phase_scatter", phase, "robust, about a straight line in time"),
        ("largest_delay", float(delays.max()) if delays.size else float("nan"), "diagnostic K solve"),
        ("flux_transfer_error", max(errors, default=0.0), f"{len(errors)} secondary calibrators"),
    ]
    return [{"name": name, "value": value, "detail": detail} for name, value, detail in rows]


def _describe(
    telescope: Profile,
    group: str,
    roles: Roles,
    when: Span,
    reference: Antenna,
    tables: Mapping[TableKind, Path],
    fluxes: Sequence[FluxDensity],
    bandpass: Sequence[Solutions],
    chain: Chain,
    pointing_dec_deg: float | None,
) -> SetDescription:
    choices = telescope.calibration
    own = (when.start, when.end)
    windows: dict[TableKind, tuple[datetime, datetime]] = {
        "delay": window_around(when.middle, choices.bandpass_validity_hours, own),
        "bandpass": window_around(when.middle, choices.bandpass_validity_hours, own),
        "gain": window_around(when.middle, choices.gain_validity_hours, own),
        "short_gain": own,
    }
    # the delay table is stored as a diagnostic; it belongs to the set only when it was a prior
    kinds: list[TableKind] = [kind for kind in tables if kind != "delay" or choices.delay]
    amplitude = np.concatenate([np.abs(one.values[~one.flag]) for one in bandpass])
    return SetDescription(
        profile=telescope.name,
        group=group,
        calibrator=", ".join(source.name for _, source in roles.bandpass[:1]),
        bandpass_fields=tuple(field.name for field, _ in roles.bandpass),
        gain_fields=tuple(field.name for field in roles.gain),
        centre=when.middle,
        start=when.start,
        end=when.end,
        declination_deg=roles.bandpass[0][0].dec_deg if pointing_dec_deg is None else pointing_dec_deg,
        reference_antenna=reference.name,
        tables=tuple(
            CalibrationTable(
                kind=kind,
                file=tables[kind].name,
                valid_from=windows[kind][0],
                valid_until=windows[kind][1],
                interpolation=INTERPOLATION[kind],
                combined_windows=chain.joins_windows and kind == "short_gain",
            )
            for kind in kinds
        ),
        flux_densities=tuple(fluxes),
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


def _drift_beam(telescope: Profile, when: Span, pointing_dec_deg: float | None) -> DriftBeam | None:
    if pointing_dec_deg is None or not telescope.imaging.beam_drifts:
        return None
    diameter = telescope.imaging.beam_diameter_m or telescope.dish_diameter_m
    return DriftBeam(pointing_dec_deg, when.longitude_deg, diameter)


def _window_count(ms: Path) -> int:
    from casacore.tables import table

    with table(str(ms / "SPECTRAL_WINDOW"), **READ_ONLY) as windows:
        return int(windows.nrows())
