"""A calibration set on disk: a directory of caltables and ``set.json`` that says what they are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.errors import BadInput

FILE_NAME = "set.json"
TableKind = Literal["delay", "bandpass", "gain", "short_gain"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CalibrationTable(_Record):
    """One caltable of a set: in the order of application, valid from - until (UTC).

    `combined_windows`: solved over all spectral windows together, so every window takes number 0.
    """

    kind: TableKind
    file: str
    valid_from: datetime
    valid_until: datetime
    interpolation: str
    combined_windows: bool = False

    def holds_at(self, moment: datetime) -> bool:
        """Tell whether the table may be applied to data of this moment."""
        return self.valid_from <= require_utc(moment) <= self.valid_until


class FluxDensity(_Record):
    """Flux density of a calibrator field and where it comes from.

    `apparent_jy`: as it appears in the data, through the primary beam of a telescope that drifts.
    """

    field: str
    ra_deg: float
    dec_deg: float
    jy: float
    apparent_jy: float
    error_jy: float
    frequency_hz: float
    origin: str


class SetDescription(_Record):
    """Everything about a calibration set that its tables do not say themselves."""

    profile: str
    group: str
    calibrator: str
    bandpass_fields: tuple[str, ...]
    gain_fields: tuple[str, ...]
    centre: datetime
    start: datetime
    end: datetime
    declination_deg: float
    reference_antenna: str
    tables: tuple[CalibrationTable, ...]
    flux_densities: tuple[FluxDensity, ...]
    # typical |corrected / raw| on the calibrator: about 200 on the real DSA-110 correlator
    amplitude_factor: float

    def tables_at(self, moment: datetime, *, beyond: bool = False) -> list[CalibrationTable]:
        """Return the tables that hold at a moment, in the order of application.

        `beyond` their range, delays and bandpass count too: better old ones than none.
        """
        lasting = ("delay", "bandpass") if beyond else ()
        return [table for table in self.tables if table.holds_at(moment) or table.kind in lasting]

    def hours_beyond(self, moment: datetime) -> float:
        """Return how far a moment is beyond the range of the set's bandpass, h; 0 inside it."""
        ranges = [(one.valid_from, one.valid_until) for one in self.tables if one.kind == "bandpass"]
        return min((_hours_outside(moment, *one) for one in ranges), default=float("inf"))

    def hours_away(self, moment: datetime) -> float:
        """Return how far a moment is from the observation the set was solved on, h; 0 inside it."""
        return _hours_outside(moment, self.start, self.end)

    def save(self, directory: Path) -> Path:
        """Write ``set.json`` into the set's directory."""
        path = directory / FILE_NAME
        path.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        return path

    @classmethod
    def load(cls, directory: Path) -> "SetDescription":
        """Read the description of a set and see that its tables are there.

        Raises
        ------
        BadInput
            If it is missing or damaged, or a table is not there.
        """
        path = directory / FILE_NAME
        try:
            described = cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise BadInput(
                f"calibration set {directory} cannot be read",
                found=str(error)[:300],
                remedy="retire the set in the registry; the next valid one is taken then",
            ) from error
        missing = [one.file for one in described.tables if not (directory / one.file / "table.dat").is_file()]
        if missing:
            raise BadInput(
                f"calibration set {directory} lacks {', '.join(missing)}",
                remedy="retire the set in the registry; the next valid one is taken then",
            )
        return described


def window_around(
    centre: datetime, hours: float, cover: Sequence[datetime] = ()
) -> tuple[datetime, datetime]:
    """Return the validity `hours` to both sides of `centre`, widened to cover given moments."""
    half = timedelta(hours=hours)
    moments = [centre - half, centre + half, *cover]
    return min(moments), max(moments)


def _hours_outside(moment: datetime, first: datetime, last: datetime) -> float:
    return max(first - moment, moment - last, timedelta()).total_seconds() / 3600
