"""What ingest remembers of a subband: a summary of its header, small enough for the database."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from dsa_hcal_assets.clock import group_key

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.ingest.uvh5 import Uvh5Header

UNIX_EPOCH_JD = 2440587.5
# JD in float64 resolves 40 microseconds: a whole second may read as 59.9999
ROUNDING = timedelta(milliseconds=1)


@dataclass(frozen=True)
class SubbandHeader:
    """One subband as its header tells it. Digests stand for arrays: equal digest, equal array."""

    telescope: str
    first_jd: float  # middle of the first integration, UTC
    last_jd: float
    integrations: int
    integration_s: float
    rows: int
    channels: int
    low_hz: float  # centre of the lowest channel
    high_hz: float
    channel_width_hz: float
    polarizations: tuple[int, ...]
    antennas: int  # with data
    phase_kind: str
    declination_rad: float | None  # of a drift scan's pointing, apparent
    field_names: tuple[str, ...]
    times_digest: str
    antennas_digest: str
    fields_digest: str
    digest: str
    bytes: int

    @property
    def first_time(self) -> datetime:
        """Time stamp of the first integration, rounded to the millisecond."""
        return _datetime(self.first_jd)

    @property
    def group(self) -> str:
        """Key of the group the subband belongs to."""
        return group_key(self.first_time)

    @property
    def mean_hz(self) -> float:
        """Middle of the subband, Hz."""
        return (self.low_hz + self.high_hz) / 2

    def as_json(self) -> dict[str, Any]:
        """Return the header as JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Return the header `as_json` described."""
        tuples = {name: tuple(record[name]) for name in ("polarizations", "field_names")}
        return cls(**{**record, **tuples})


def summarise(header: "Uvh5Header") -> SubbandHeader:
    """Reduce a full header to its summary."""
    import numpy as np

    used = np.union1d(header.ant1, header.ant2)
    return SubbandHeader(
        telescope=header.telescope_name,
        first_jd=float(header.times_jd.min()),
        last_jd=float(header.times_jd.max()),
        integrations=len(np.unique(header.times_jd)),
        integration_s=float(np.median(header.integration_s)),
        rows=len(header.times_jd),
        channels=len(header.frequencies_hz),
        low_hz=float(header.frequencies_hz.min()),
        high_hz=float(header.frequencies_hz.max()),
        channel_width_hz=float(header.channel_widths_hz.mean()),
        polarizations=tuple(header.polarizations.tolist()),
        antennas=len(used),
        phase_kind=header.phase_kind,
        declination_rad=header.drift_app_dec_rad,
        field_names=tuple(field.name for field in header.fields),
        times_digest=_digest(header.times_jd, header.integration_s),
        antennas_digest=_digest(header.ant1, header.ant2, header.antenna_numbers, header.antenna_positions_m),
        fields_digest=_digest(
            header.field_ids, header.polarizations, repr((header.fields, header.drift_app_dec_rad))
        ),
        digest=header.digest,
        bytes=header.file_bytes,
    )


def _digest(*parts: Any) -> str:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part.encode() if isinstance(part, str) else part.tobytes())
    return hasher.hexdigest()[:32]


def _datetime(jd: float) -> datetime:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=jd - UNIX_EPOCH_JD)
    milliseconds = round(moment.microsecond / 1000)
    return moment.replace(microsecond=0) + milliseconds * ROUNDING
