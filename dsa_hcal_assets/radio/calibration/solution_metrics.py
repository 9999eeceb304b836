"""What is measured of a calibration set before anything may use it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsa_hcal_assets.radio.calibration import solutions as judge
from dsa_hcal_assets.radio.calibration.description import FluxDensity, TableKind
from dsa_hcal_assets.radio.calibration.reference import Antenna
from dsa_hcal_assets.radio.calibration.solutions import read_solutions


def measure(
    tables: Mapping[TableKind, Path],
    antennas: Sequence[Antenna],
    transferred: Sequence[FluxDensity],
    amplitude_factor: float,
) -> list[dict[str, Any]]:
    """Return the metrics of stage ``calibration_tables``: [{name, value, detail}].

    Parameters
    ----------
    tables
        Caltables by kind; bandpass and gain are needed.
    antennas
        Those with data on the calibrator; each should have got solutions.
    transferred
        Flux densities of secondary calibrators.
    amplitude_factor
        Typical |corrected / raw|, see `SetDescription`.
    """
    bandpass, gain = read_solutions(tables["bandpass"]), read_solutions(tables["gain"])
    course = read_solutions(tables["short_gain"]) if "short_gain" in tables else gain
    numbers = [antenna.number for antenna in antennas]
    names = {antenna.number: antenna.name for antenna in antennas}
    lost = sorted(set(judge.lost_antennas(bandpass, numbers)) | set(judge.lost_antennas(gain, numbers)))
    amplitude, phase = judge.gain_scatter(course)
    delay = read_solutions(tables["delay"]) if "delay" in tables else ()
    delays = np.abs(judge.delays_ns(delay)) if delay else np.zeros(0)
    errors = [flux.error_jy / flux.jy for flux in transferred]
    rows: list[tuple[str, float, str]] = [
        (
            "bandpass_flagged_fraction",
            judge.flagged_fraction(bandpass, numbers),
            f"{len(numbers)} antennas with data",
        ),
        ("channels_unsolved_fraction", judge.unsolved_fraction(bandpass), "of the channels of the tables"),
        (
            "gain_flagged_fraction",
            judge.flagged_fraction(gain, numbers),
            f"{len(numbers)} antennas with data",
        ),
        (
            "antennas_lost_fraction",
            len(lost) / len(numbers) if numbers else 1.0,
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
        ("amplitude_factor", amplitude_factor, "median of |corrected / raw| by the bandpass"),
        ("flux_transfer_error", max(errors, default=0.0), f"{len(errors)} secondary calibrators"),
    ]
    return [{"name": name, "value": value, "detail": detail} for name, value, detail in rows]
