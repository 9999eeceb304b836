"""What a Measurement Set says about itself, read with casacore; runs in a worker process.

Opening a strange table may crash the library, so nothing here runs in a sensor or a run.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.ledger.files import Identity
from dsa_hcal_assets.radio.archive.errors import EmptyMeasurementSet, HalfCopied, UnreadableTimes
from dsa_hcal_assets.radio.archive.parts import require_whole

MJD_ZERO = datetime(1858, 11, 17, tzinfo=UTC)
FIRST, LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
# TIME of an MS is in UTC by its definition; importers write the scale their data came in
SCALES = {"UTC": "utc", "TAI": "tai", "IAT": "tai"}
FRAMES = {"J2000": "fk5", "FK5": "fk5", "ICRS": "icrs"}

Floats = NDArray[np.float64]


class FieldFacts(BaseModel):
    """One field: PHASE_DIR as the table has it, rad, in `frame`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    frame: str
    ra_rad: float
    dec_rad: float


class SetFacts(BaseModel):
    """A Measurement Set in a few numbers.

    `first` and `last` are the middles of the first and last integration (UTC, to the millisecond).
    `field_dec_deg` is the mean declination of the fields, apparent (true equator of date): where a
    drift scan points, to within the distance of its phase centres from the beam's. `frequencies_hz`
    spans the channel centres. `digest` and `bytes` are the tree's identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    bytes: int
    telescope: str
    first: datetime
    last: datetime
    rows: int
    integrations: int
    integration_s: float
    windows: int
    channels: int
    correlations: int
    antennas: int
    frequencies_hz: tuple[float, float]
    fields: tuple[FieldFacts, ...]
    field_dec_deg: float | None


def read_facts(ms: Path) -> SetFacts:
    """Read what a set says of itself; its visibilities are touched at both ends only.

    Raises
    ------
    NotAMeasurementSet, MissingParts, HalfCopied, LockedMeasurementSet
        As `parts.require_whole`.
    EmptyMeasurementSet
        If it has no rows, fields or antennas.
    UnreadableTimes
        If its times are no times between 1980 and 2100, or on an unknown scale.
    """
    from casacore import tables

    identity = trees.identify(ms)
    require_whole(ms)
    try:
        with tables.table(str(ms), ack=False, lockoptions="usernoread") as main:
            if not main.nrows():
                raise EmptyMeasurementSet(f"{ms.name} has no rows", expected="visibilities")
            times = _times(main, ms.name)
            columns = {name: main.getcol(name) for name in ("ANTENNA1", "ANTENNA2", "DATA_DESC_ID")}
            interval = float(np.median(main.getcol("INTERVAL")))
        return _facts(ms, identity, times, columns, interval)
    except RuntimeError as error:  # what python-casacore raises for all that cannot be read
        raise HalfCopied(
            f"{ms.name} cannot be read",
            expected="every part the tables announce",
            found=" ".join(str(error).split())[:300],
            remedy="finish or repeat the copy",
        ) from error


def _facts(
    ms: Path,
    identity: Identity,
    times: Floats,
    columns: Mapping[str, NDArray[np.int32]],
    interval: float,
) -> SetFacts:
    first, last = _moment(times.min()), _moment(times.max())
    fields = _fields(ms)
    bands = [_column(ms, "SPECTRAL_WINDOW", "CHAN_FREQ", row) for row in range(_rows(ms, "SPECTRAL_WINDOW"))]
    telescopes = _column(ms, "OBSERVATION", "TELESCOPE_NAME")
    if not (fields and bands and telescopes and _rows(ms, "ANTENNA")):
        raise EmptyMeasurementSet(
            f"{ms.name} has an empty subtable", expected="a field, a window, a telescope and antennas"
        )
    channels = np.concatenate(bands)
    return SetFacts(
        digest=identity.digest,
        bytes=identity.bytes,
        telescope=str(telescopes[0]),
        first=first,
        last=last,
        rows=len(times),
        integrations=len(np.unique(times)),
        integration_s=interval,
        windows=len(np.unique(columns["DATA_DESC_ID"])),
        channels=len(channels),
        correlations=len(_column(ms, "POLARIZATION", "CORR_TYPE", 0)),
        antennas=len(np.union1d(columns["ANTENNA1"], columns["ANTENNA2"])),
        frequencies_hz=(float(channels.min()), float(channels.max())),
        fields=fields,
        field_dec_deg=_apparent_declination(fields, first),
    )


def _times(main: Any, name: str) -> Floats:
    """Return the column TIME in s of MJD, UTC."""
    times = np.asarray(main.getcol("TIME"), np.float64)
    scale = str(main.getcolkeywords("TIME").get("MEASINFO", {}).get("Ref", "UTC")).upper()
    limits = ((FIRST - MJD_ZERO).total_seconds(), (LAST - MJD_ZERO).total_seconds())
    # not (inside) rather than outside: NaN is neither
    if not np.all((times > limits[0]) & (times < limits[1])):
        raise UnreadableTimes(
            f"{name}: TIME has values that are no time of an observation",
            expected=f"seconds of MJD between {FIRST:%Y} and {LAST:%Y}",
            found=f"{times.min()} to {times.max()}",
        )
    if scale not in SCALES:
        raise UnreadableTimes(
            f"{name}: TIME is on the scale {scale}", expected=f"one of {', '.join(SCALES)}", found=scale
        )
    if SCALES[scale] == "utc":
        return times
    from astropy.time import Time

    return np.asarray(Time(times / 86400, format="mjd", scale=SCALES[scale]).utc.mjd * 86400, np.float64)


def _moment(seconds: float) -> datetime:
    # MJD in float64 resolves a microsecond: a whole second may read as 59.9999
    return MJD_ZERO + timedelta(milliseconds=round(float(seconds) * 1e3))


def _fields(ms: Path) -> tuple[FieldFacts, ...]:
    from casacore import tables

    with tables.table(str(ms / "FIELD"), ack=False) as table:
        info = table.getcolkeywords("PHASE_DIR").get("MEASINFO", {})
        frame = str(info.get("Ref", "variable"))
        # a polynomial in time: its first term is the direction at the field's own time
        directions = [np.asarray(table.getcell("PHASE_DIR", row))[0] for row in range(table.nrows())]
        return tuple(
            FieldFacts(name=name, frame=frame, ra_rad=float(ra), dec_rad=float(dec))
            for name, (ra, dec) in zip(table.getcol("NAME"), directions, strict=True)
        )


def _apparent_declination(fields: tuple[FieldFacts, ...], when: datetime) -> float | None:
    """Mean declination of the fields of date, deg; None in a frame without a fixed meaning."""
    from astropy import units
    from astropy.coordinates import CIRS, SkyCoord
    from astropy.time import Time

    frame = FRAMES.get(fields[0].frame.upper())
    if frame is None:
        return None
    places = SkyCoord(
        [one.ra_rad for one in fields] * units.rad, [one.dec_rad for one in fields] * units.rad, frame=frame
    )
    # CIRS has the true equator of date: its declination is the apparent one
    of_date = places.transform_to(CIRS(obstime=Time(when.replace(tzinfo=None), scale="utc")))
    mean = float(np.mean(of_date.dec.deg))
    return mean if math.isfinite(mean) else None


def _rows(ms: Path, subtable: str) -> int:
    from casacore import tables

    with tables.table(str(ms / subtable), ack=False) as table:
        return int(table.nrows())


def _column(ms: Path, subtable: str, column: str, row: int | None = None) -> Any:
    from casacore import tables

    with tables.table(str(ms / subtable), ack=False) as table:
        return table.getcol(column) if row is None else table.getcell(column, row)
