"""Supply map: which sector of the calorimeter a supply channel serves, and since when.

The map is data. A CSV file (``#`` starts a comment line) has one row a channel::

    valid_from,valid_to,crate,slot,channel,hcal_sector

Times are UTC days or ISO times, `valid_to` exclusive and empty while the row holds; sectors are
0-31 outer, 32-63 inner. Channels that are not in it are kept without a sector.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.mapping.validity import MapFile, period

COLUMNS = ("valid_from", "valid_to", "crate", "slot", "channel", "hcal_sector")
SECTORS = 64
Place = tuple[str, int, int]
"""Crate, slot, channel."""


class SupplyMapError(ConfigurationError):
    """A supply map file cannot be used; the message names file and line."""


_FILE = MapFile("supply map", "DSA_HCAL_HCAL__SUPPLY_MAP_FILE", COLUMNS, SupplyMapError)


@dataclass(frozen=True)
class SupplyMapRow:
    """One line of the map: a channel serves a sector for a time, half-open."""

    valid_from: datetime
    valid_to: datetime
    place: Place
    hcal_sector: int


@dataclass(frozen=True)
class SupplyMap:
    """All rows of a map, and the digest that identifies it."""

    rows: tuple[SupplyMapRow, ...]
    digest: str

    def at(self, moment: datetime) -> dict[Place, int]:
        """Return the sector of every channel that serves one at `moment` (aware)."""
        moment = require_utc(moment)
        return {row.place: row.hcal_sector for row in self.rows if row.valid_from <= moment < row.valid_to}


def shipped_path() -> Path:
    """Return the path of the map that comes with the package (an assumption, see its head)."""
    return Path(str(resources.files("dsa_hcal_assets.hcal.supplies") / "supply_map.csv"))


def load_supply_map(path: Path | None = None) -> SupplyMap:
    """Read and check a supply map; None takes the one shipped.

    Raises
    ------
    SupplyMapError
        If the file or a line cannot be read, or a channel serves two sectors at one time.
    """
    path = path or shipped_path()
    text = _FILE.read(path)
    rows = tuple(row for _, row in _FILE.rows(text, str(path), _row))
    _require_one_sector(path, rows)
    return SupplyMap(rows, hashlib.sha256(text.encode()).hexdigest())


def _row(record: dict[str, str]) -> SupplyMapRow:
    sector, slot, channel = (int(record[name]) for name in ("hcal_sector", "slot", "channel"))
    if not 0 <= sector < SECTORS:
        raise ValueError(f"hcal_sector 0-{SECTORS - 1} is required")
    if not record["crate"] or slot < 0 or channel < 0:
        raise ValueError("crate, slot and channel are required")
    return SupplyMapRow(*period(record), (record["crate"], slot, channel), sector)


def _require_one_sector(path: Path, rows: tuple[SupplyMapRow, ...]) -> None:
    last: dict[Place, SupplyMapRow] = {}
    for row in sorted(rows, key=lambda row: (row.place, row.valid_from)):
        before = last.get(row.place)
        if before is not None and row.valid_from < before.valid_to:
            crate, slot, channel = row.place
            raise SupplyMapError(
                f"supply map {path}: channel {channel} of slot {slot} of {crate} serves two sectors from "
                f"{row.valid_from.isoformat()}",
                found=f"sectors {before.hcal_sector} and {row.hcal_sector}",
            )
        last[row.place] = row
