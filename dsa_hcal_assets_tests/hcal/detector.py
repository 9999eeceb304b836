"""Snapshots of a detector whose every value is known, for the tests of loading and after."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from dsa_hcal_assets.hcal.controllers.readings import BoardReading, ChannelReading, Record, Snapshot, unread
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.simulation.boards import physics

DAY = "2025-06-05"
START = datetime(2025, 6, 5, tzinfo=UTC)
STEP = timedelta(minutes=10)
EVENING = datetime(2025, 6, 5, 23, 30, tzinfo=UTC)
SEED = 7


def cycle(number: int) -> datetime:
    """Return the time of the day's `number`-th snapshot."""
    return START + number * STEP


def truth(board: str, channel: int, moment: datetime) -> physics.ChannelTruth:
    """Return what the half-sector really showed."""
    return physics.truth(SEED, board, channel, moment)


def snapshot(
    number: int = 0,
    *,
    moment: datetime | None = None,
    down: Collection[str] = (),
    unread_temperatures: Mapping[str, int] | None = None,
    boards: Collection[str] = physics.BOARDS,
    run_number: int = 52000,
) -> Snapshot:
    """Return the snapshot of a cycle; `unread_temperatures`: board -> channel without temperatures."""
    moment = moment or cycle(number)
    lacking = unread_temperatures or {}
    readings = tuple(_board(name, moment, name in down, lacking.get(name)) for name in boards)
    return Snapshot(moment, number, "acquisition-1", run_number, readings)


def land(incoming: Path, *snapshots: Snapshot) -> list[Path]:
    """Write snapshots where they land."""
    return [CONTROLLERS.write(incoming, one) for one in snapshots]


def with_channel(one: Snapshot, board: str, channel: int, **values: object) -> Snapshot:
    """Return a snapshot in which one half-sector reads something else."""
    boards = []
    for reading in one.boards:
        if reading.board == board:
            channels = list(reading.channels)
            channels[channel] = replace(channels[channel], **values)  # type: ignore[arg-type]
            reading = replace(reading, channels=tuple(channels))
        boards.append(reading)
    return replace(one, boards=tuple(boards))


def _board(name: str, moment: datetime, down: bool, lacking: int | None) -> BoardReading:
    if down:
        error: Record = {
            "error": "DeadlineExceeded",
            "what": f"board {name} did not answer",
            "transient": True,
        }
        return BoardReading(name, "down", None, error, tuple(ChannelReading(number) for number in range(8)))
    channels = [_channel(name, number, moment) for number in range(8)]
    if lacking is None:
        return BoardReading(name, "ok", moment + timedelta(seconds=1), None, tuple(channels))
    reason: Record = {"error": "ReplyMalformed", "what": "17 numbers instead of 24"}
    channels[lacking] = replace(channels[lacking], temperature=unread(), errors={"temperatures": reason})
    error = {"error": "PartialReading", "what": "1 of 40 readings failed"}
    return BoardReading(name, "partial", moment + timedelta(seconds=1), error, tuple(channels))


def _channel(board: str, number: int, moment: datetime) -> ChannelReading:
    real = physics.truth(SEED, board if board in physics.BOARDS else "80", number, moment)
    return ChannelReading(
        number,
        real.temperature.astype(np.float32),
        real.leakage.astype(np.float32),
        real.offset.astype(np.float32),
        real.bias,
        real.lv_positive,
        real.lv_negative,
        "normal",
    )
