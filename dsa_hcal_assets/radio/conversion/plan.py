"""What a group of subbands becomes: band, rows, fields and layout, decided before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.errors import NotDirect
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre, Phasing, phase
from dsa_hcal_assets.radio.conversion.windows import Window as Window
from dsa_hcal_assets.radio.conversion.windows import windows_of
from dsa_hcal_assets.radio.ingest.errors import BadHeader, InconsistentGroup
from dsa_hcal_assets.radio.ingest.uvh5 import Field, Uvh5Header
from dsa_hcal_assets.radio.profiles.model import Profile, SpwLayout

Ints = NDArray[np.int64]
# AIPS polarisation code -> CASA Stokes code (casacore Stokes::StokesTypes), which is also the order
# of correlations CASA expects
CASA_STOKES = {1: 1, 2: 2, 3: 3, 4: 4, -1: 5, -3: 6, -4: 7, -2: 8, -5: 9, -7: 10, -8: 11, -6: 12}
# the same pair of feeds seen from the other antenna
CROSSED = {-3: -4, -4: -3, -7: -8, -8: -7}
# casacore MDirection names of (frame, epoch)
CASA_FRAMES = {("icrs", 2000.0): "ICRS", ("fk5", 2000.0): "J2000", ("fk4", 1950.0): "B1950"}


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

    def present(self, window: Window) -> NDArray[np.bool_]:
        """Return which channels of `window` some subband has, shape (channels,)."""
        found = np.zeros(len(window.frequencies_hz), np.bool_)
        for part, first in zip(window.parts, window.offsets, strict=True):
            found[first : first + len(self.headers[part].frequencies_hz)] = True
        return found

    @property
    def missing_channels(self) -> int:
        """Channels of lost subbands in all windows."""
        return sum(int(np.count_nonzero(~self.present(window))) for window in self.windows)

    @property
    def frame(self) -> str:
        """Name of the frame all fields are in, as casacore spells it."""
        return CASA_FRAMES[self.fields[0].frame, self.fields[0].epoch]

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
    any_frame: bool = False,
) -> Plan:
    """Decide how the subbands with `headers` become one Measurement Set.

    `any_frame` allows fields in frames that only pyuvdata's writer can name.

    Raises
    ------
    InconsistentGroup
        If the subbands differ in times, antennas, polarisations, fields or pointing, overlap, or
        leave a gap in one spectral window that is not as wide as lost subbands.
    NotDirect
        If the phase centres need a FIELD table that only pyuvdata writes.
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
    if not any_frame:
        _require_one_frame(reference, phasing.fields)
    first, second = reference.ant1[rows], reference.ant2[rows]
    # CASA wants one order of antennas throughout; where all rows agree the file's order stays
    mixed = bool(np.any(first < second) and np.any(first > second))
    stokes = np.array([CASA_STOKES[int(code)] for code in reference.polarizations])
    return Plan(
        headers=ascending,
        windows=windows_of(ascending, profile, layout or profile.conversion.spw_layout),
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


def _require_one_frame(header: Uvh5Header, fields: Sequence[Field]) -> None:
    frames = {(field.frame, field.epoch) for field in fields}
    if len(frames) > 1 or not frames <= set(CASA_FRAMES):
        raise NotDirect(
            f"{header.path.name}: frames of phase centres {sorted(frames)}",
            expected=f"one of {sorted(CASA_FRAMES)} for all fields",
            remedy="take the writer pyuvdata or auto, or give a phase centre",
        )


def _scans(fields: Ints) -> Ints:
    """Number the runs of rows on one field, from 1."""
    return np.concatenate([[1], 1 + np.cumsum(np.diff(fields) != 0)])
