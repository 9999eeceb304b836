"""What the controllers are asked now and then, as rows: LEDs of half-sectors, DAC settings of towers.

Belongs here: which rows a snapshot becomes, and writing them in the caller's transaction. Not here:
what is read in every cycle (tower_rows.py).
"""

import logging
import math
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from dsa_hcal_assets.hcal.controllers.readings import LEDS, ChannelReading, Leds, Snapshot
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap

DARK = 5.0
"""ADC counts a PIN diode shows at most without light."""

LED_COLUMNS = (
    *(f"led_intensity_{number}" for number in range(1, LEDS + 1)),
    *(f"pin_diode_{number}" for number in range(1, LEDS + 1)),
)
_INSERT_LEDS = f"insert into hcal.led_reading (ts, half_sector, lit, {', '.join(LED_COLUMNS)}) values %s"  # noqa: S608
_INSERT_DACS = "insert into hcal.dac_reading (ts, tower_id, dac) values %s"

LedRow = tuple[datetime, int, bool | None, *tuple[float | None, ...]]
DacRow = tuple[datetime, int, float | None]

logger = logging.getLogger(__name__)


def write(
    cursor: Cursor, snapshots: Sequence[Snapshot], channel_map: ChannelMap, replaced: Sequence[datetime]
) -> None:
    """Write the rows of snapshots in the place of what the cycles `replaced` had."""
    if replaced:
        cursor.execute("delete from hcal.led_reading where ts = any(%s)", (list(replaced),))
        cursor.execute("delete from hcal.dac_reading where ts = any(%s)", (list(replaced),))
    asked = [snapshot for snapshot in snapshots if _asked(snapshot)]
    leds = [row for snapshot in asked for row in led_rows(snapshot, channel_map)]
    dacs = [row for snapshot in asked for row in dac_rows(snapshot, channel_map)]
    if leds:
        execute_values(cursor, _INSERT_LEDS, leds, page_size=1000)
    if dacs:
        execute_values(cursor, _INSERT_DACS, dacs, page_size=1000)


def led_rows(snapshot: Snapshot, channel_map: ChannelMap) -> Iterator[LedRow]:
    """Yield the rows of `hcal.led_reading`: time, half-sector, lit, intensities, PIN diodes.

    A channel of which neither was asked for has no row. One whose towers the map puts into several
    half-sectors has none either: its LEDs then belong to no half-sector.
    """
    half_sectors = geometry.towers().half_sector
    for channel, towers in _served(snapshot, channel_map):
        if channel.led_intensity is None and channel.pin_diode is None:
            continue
        served = {int(half_sectors[tower]) for tower in towers}
        if len(served) > 1:
            logger.warning("LEDs of %s not loaded: towers of half-sectors %s", snapshot.cycle, sorted(served))
            continue
        values = [*_sql(channel.led_intensity), *_sql(channel.pin_diode)]
        yield (snapshot.cycle, served.pop(), lit(channel.pin_diode), *values)


def dac_rows(snapshot: Snapshot, channel_map: ChannelMap) -> Iterator[DacRow]:
    """Yield the rows of `hcal.dac_reading`: time, tower, DAC setting."""
    for channel, towers in _served(snapshot, channel_map):
        if channel.dac is not None:
            for tower, value in zip(towers, channel.dac.tolist(), strict=True):
                yield snapshot.cycle, tower, None if math.isnan(value) else value


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


def _served(snapshot: Snapshot, channel_map: ChannelMap) -> Iterator[tuple[ChannelReading, list[int]]]:
    """Yield the channels of boards that answered, each with its towers in the board's order."""
    epoch = channel_map.at(snapshot.cycle)
    for board in snapshot.boards:
        served = epoch.towers_of(board.board)
        if served is not None and board.status != "down":
            for channel in board.channels:
                yield channel, served[channel.channel].tolist()


def _sql(values: Leds | None) -> list[float | None]:
    """Return the values as SQL takes them."""
    if values is None:
        return [None] * LEDS
    return [None if math.isnan(value) else value for value in values.tolist()]
