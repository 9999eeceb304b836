"""The tables an EMCal snapshot goes into, written in the caller's transaction (`loading.DayTables`).

The rows of a cycle are always deleted before they are written, so that loading and reloading are
one path and leave the same rows; with the cycle known to be free the towers go by binary COPY
straight into the partition.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import Json, execute_values

from dsa_hcal_assets.database.binary_copy import copy_of, copy_records
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.emcal.board_layout import BoardLayout, load_board_layout
from dsa_hcal_assets.hcal.emcal.board_map import BoardEpoch, BoardMap, load_board_map
from dsa_hcal_assets.hcal.emcal.dimensions import sync_dimensions
from dsa_hcal_assets.hcal.emcal.readings import EmcalSnapshot
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.hcal.emcal.tower_rows import ROW, tower_rows
from dsa_hcal_assets.hcal.snapshots import loading, snapshot_rows
from dsa_hcal_assets.hcal.snapshots.load_report import LoadReport
from dsa_hcal_assets.hcal.snapshots.loading import Prepared
from dsa_hcal_assets.hcal.snapshots.partitions import make_months
from dsa_hcal_assets.ledger import Arrival, Ledger
from dsa_hcal_assets.settings.hcal import HcalSettings

_COPY = f"copy hcal.emcal_reading ({', '.join(ROW.names or ())}) from stdin (format binary)"
_INSERT_BOARDS = """
insert into hcal.emcal_board_reading (ts, controller, channel, sector, interface_board, status, sampled_at,
                                      gain, lv_positive, bias, lv_negative, failed_readings, error)
values %s
"""


@dataclass(frozen=True, eq=False)
class MappedTowers:
    """What a snapshot becomes: its rows as records of a COPY, and the map of its time."""

    records: bytes
    epoch: BoardEpoch


Ready = Prepared[EmcalSnapshot, MappedTowers]


@dataclass(frozen=True)
class EmcalTables:
    """The tables of the EMCal's snapshots under a board map and a board layout."""

    board_map: BoardMap
    layout: BoardLayout
    batch: int = 4  # 98 k rows

    def prepare(self, arrival: Arrival, snapshot: EmcalSnapshot) -> Ready:
        """Assign the values to towers; raises `MapNotValid` outside the map's validity."""
        epoch = self.board_map.at(snapshot.cycle)
        towers = tower_rows(snapshot, epoch, self.layout)
        content = MappedTowers(copy_records(towers.rows), epoch)
        return Prepared(arrival, snapshot, content, len(towers.rows), towers.unmapped)

    def make_room(self, database: Database, cycles: Sequence[datetime]) -> None:
        """Create the partitions of `cycles` (UTC months), in a transaction of its own."""
        make_months(database, cycles, "select hcal.ensure_month('emcal_reading', %s)")

    def present(self, cursor: Cursor, cycles: Sequence[datetime]) -> dict[datetime, int]:
        """Return the arrival each of `cycles` is loaded from, for those that are."""
        return snapshot_rows.present(cursor, EMCAL.name, cycles)

    def write(self, cursor: Cursor, some: Sequence[Ready], run_id: str) -> None:
        """Write snapshots of one UTC day with the states of boards and towers."""
        cycles = [prepared.snapshot.cycle for prepared in some]
        cursor.execute("delete from hcal.emcal_reading where ts = any(%s)", (cycles,))
        cursor.execute("delete from hcal.emcal_board_reading where ts = any(%s)", (cycles,))
        statuses = [(one, [board.status for board in one.snapshot.boards()]) for one in some]
        snapshot_rows.replace(cursor, EMCAL.name, statuses, run_id)
        boards = [row for prepared in some for row in _board_rows(prepared)]
        execute_values(cursor, _INSERT_BOARDS, boards, page_size=2000)
        records = copy_of(prepared.content.records for prepared in some)
        # in one piece: between two pieces the thread that reads the next files would have its turn
        cursor.copy_expert(_COPY, io.BytesIO(records), size=len(records))


def configured_tables(settings: HcalSettings) -> EmcalTables:
    """Return the tables under the board map and the layout an installation uses."""
    return EmcalTables(
        load_board_map(settings.emcal_board_map_file), load_board_layout(settings.emcal_layout_file)
    )


def load_day(
    database: Database,
    ledger: Ledger,
    day: str | date,
    tables: EmcalTables,
    run_id: str,
    everything: bool = False,
    *,
    now: datetime | None = None,
) -> LoadReport:
    """Load the pending snapshots of a UTC day, or all of them again; see `snapshots.loading.load_day`."""
    sync_dimensions(database, tables.board_map)
    return loading.load_day(database, ledger, EMCAL, tables, day, run_id, everything, now=now)


def _board_rows(prepared: Ready) -> Iterator[tuple[Any, ...]]:
    snapshot, epoch = prepared.snapshot, prepared.content.epoch
    absent = dict(epoch.boards)
    for controller in snapshot.controllers:
        voltages = [[None if v != v else v for v in row] for row in controller.voltage.tolist()]
        for index, board in enumerate(controller.boards()):
            channel = controller.channels[index]
            place = absent.pop((controller.controller, channel), None)
            yield (
                snapshot.cycle,
                controller.controller,
                channel,
                *(place or (None, None)),
                "unmapped" if place is None else board.status,
                controller.sampled_at,
                controller.gain[index],
                *voltages[index],
                len(board.errors),
                Json({name: dict(error) for name, error in board.errors.items()}) if board.errors else None,
            )
    for (name, channel), place in absent.items():
        yield (snapshot.cycle, name, channel, *place, "absent", None, None, None, None, None, 0, None)
