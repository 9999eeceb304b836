"""What the controllers are asked now and then, as rows: LEDs of half-sectors, DAC settings of towers.

Belongs here: which rows a snapshot becomes, and writing them in the caller's transaction. Not here:
what is read in every cycle (tower_rows.py).
"""

import io
import logging
import math
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from dsa_hcal_assets.database.binary_copy import copy_bytes, postgres_time
from dsa_hcal_assets.hcal.controllers.readings import LEDS, TOWERS, ChannelReading, Leds, Snapshot
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap

DARK = 5.0
"""ADC counts a PIN diode shows at most without light."""

LED_COLUMNS = (
    *(f"led_intensity_{number}" for number in range(1, LEDS + 1)),
    *(f"pin_diode_{number}" for number in range(1, LEDS + 1)),
)
_INSERT_LEDS = f"insert into hcal.led_reading (ts, half_sector, lit, {', '.join(LED_COLUMNS)}) values %s"  # noqa: S608
DAC_ROW = np.dtype([("ts", "i8"), ("dac", "f4"), ("tower_id", "i2")])
_COPY_DACS = "copy hcal.dac_reading (ts, dac, tower_id) from stdin (format binary)"

LedRow = tuple[datetime, int, bool | None, *tuple[float | None, ...]]

logger = logging.getLogger(__name__)


def write(
    cursor: Cursor, snapshots: Sequence[Snapshot], channel_map: ChannelMap, replaced: Sequence[datetime]
) -> None:
    """Write the rows of snapshots in the place of what the cycles `replaced` had."""
    if replaced:
        cursor.execute("delete from hcal.led_reading where ts = any(%s)", (list(replaced),))
        cursor.execute("delete from hcal.dac_reading where ts = any(%s)", (list(replaced),))
    asked = [snapshot for snapshot in snapshots if _asked(snapshot)]
    if not asked:
        return
    leds = [row for snapshot in asked for row in led_rows(snapshot, channel_map)]
    execute_values(cursor, _INSERT_LEDS, leds, page_size=1000)
    dacs = np.concatenate([dac_rows(snapshot, channel_map) for snapshot in asked])
    cursor.copy_expert(_COPY_DACS, io.BytesIO(copy_bytes(dacs)))


def led_rows(snapshot: Snapshot, channel_map: ChannelMap) -> Iterator[LedRow]:
    """Yield the rows of `hcal.led_reading`: time, half-sector, lit, intensities, PIN diodes.

    A channel of which neither was asked for has no row. One whose towers the map puts into several
    half-sectors has none either: its LEDs then belong to no half-sector.
    """
    half_sectors = geometry.towers().half_sector
    for channel, towers in _served(snapshot, channel_map):
        if channel.led_intensity is None and channel.pin_diode is None:
            continue
        served = np.unique(half_sectors[towers]).tolist()
        if len(served) > 1:
            logger.warning("LEDs of %s not loaded: towers of half-sectors %s", snapshot.cycle, served)
            continue
        values = [*_sql(channel.led_intensity), *_sql(channel.pin_diode)]
        yield (snapshot.cycle, served[0], lit(channel.pin_diode), *values)


def dac_rows(snapshot: Snapshot, channel_map: ChannelMap) -> NDArray[np.void]:
    """Return the rows of `hcal.dac_reading` as `DAC_ROW` records; NaN: not read."""
    served = [
        (channel.dac, towers) for channel, towers in _served(snapshot, channel_map) if channel.dac is not None
    ]
    rows = np.zeros((len(served), TOWERS), DAC_ROW)
    rows["ts"] = postgres_time(snapshot.cycle)
    for row, (dac, towers) in zip(rows, served, strict=True):
        row["dac"], row["tower_id"] = dac, towers
    return rows.reshape(-1)


def lit(pin_diode: Leds | None) -> bool | None:
    """Return whether any PIN diode saw light; None where that cannot be said."""
    if pin_diode is None:
        return None
    if (pin_diode > DARK).any():
        return True
    return None if np.isnan(pin_diode).any() else False


def _asked(snapshot: Snapshot) -> bool:
    """Return whether there is anything for these tables: in most cycles there is not."""
    return any(
        channel.led_intensity is not None or channel.pin_diode is not None or channel.dac is not None
        for board in snapshot.boards
        for channel in board.channels
    )


def _served(
    snapshot: Snapshot, channel_map: ChannelMap
) -> Iterator[tuple[ChannelReading, NDArray[np.int16]]]:
    """Yield the channels of boards that answered, each with its towers in the board's order."""
    epoch = channel_map.at(snapshot.cycle)
    for board in snapshot.boards:
        served = epoch.towers_of(board.board)
        if served is not None and board.status != "down":
            for channel in board.channels:
                yield channel, served[channel.channel]


def _sql(values: Leds | None) -> list[float | None]:
    """Return the values as SQL takes them."""
    if values is None:
        return [None] * LEDS
    return [None if math.isnan(value) else value for value in values.tolist()]
