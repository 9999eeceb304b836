"""One payload as two files: a ROOT file that reconstruction's own reader takes, and Parquet.

The ROOT file has the form of the experiment's `CDBTTree` (sPHENIX coresoftware, offline/framework): a
TTree ``Multiple`` with a row a tower, ``IID`` the packed tower key, other branches a letter for the type
(F float, I int, D double) and the name; a TTree ``Single`` with one row of what holds for all towers. The
Parquet file has the same rows under plain names, and the facts in its schema's metadata.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.conditions.detectors import Calorimeter
from dsa_hcal_assets.hcal.conditions.intervals import Interval

FORMAT = 1
UNCORRECTED = -1
KEY = "tower_key"
_FACTS = b"dsa_hcal.conditions"
_INT, _FLOAT = np.dtype("int32"), np.dtype("float32")

# column -> type, in the order of both files; missing numbers are NaN
COLUMNS: dict[str, np.dtype[Any]] = {
    KEY: _INT,  # iphi + (ieta << 16)
    "tower_id": _INT,
    "towerid": _INT,
    "ieta": _INT,
    "iphi": _INT,
    "readings": _INT,  # temperatures that went into the means
    "temperature": _FLOAT,  # SiPM, mean, deg C
    "temperature_spread": _FLOAT,  # sample standard deviation over the interval, deg C
    "temperature_preamp": _FLOAT,  # EMCal's pre-amplifiers, mean, deg C
    "leakage": _FLOAT,  # mean, as the boards report it
    "bias": _FLOAT,  # mean, V
    "bias_offset": _FLOAT,  # as last read, DAC/mV units
    "gain_mode": _INT,  # as last read: 0 normal, 1 high, -1 unknown
    "gain": _FLOAT,  # factor to multiply a signal by; 1 where not corrected
    "gain_error": _FLOAT,
    "bad_severity": _INT,  # worst of the interval: 0 good, 1 usable with care, 2 not usable
    "status": _INT,  # as hcal.tower_state_at
}


class BadPayload(BadInput):
    """A file that is no payload of this form."""


@dataclass(frozen=True)
class Facts:
    """What holds for all towers of a payload. `correction_set`: `UNCORRECTED` where there is none."""

    detector: int
    valid_from: datetime
    valid_until: datetime
    correction_set: int = UNCORRECTED
    format: int = FORMAT

    @classmethod
    def of(cls, calorimeter: Calorimeter, validity: Interval, correction_set: int | None) -> "Facts":
        """Return the facts of a payload of `calorimeter`."""
        number = UNCORRECTED if correction_set is None else correction_set
        return cls(int(calorimeter), validity.start, validity.end, number)

    @property
    def stem(self) -> str:
        """Name of the files without suffix: ``OHCal_20250605T000000Z``."""
        return f"{Calorimeter(self.detector).label}_{self.valid_from:%Y%m%dT%H%M%SZ}"


def write_root(path: Path, towers: pd.DataFrame, facts: Facts) -> None:
    """Write the rows of `COLUMNS` and the facts as ROOT file, never onto an existing one."""
    import uproot

    names = {name: _branch(name) for name in COLUMNS}
    single = {
        "Iformat": facts.format,
        "Idetector": facts.detector,
        "Icorrection_set": facts.correction_set,
        "Dvalid_from": facts.valid_from.timestamp(),
        "Dvalid_until": facts.valid_until.timestamp(),
    }
    kinds = {name: _INT if name.startswith("I") else np.dtype("float64") for name in single}
    with uproot.create(path) as file:
        # named one by one: what uproot makes of a plain assignment changes with its version
        rows = file.mktree("Multiple", {names[name]: kind for name, kind in COLUMNS.items()})
        rows.extend({names[name]: towers[name].to_numpy(kind) for name, kind in COLUMNS.items()})
        file.mktree("Single", kinds).extend(
            {name: np.array([value], kinds[name]) for name, value in single.items()}
        )


def read_root(path: Path) -> tuple[pd.DataFrame, Facts]:
    """Return rows and facts of a ROOT file that `write_root` wrote.

    Raises
    ------
    BadPayload
        If it is another file.
    """
    import uproot

    try:
        with uproot.open(path) as file:
            rows = file["Multiple"].arrays(list(map(_branch, COLUMNS)), library="np")
            single = {name: values[0] for name, values in file["Single"].arrays(library="np").items()}
        facts = Facts(
            int(single["Idetector"]),
            datetime.fromtimestamp(single["Dvalid_from"], UTC),
            datetime.fromtimestamp(single["Dvalid_until"], UTC),
            int(single["Icorrection_set"]),
            int(single["Iformat"]),
        )
    except (OSError, ValueError, KeyError, IndexError, uproot.exceptions.KeyInFileError) as error:
        raise BadPayload(f"{path} is no conditions payload", found=str(error)) from error
    return pd.DataFrame({name: rows[_branch(name)] for name in COLUMNS}), facts


def write_parquet(path: Path, towers: pd.DataFrame, facts: Facts) -> None:
    """Write the rows of `COLUMNS` with the facts; equal contents give equal bytes."""
    record = asdict(facts) | {
        "valid_from": facts.valid_from.isoformat(),
        "valid_until": facts.valid_until.isoformat(),
    }
    schema = pa.schema(
        [(name, pa.from_numpy_dtype(kind)) for name, kind in COLUMNS.items()],
        metadata={_FACTS: json.dumps(record).encode()},
    )
    # NaN stays NaN: a null would come back as another type
    columns = [pa.array(towers[name].to_numpy(kind)) for name, kind in COLUMNS.items()]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), path, compression="zstd")


def read_parquet(path: Path) -> tuple[pd.DataFrame, Facts]:
    """Return rows and facts of a Parquet file that `write_parquet` wrote.

    Raises
    ------
    BadPayload
        If it is another file.
    """
    try:
        table = pq.read_table(path, columns=list(COLUMNS))
        record = json.loads((table.schema.metadata or {})[_FACTS])
        facts = Facts(
            record["detector"],
            datetime.fromisoformat(record["valid_from"]),
            datetime.fromisoformat(record["valid_until"]),
            record["correction_set"],
            record["format"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadPayload(f"{path} is no conditions payload", found=str(error)) from error
    return table.replace_schema_metadata().to_pandas(), facts


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _branch(name: str) -> str:
    if name == KEY:
        return "IID"
    return ("F" if COLUMNS[name] == _FLOAT else "I") + name
