"""The solves of a drift-scan calibrator group, from one pass over its visibilities to caltables."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.calibration.description import TableKind
from dsa_hcal_assets.radio.calibration.fields import Roles
from dsa_hcal_assets.radio.calibration.sky_model import SkyModel
from dsa_hcal_assets.radio.calibration.solver import solves
from dsa_hcal_assets.radio.calibration.solver.accumulation import accumulate
from dsa_hcal_assets.radio.calibration.solver.caltable import Entries, Kind, write_caltable
from dsa_hcal_assets.radio.calibration.solver.normal import NormalEquations
from dsa_hcal_assets.radio.calibration.solver.solves import Solved
from dsa_hcal_assets.radio.flagging.flagset import FlagSet
from dsa_hcal_assets.radio.profiles.processing import Calibration

Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Work:
    """What is solved: one calibrator field of a Measurement Set with its flags, and into which directory."""

    ms: Path
    flags: FlagSet
    field: int
    sky: SkyModel
    reference: int  # antenna id
    tables: Path


def suits(choices: Calibration, roles: Roles) -> bool:
    """Tell whether this chain can do what a profile asks for a group: one calibrator, gains over all of it.

    Everything else (several calibrators, flux transfer, delays to be applied) is CASA's.
    """
    one_calibrator = len(roles.bandpass) == 1 and not roles.gain
    return one_calibrator and not choices.delay and choices.gain_solint == "inf"


def solve_tables(work: Work, choices: Calibration) -> dict[TableKind, Path]:
    """Solve phases, bandpass, gains and, if asked for, gains in short intervals; write the caltables.

    Order and limits are those of the CASA chain. The phases that are taken out before the bandpass
    are solved over the whole band, after a first bandpass took the delays out; the delay table holds
    that bandpass's delays, as a diagnostic.

    Returns
    -------
    dict
        Caltable by kind, with keys "delay", "bandpass", "gain" and, if asked for, "short_gain".

    Raises
    ------
    SolveFailed
        If there is no solution at all.
    ConfigurationError
        If an interval is not a time.
    """
    windows = _equations(work, choices, choices.prebandpass_solint)
    reference = _index(windows, work.reference)
    fewest = choices.minblperant
    first = [solves.bandpass(one, reference, fewest).values[0] for one in windows]
    phases = solves.gains(windows, first, reference, fewest, phase_only=True).of_quality(choices.gain_minsnr)
    passes = [_bandpass(one, reference, phases, choices) for one in windows]
    shapes = [one.values[0] for one in passes]
    gains = [
        solves.gains([one], [shape], reference, fewest, each_interval=False).of_quality(choices.gain_minsnr)
        for one, shape in zip(windows, shapes, strict=True)
    ]
    written: dict[TableKind, Path] = {
        "delay": _write(work, "delay", "K Jones", map(_delays, windows, first)),
        "bandpass": _write(work, "bandpass", "B Jones", map(_entries, windows, passes)),
        "gain": _write(work, "gain", "G Jones", map(_entries, windows, gains)),
    }
    if choices.short_solint:
        if choices.short_solint != choices.prebandpass_solint:
            windows = _equations(work, choices, choices.short_solint)
        calibrated = [shape * gain.values[0] for shape, gain in zip(shapes, gains, strict=True)]
        short = solves.gains(windows, calibrated, reference, fewest).of_quality(choices.gain_minsnr)
        written["short_gain"] = _write(work, "short_gain", "G Jones", [_entries(windows[0], short)])
    return written


def seconds(solint: str) -> float:
    """Return an interval as CASA spells it ("60s", "2min", "inf") in seconds.

    Raises
    ------
    ConfigurationError
        If it is none of these.
    """
    number, length = (solint[:-3], 60.0) if solint.endswith("min") else (solint.removesuffix("s"), 1.0)
    with suppress(ValueError):
        if float(number) > 0:
            return float(number) * length
    raise ConfigurationError(f"solution interval {solint!r} is not a time", expected='like "60s" or "inf"')


def _equations(work: Work, choices: Calibration, solint: str) -> list[NormalEquations]:
    return accumulate(
        work.ms,
        work.flags,
        work.field,
        work.sky,
        interval_s=seconds(solint),
        shortest_lambda=choices.uvrange_lambda,
    )


def _index(windows: Sequence[NormalEquations], antenna: int) -> int:
    return int(np.searchsorted(windows[0].antennas, antenna))


def _bandpass(equations: NormalEquations, reference: int, phases: Solved, choices: Calibration) -> Solved:
    solved = solves.bandpass(equations, reference, choices.minblperant, phases.values[:, :, 0])
    good = solved.of_quality(choices.bandpass_minsnr)
    values = solves.filled(good.values[0], choices.fillgaps)[None]
    return Solved(values, solved.snr, solved.times, solved.lengths)


def _entries(equations: NormalEquations, solved: Solved) -> Entries:
    return Entries(
        equations.spectral_window,
        equations.antennas,
        solved.values,
        solved.snr,
        solved.times,
        solved.lengths,
    )


def _delays(equations: NormalEquations, bandpass: Complex) -> Entries:
    delays = solves.delays_ns(bandpass, equations.frequency_hz)[None, :, None]
    return Entries(
        equations.spectral_window,
        equations.antennas,
        delays,
        np.isfinite(delays).astype(np.float64),
        np.array([equations.middle]),
        np.array([equations.length]),
    )


def _write(work: Work, name: TableKind, kind: Kind, entries: Iterable[Entries]) -> Path:
    from dsa_hcal_assets.radio.calibration.solve import SolveFailed

    rows = list(entries)
    if not any(np.isfinite(one.values).any() for one in rows):
        raise SolveFailed(
            f"no solution for {name}",
            remedy="look at the flags and the SNR of the calibrator; take another calibrator or set",
        )
    target = work.tables / f"{name}.cal"
    return write_caltable(target, work.ms, kind, rows, reference=work.reference, field=work.field, scan=1)
