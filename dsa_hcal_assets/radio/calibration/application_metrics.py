"""What is measured of calibrated data before anything may use them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.calibration.description import SetDescription
from dsa_hcal_assets.radio.calibration.fields import fields_with_data
from dsa_hcal_assets.radio.calibration.tally import Tally
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

Bools = NDArray[np.bool_]


def measure(ms: Path, tallies: Sequence[Tally], described: SetDescription) -> list[dict[str, Any]]:
    """Return the metrics of stage ``calibrated_ms``: [{name, value, detail}].

    Shares are taken over cross-correlations between working receptors: those that have a signal.

    Parameters
    ----------
    ms
        Measurement Set the set was applied to.
    tallies
        What applying it saw, by data description.
    described
        The calibration set.
    """
    from casacore.tables import table

    with table(str(ms), **READ_ONLY) as main:
        columns = {name: main.getcol(name) for name in ("ANTENNA1", "ANTENNA2", "FIELD_ID", "TIME")}
    flagged = counted = zero = good = 0.0
    for tally in tallies:
        use = _working(tally, columns["ANTENNA1"][tally.rows], columns["ANTENNA2"][tally.rows])
        flagged += float(tally.flagged[use].sum())
        counted += float(use.sum()) * tally.channels
        zero += float(tally.zero[use].sum())
        good += float((tally.channels - tally.flagged[use]).sum())
    ratio, what = _amplitude_ratio(ms, tallies, described, columns)
    return [
        {
            "name": "flagged_fraction",
            "value": flagged / counted if counted else float("nan"),
            "detail": "cross-correlations of working receptors",
        },
        {
            "name": "zero_fraction",
            "value": zero / good if good else 1.0,
            "detail": "exact zeros among unflagged corrected data",
        },
        {"name": "amplitude_ratio", "value": ratio, "detail": what},
    ]


def age(described: SetDescription, moment: datetime) -> list[dict[str, Any]]:
    """Return how far data of `moment` are from the set, and beyond the range of its bandpass, h."""
    return [
        {"name": "staleness_hours", "value": described.hours_away(moment), "detail": ""},
        {"name": "beyond_validity_hours", "value": described.hours_beyond(moment), "detail": ""},
    ]


def _working(tally: Tally, first: NDArray[np.int32], second: NDArray[np.int32]) -> Bools:
    """Cross-correlations between two receptors with a signal, shape (n_row, n_correlation)."""
    cross = first != second
    alive = np.zeros((int(max(first.max(), second.max())) + 1, tally.empty.shape[1]), np.bool_)
    for hand in range(tally.empty.shape[1]):
        rows = cross & ~tally.empty[:, hand]
        alive[first[rows], hand] = alive[second[rows], hand] = True
    return np.asarray(alive[first] & alive[second] & cross[:, None])


def _amplitude_ratio(
    ms: Path, tallies: Sequence[Tally], described: SetDescription, columns: dict[str, NDArray[Any]]
) -> tuple[float, str]:
    """Return the worst ratio of what came out to what was expected, and what was compared.

    A calibrator is a point source at the phase centre: its mean visibility is real and equals its
    flux density, whatever else is in the beam averages out. Data of other groups hold none: there
    the gains' factor is compared with that of the set. Each spectral window counts for itself: with
    one a subband, a single subband that is wrong would be lost in the mean of sixteen.
    """
    ratios = []
    if _is_of_set(columns["TIME"], described):
        fields = fields_with_data(ms)
        for flux in described.flux_densities:
            mine = [field.number for field in fields if field.name == flux.field]
            means = [(one, _mean_real(one, mine, columns)) for one in tallies]
            ratios += [
                (
                    mean / flux.apparent_jy,
                    f"corrected over known flux density on {flux.field}{_of(one, tallies)}",
                )
                for one, mean in means
                if not np.isnan(mean)
            ]
    if not ratios:
        expected = described.amplitude_factor
        ratios = [
            (one.factor / expected, f"amplitude factor against that of the set{_of(one, tallies)}")
            for one in tallies
        ]
    return max(ratios, key=lambda one: abs(np.log(one[0])) if one[0] > 0 else np.inf)


def _mean_real(tally: Tally, fields: Sequence[int], columns: dict[str, NDArray[Any]]) -> float:
    """Return the mean real part of unflagged cross-correlations of parallel hands; NaN without any."""
    rows = np.isin(columns["FIELD_ID"][tally.rows], fields)
    rows &= columns["ANTENNA1"][tally.rows] != columns["ANTENNA2"][tally.rows]
    hands = [0, -1]
    count = float((tally.channels - tally.flagged[rows][:, hands]).sum())
    return float(tally.real_sum[rows][:, hands].sum()) / count if count else np.nan


def _of(tally: Tally, tallies: Sequence[Tally]) -> str:
    return f", window {tally.description}" if len(tallies) > 1 else ""


def _is_of_set(times: NDArray[np.float64], described: SetDescription) -> bool:
    """Tell whether the data are those the set was solved on."""
    seconds = (described.centre - datetime(1858, 11, 17, tzinfo=described.centre.tzinfo)).total_seconds()
    half = (described.end - described.start).total_seconds() / 2 + 60.0  # TAI-labelled tables run ahead
    return bool(abs(float(times.min() + times.max()) / 2 - seconds) <= half)
