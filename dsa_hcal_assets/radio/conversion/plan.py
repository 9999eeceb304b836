"""What a group of subbands becomes: band, rows, fields and layout, decided before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, Phasing, phase
from dsa_hcal_assets.radio.ingest.errors import BadHeader, InconsistentGroup
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header
from dsa_hcal_assets.radio.profiles.model import Profile, SpwLayout

Ints = NDArray[np.int64]
# AIPS polarisation code -> CASA Stokes code (casacore Stokes::StokesTypes), which is also the order
# of correlations CASA expects
CASA_STOKES = {1: 1, 2: 2, 3: 3, 4: 4, -1: 5, -3: 6, -4: 7, -2: 8, -5: 9, -7: 10, -8: 11, -6: 12}
# the same pair of feeds seen from the other antenna
CROSSED = {-3: -4, -4: -3, -7: -8, -8: -7}
# largest misfit between neighbouring channels, in channel widths
CONTIGUITY = 0.01


@dataclass(frozen=True)
class Window:
    """A spectral window, ascending: `parts` are subband positions, low to high.

    `offsets` gives the window's channel each part begins at; channels of no part are missing.
    """

    parts: tuple[int, ...]
    offsets: tuple[int, ...]
    frequencies_hz: NDArray[np.float64]
    widths_hz: NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """A group ready to be written. Subbands ascend in frequency; rows are in order of the MS.

    `rows` maps rows of the MS (of one window) to rows of the files; `scans` gives the scan number
    of each of them; `swapped` marks rows whose antennas change places.
    """

    headers: tuple[Uvh5Header, ...]
    windows: tuple[Window, ...]
    phasing: Phasing
    rows: Ints
    scans: Ints
    swapped: NDArray[np.bool_]
    correlations: Ints  # indices into the files' polarisation axis, CASA's order

    @property
    def reference(self) -> Uvh5Header:
        """Header that speaks for the group: times, antennas and fields are the same in all."""
        return self.headers[0]

    @property
    def stokes(self) -> list[int]:
        """CASA codes of the correlations."""
        return [CASA_STOKES[int(self.reference.polarizations[i])] for i in self.correlations]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Fields of the Measurement Set."""
        return self.phasing.fields


def make_plan(
    headers: Sequence[Uvh5Header],
    profile: Profile,
    *,
    phase_centre: PhaseCentre | None = None,
    layout: SpwLayout | None = None,
) -> Plan:
    """Decide how the subbands with `headers` become one Measurement Set.

    Raises
    ------
    InconsistentGroup
        If the subbands differ in times, antennas, polarisations, fields or pointing, overlap, or
        leave a gap that one spectral window cannot bridge.
    UnsuitablePhase, NoEarthOrientation
        From `phase`.
    """
    ascending = tuple(sorted(headers, key=lambda header: float(header.frequencies_hz.mean())))
    require_consistent(ascending)
    reference = ascending[0]
    unknown = [int(code) for code in reference.polarizations if int(code) not in CASA_STOKES]
    if unknown:
        raise BadHeader(f"{reference.path.name}: polarisation codes {unknown} are not defined")
    rows = np.argsort(reference.times_jd, kind="stable")
    phasing = phase(reference, profile, phase_centre)
    first, second = reference.ant1[rows], reference.ant2[rows]
    # CASA wants one order of antennas throughout; where all rows agree the file's order stays
    mixed = bool(np.any(first < second) and np.any(first > second))
    stokes = np.array([CASA_STOKES[int(code)] for code in reference.polarizations])
    return Plan(
        headers=ascending,
        windows=_windows(ascending, layout or profile.conversion.spw_layout),
        phasing=phasing,
        rows=rows,
        scans=_scans(phasing.field_rows[rows]),
        swapped=(first > second) & mixed,
        correlations=np.argsort(stokes, kind="stable"),
    )


def require_consistent(headers: Sequence[Uvh5Header]) -> None:
    """Check that `headers` belong to one group.

    Raises
    ------
    InconsistentGroup
        Naming the subband and what differs.
    """
    reference = headers[0]
    same: dict[str, Callable[[Uvh5Header], object]] = {
        "telescope": lambda h: h.telescope_name,
        "times": lambda h: h.times_jd,
        "first antennas": lambda h: h.ant1,
        "second antennas": lambda h: h.ant2,
        "antenna numbers": lambda h: h.antenna_numbers,
        "antenna positions": lambda h: h.antenna_positions_m,
        "integration times": lambda h: h.integration_s,
        "polarisations": lambda h: h.polarizations,
        "fields of rows": lambda h: h.field_ids,
        "phase centres": lambda h: h.fields,
        "pointing": lambda h: (h.drift_app_dec_rad, h.drift_hour_angle_rad),
        "site": lambda h: (h.latitude_rad, h.longitude_rad, h.altitude_m),
    }
    for header in headers[1:]:
        for name, value in same.items():
            if not np.array_equal(value(header), value(reference)):  # type: ignore[arg-type]
                raise InconsistentGroup(
                    f"{header.path.name} and {reference.path.name} differ in {name}",
                    expected="the same in all subbands of a group",
                    remedy="see which subband belongs to another observation and quarantine it",
                )


def frequency_gaps(headers: Sequence[Uvh5Header]) -> NDArray[np.float64]:
    """Return how far each subband starts from where the one below ends, in channel widths."""
    lows = np.array([header.frequencies_hz.min() for header in headers])
    highs = np.array([header.frequencies_hz.max() for header in headers])
    widths = np.array([header.channel_widths_hz.mean() for header in headers])
    gaps: NDArray[np.float64] = (lows[1:] - highs[:-1]) / widths[:-1] - 1
    return gaps


def _windows(headers: tuple[Uvh5Header, ...], layout: SpwLayout) -> tuple[Window, ...]:
    gaps = frequency_gaps(headers)
    if np.any(gaps < -CONTIGUITY):
        worst = int(np.argmin(gaps))
        raise InconsistentGroup(
            f"{headers[worst].path.name} and {headers[worst + 1].path.name} overlap in frequency",
            expected="subbands side by side",
            found=f"{-gaps[worst]:.2f} channels of overlap",
        )
    if layout == "per-subband":
        return tuple(_window(headers, (i,)) for i in range(len(headers)))
    if np.any(gaps > CONTIGUITY):
        worst = int(np.argmax(gaps))
        raise InconsistentGroup(
            f"a gap of {gaps[worst]:.1f} channels above {headers[worst].path.name}",
            expected="a contiguous band for one spectral window",
            remedy="wait for the missing subband or use the layout per-subband",
        )
    return (_window(headers, tuple(range(len(headers)))),)


def _window(headers: tuple[Uvh5Header, ...], parts: tuple[int, ...]) -> Window:
    frequencies, widths, offsets, first = [], [], [], 0
    for part in parts:
        header = headers[part]
        order = np.argsort(header.frequencies_hz)
        frequencies.append(header.frequencies_hz[order])
        widths.append(header.channel_widths_hz[order])
        offsets.append(first)
        first += len(order)
    return Window(parts, tuple(offsets), np.concatenate(frequencies), np.concatenate(widths))


def _scans(fields: Ints) -> Ints:
    """Number the runs of rows on one field, from 1."""
    return np.concatenate([[1], 1 + np.cumsum(np.diff(fields) != 0)])


def total_bytes(paths: Sequence[Path]) -> int:
    """Return the size of the files together."""
    return sum(path.stat().st_size for path in paths)
