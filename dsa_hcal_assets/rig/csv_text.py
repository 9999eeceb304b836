"""The rig's CSV files as text: raw ones for delivery, processed ones as product.

Numbers are written so that reading them back gives the same float64; times are UTC with a Z.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dsa_hcal_assets.clock import require_utc

if TYPE_CHECKING:
    import pandas as pd

    from dsa_hcal_assets.rig.readings import Reading

RAW_HEADER = ("timestamp", "temperature", "pressure", "uptime")


def stamp(moment: datetime) -> str:
    """Return a time as the rig's files write it, e.g. ``2025-06-05T12:00:00Z``."""
    return require_utc(moment).replace(tzinfo=None).isoformat() + "Z"


def raw_text(readings: Iterable["Reading"]) -> bytes:
    """Return the bytes of a raw file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(RAW_HEADER)
    for one in readings:
        writer.writerow([stamp(one.timestamp), one.temperature, one.pressure, one.uptime])
    return buffer.getvalue().encode()


def processed_text(frame: "pd.DataFrame") -> bytes:
    """Return the bytes of a processed file; `frame` as in `CleanResult`."""
    table = frame.copy()
    table["timestamp"] = [stamp(moment.to_pydatetime().astimezone(UTC)) for moment in frame["timestamp"]]
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()


def read_processed(path: Path) -> "pd.DataFrame":
    """Read a processed file back; columns and types as in `CleanResult.frame`."""
    import pandas as pd

    frame = pd.read_csv(path, keep_default_na=False, float_precision="round_trip")
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], format="ISO8601", utc=True).astype(
        "datetime64[us, UTC]"
    )
    return frame
