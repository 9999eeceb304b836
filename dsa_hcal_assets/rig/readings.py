"""The rig's raw CSV: what a reading is, and reading a file without guessing.

Belongs here: the file form and its refusals. Not here: which readings are good (cleaning).

A field that is empty (or NaN, null, NA, None) is a missing value: the row is kept here and dropped,
and counted, by cleaning. A field with something else in it that is no time or no number means that
the writer is broken: the whole file is refused, naming row and column, and stays in quarantine.
"""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger.model import FileUnavailable

COLUMNS = ("timestamp", "temperature", "pressure", "uptime")
QUANTITIES = COLUMNS[1:]
FIRST_DAY = date(2023, 1, 1)  # first daily partition; nothing earlier can be processed
FUTURE_LIMIT = timedelta(days=1)
_MISSING = ["", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A"]
_SHOWN = 40


class RigFileUnreadable(BadInput):
    """The bytes are no CSV text."""


class RigColumnsMissing(BadInput):
    """A column the rig always writes is not there, or is there twice."""


class RigValueInvalid(BadInput):
    """A field holds something that is no time or no number."""


class RigTimeImpossible(BadInput):
    """A reading claims a time that cannot be right."""


class RigFileUnavailable(FileUnavailable):
    """The operating system did not let us read the file now."""


@dataclass(frozen=True)
class Reading:
    """One row: UTC time, temperature in deg C, pressure in kPa, uptime in hours."""

    timestamp: datetime
    temperature: float
    pressure: float
    uptime: float

    def __post_init__(self) -> None:
        require_utc(self.timestamp)


@dataclass(frozen=True)
class RawFile:
    """A raw file as delivered.

    Parameters
    ----------
    frame
        Columns `COLUMNS`: timestamp (datetime64, UTC; NaT where missing), the others float64 (NaN
        where missing). The index is the row's number in the file, the first row below the header
        being 1.
    digest
        SHA-256 of the bytes, hexadecimal.
    """

    frame: pd.DataFrame
    digest: str

    @property
    def first(self) -> datetime:
        """The first time stamp in file order."""
        stamps = self.frame["timestamp"].dropna()
        moment: datetime = stamps.iloc[0].to_pydatetime()
        return moment.astimezone(UTC)

    @property
    def days(self) -> list[str]:
        """UTC days the file has rows for, in order; rows without a stamp count to the first's day."""
        return sorted(set(self.row_days))

    @property
    def row_days(self) -> "pd.Series[str]":
        """UTC day of each row; a row without a time stamp goes with the file's first one."""
        days: pd.Series[str] = self.frame["timestamp"].dt.strftime("%Y-%m-%d")
        return days.fillna(self.first.date().isoformat())


def read_file(path: Path, *, now: datetime | None = None) -> RawFile:
    """Read a raw file of the rig.

    Parameters
    ----------
    path
        CSV, UTF-8, with a header; the columns may come in any order and others are ignored.
        Times are ISO 8601; one without an offset is UTC.
    now
        With it, times before 2023 or more than a day after it are refused.

    Raises
    ------
    RigFileUnreadable, RigColumnsMissing, RigValueInvalid, RigTimeImpossible
        The content cannot be used; the message names file, row and column.
    RigFileUnavailable
        The file could not be read (gone, permission, I/O error).
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RigFileUnavailable(
            f"{path.name} could not be read", found=str(error), remedy="check the file and its directory"
        ) from error
    return parse(data, path.name, now=now)


def parse(data: bytes, name: str, *, now: datetime | None = None) -> RawFile:
    """Parse the bytes of a raw file; see `read_file`."""
    texts = _texts(data, name)
    frame = pd.DataFrame(
        {
            "timestamp": _times(texts["timestamp"], name),
            **{column: _numbers(texts[column], name) for column in QUANTITIES},
        }
    )
    if frame["timestamp"].isna().all():
        raise RigValueInvalid(f"{name} has no time stamp", expected="at least one reading with a time")
    if now is not None:
        _require_possible(frame["timestamp"], name, require_utc(now))
    return RawFile(frame, hashlib.sha256(data).hexdigest())


def _texts(data: bytes, name: str) -> pd.DataFrame:
    try:
        texts = pd.read_csv(
            io.StringIO(data.decode("utf-8-sig")),
            dtype=str,
            keep_default_na=False,
            na_values=_MISSING,
            skipinitialspace=True,
            header=None,
            index_col=False,
        )
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError, ValueError) as error:
        raise RigFileUnreadable(
            f"{name} is no CSV file", expected=f"columns {', '.join(COLUMNS)}", found=str(error).strip()
        ) from error
    header = [str(title).strip() for title in texts.iloc[0]]
    for column in COLUMNS:
        if header.count(column) != 1:
            raise RigColumnsMissing(
                f"{name}: column {column} is {'there twice' if column in header else 'missing'}",
                expected=", ".join(COLUMNS),
                found=", ".join(header)[:200],
                remedy="write the header timestamp,temperature,pressure,uptime and deliver again",
            )
    rows = texts.iloc[1:]
    rows.columns = pd.Index(header)
    return rows[list(COLUMNS)]


def _times(texts: "pd.Series[str]", name: str) -> "pd.Series[pd.Timestamp]":
    times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
    _require_parsed(texts, times, name, "a time such as 2025-06-05T12:00:00Z")
    return times.astype("datetime64[us, UTC]")


def _numbers(texts: "pd.Series[str]", name: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    _require_parsed(texts, numbers, name, "a number")
    return numbers


def _require_parsed(texts: "pd.Series[str]", values: "pd.Series[Any]", name: str, expected: str) -> None:
    bad = texts.notna() & values.isna()
    if bad.any():
        row = int(str(bad.idxmax()))
        raise RigValueInvalid(
            f"{name}, row {row}, column {texts.name}: not {expected}"
            + (f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""),
            expected=expected,
            found=repr(str(texts.loc[row])[:_SHOWN]),
            remedy="correct or remove the row and deliver the file again",
        )


def _require_possible(times: "pd.Series[pd.Timestamp]", name: str, now: datetime) -> None:
    earliest = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    latest = now + FUTURE_LIMIT
    bad = (times < earliest) | (times > latest)
    if bad.any():
        row = int(str(bad.idxmax()))
        raise RigTimeImpossible(
            f"{name}, row {row}, column timestamp: the time cannot be right",
            expected=f"from {earliest.date()} to {latest.isoformat(timespec='seconds')}",
            found=str(times.loc[row]),
            remedy="check the rig's clock; release the file if ours was wrong",
        )
