"""Days of a detector as arrays that a test may change before they are stored: the truth of anomalies.

The rows are those the loader makes, written without the detour over snapshot files.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg2.extras import execute_values

from dsa_hcal_assets.clock import day_key
from dsa_hcal_assets.database.binary_copy import copy_bytes, postgres_time
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import BOARDS, ChannelMap
from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions

DAY = "2025-06-05"
START = datetime(2025, 6, 5, tzinfo=UTC)
STEP = timedelta(minutes=10)
REALS = ("temperature", "leakage", "bias_offset", "bias", "lv_positive", "lv_negative")
TEMPERATURE_NOISE, LEAKAGE_NOISE = 0.03, 0.02  # deg C, board units, from reading to reading

_ARRIVALS = """
insert into platform.arrival (source, name, subject, partition, digest, bytes, state, sample_time, loaded_at,
                              run_id, incoming_path)
values %s returning arrival_id
"""
_SNAPSHOTS = """
insert into hcal.snapshot (cycle, arrival_id, sequence, acquisition_id, run_number, boards_ok, boards_partial,
                           boards_down, boards_absent, boards_unmapped, towers_read, map_digest, run_id)
values %s
"""


@dataclass
class Scene:
    """Cycles of a detector in good order; every array may be changed.

    Parameters
    ----------
    times
        Start of each cycle.
    temperature, leakage, bias_offset
        [cycles, 3072].
    bias, lv_positive, lv_negative, high_gain
        [cycles, 128].
    down
        (cycle, board) of which nothing was read.
    lost
        Cycles that never reached the database.
    acquisitions
        First cycle of each acquisition process.
    """

    times: list[datetime]
    temperature: NDArray[np.float32]
    leakage: NDArray[np.float32]
    bias_offset: NDArray[np.float32]
    bias: NDArray[np.float32]
    lv_positive: NDArray[np.float32]
    lv_negative: NDArray[np.float32]
    high_gain: NDArray[np.bool_]
    down: set[tuple[int, str]] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    acquisitions: tuple[int, ...] = (0,)

    def store(self, database: Database, channel_map: ChannelMap, *, towers: bool = True) -> None:
        """Write the cycles as the loader does, `towers` false: without their readings."""
        sync_dimensions(database, channel_map)
        kept = [cycle for cycle in range(len(self.times)) if cycle not in self.lost]
        with database.transaction() as cursor:
            for month in sorted({(time.year, time.month) for time in self.times}):
                cursor.execute("select hcal.ensure_month(%s)", (datetime(*month, 1, tzinfo=UTC),))
            ids = execute_values(cursor, _ARRIVALS, [self._arrival(cycle) for cycle in kept], fetch=True)
            snapshots = [self._snapshot(cycle, id) for cycle, (id,) in zip(kept, ids, strict=True)]
            execute_values(cursor, _SNAPSHOTS, snapshots)
            boards = [
                (self.times[cycle], board, "down" if (cycle, board) in self.down else "ok")
                for cycle in kept
                for board in BOARDS
            ]
            execute_values(cursor, "insert into hcal.board_reading (ts, board, status) values %s", boards)
            if towers:
                rows = np.concatenate([self._towers(cycle, channel_map) for cycle in kept])
                columns = ", ".join(rows.dtype.names or ())
                cursor.copy_expert(
                    f"copy hcal.tower_reading ({columns}) from stdin (format binary)",
                    io.BytesIO(copy_bytes(rows)),
                )

    def _sequence(self, cycle: int) -> tuple[int, str]:
        first = max(one for one in self.acquisitions if one <= cycle)
        return cycle - first, f"acquisition-{self.times[first]:%d%H%M}"

    def _arrival(self, cycle: int) -> tuple[object, ...]:
        time = self.times[cycle]
        name = f"hcal_{time:%Y%m%dT%H%M%S}"
        return (
            "hcal",
            name,
            name,
            day_key(time),
            name,
            1,
            "loaded",
            time,
            time,
            "run-1",
            f"/incoming/{name}",
        )

    def _snapshot(self, cycle: int, arrival_id: int) -> tuple[object, ...]:
        silent = sum((cycle, board) in self.down for board in BOARDS)
        read = geometry.HCAL_TOWERS - 192 * silent
        counts = (len(BOARDS) - silent, 0, silent, 0, 0, read)
        sequence, acquisition = self._sequence(cycle)
        return (self.times[cycle], arrival_id, sequence, acquisition, 52000, *counts, "map", "run-1")

    def _towers(self, cycle: int, channel_map: ChannelMap) -> NDArray[np.void]:
        kind = [("ts", "i8"), *((name, "f4") for name in REALS), ("gain", "S6"), ("tower_id", "i2")]
        rows = np.zeros(geometry.HCAL_TOWERS, np.dtype(kind))
        half_sector = geometry.towers().half_sector
        rows["ts"], rows["tower_id"] = postgres_time(self.times[cycle]), np.arange(geometry.HCAL_TOWERS)
        for name in REALS[:3]:
            rows[name] = getattr(self, name)[cycle]
        for name in REALS[3:]:
            rows[name] = getattr(self, name)[cycle][half_sector]
        rows["gain"] = np.where(self.high_gain[cycle][half_sector], b"high", b"normal")
        return rows[~np.isin(rows["tower_id"], _served(self.down, cycle, channel_map))]


def quiet(cycles: int = 36, start: datetime = START, *, step: timedelta = STEP, seed: int = 1) -> Scene:
    """Return cycles of a detector on which nothing is wrong: cooling, day and night, noise."""
    fixed = np.random.default_rng(7)
    random = np.random.default_rng([seed, int(start.timestamp())])
    times = [start + number * step for number in range(cycles)]
    towers = geometry.towers()
    day = np.array([(time - START) / timedelta(days=1) for time in times])[:, np.newaxis]
    usual = np.where(towers.detector == 0, 22.3, 24.45) + 0.35 * np.sin(2 * np.pi * towers.iphi / 64)
    usual += np.clip(fixed.normal(0, 0.08, geometry.HCAL_TOWERS), -0.2, 0.2)
    temperature = usual + 0.12 * np.sin(2 * np.pi * day) + _noise(random, TEMPERATURE_NOISE, cycles)
    current = fixed.uniform(1, 4, geometry.HCAL_TOWERS)
    leakage = current * 2 ** ((temperature - 22) / 8) + _noise(random, LEAKAGE_NOISE, cycles)
    offset = np.clip(np.round(fixed.normal(-300, 450, geometry.HCAL_TOWERS)), -2000, 1270)
    return Scene(
        times,
        temperature.astype(np.float32),
        leakage.astype(np.float32),
        np.tile(offset.astype(np.float32), (cycles, 1)),
        *(
            np.tile(values.astype(np.float32), (cycles, 1))
            for values in (fixed.uniform(64.5, 66.4, 128), np.full(128, 6.4), np.full(128, -6.6))
        ),
        high_gain=np.zeros((cycles, 128), dtype=bool),
    )


def _noise(random: np.random.Generator, size: float, cycles: int) -> NDArray[np.float64]:
    return random.normal(0, size, (cycles, geometry.HCAL_TOWERS))


def _served(down: Collection[tuple[int, str]], cycle: int, channel_map: ChannelMap) -> NDArray[np.int16]:
    epoch = channel_map.at(START)
    silent = [epoch.towers_of(board) for moment, board in down if moment == cycle]
    return np.concatenate([np.ravel(one) for one in silent if one is not None] or [np.empty(0, np.int16)])
