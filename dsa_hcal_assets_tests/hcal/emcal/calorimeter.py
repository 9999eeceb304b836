"""Snapshots of an EMCal whose every value is known, for the tests of files, loading and after."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from dsa_hcal_assets.hcal.emcal.assumed_map import controller_of_sector
from dsa_hcal_assets.hcal.emcal.geometry import BOARDS_PER_SECTOR, SECTORS, board_of_towerid
from dsa_hcal_assets.hcal.emcal.readings import WIDTHS, ControllerReading, EmcalSnapshot
from dsa_hcal_assets.hcal.emcal.snapshot import EMCAL
from dsa_hcal_assets.simulation.emcal import physics

DAY = "2025-06-05"
START = datetime(2025, 6, 5, tzinfo=UTC)
STEP = timedelta(minutes=10)
SEED = 7
SILENT = {"error": "BoardUnreachable", "what": "board did not answer", "transient": True}
UNREAD = ("temperatures", "voltages", "leakage", "gain")


def cycle(number: int) -> datetime:
    """Return the time of the day's `number`-th snapshot."""
    return START + number * STEP


def snapshot(
    number: int = 0,
    *,
    sectors: Sequence[int] = range(SECTORS),
    down: Collection[int] = (),
    moment: datetime | None = None,
) -> EmcalSnapshot:
    """Return the snapshot of a cycle; the controllers of sectors in `down` did not answer."""
    moment = moment or cycle(number)
    readings = tuple(unread(sector) if sector in down else reading(sector, moment) for sector in sectors)
    return EmcalSnapshot(moment, number, "acquisition-1", 52000, readings)


def reading(sector: int, moment: datetime) -> ControllerReading:
    """Return what a controller says at `moment`."""
    boards = [physics.truth(SEED, sector, board, moment) for board in range(BOARDS_PER_SECTOR)]
    return ControllerReading(
        controller=controller_of_sector(sector),
        channels=tuple(range(BOARDS_PER_SECTOR)),
        sampled_at=moment + timedelta(seconds=1),
        temperature=[np.column_stack([board.sipm, board.preamp]).ravel() for board in boards],
        leakage=[board.leakage for board in boards],
        voltage=[(board.lv_positive, board.bias, board.lv_negative) for board in boards],
        gain=("normal",) * BOARDS_PER_SECTOR,
    )


def unread(sector: int) -> ControllerReading:
    """Return what is known of a controller that did not answer."""
    channels = tuple(range(BOARDS_PER_SECTOR))
    return ControllerReading(
        controller=controller_of_sector(sector),
        channels=channels,
        sampled_at=None,
        gain=(None,) * BOARDS_PER_SECTOR,
        errors={channel: dict.fromkeys(UNREAD, SILENT) for channel in channels},
        **{name: np.full((BOARDS_PER_SECTOR, width), np.nan) for name, width in WIDTHS.items()},
    )


def changed(one: EmcalSnapshot, sector: int, **values: object) -> EmcalSnapshot:
    """Return a snapshot in which a sector's controller says something else."""
    name = controller_of_sector(sector)
    controllers = tuple(
        replace(controller, **values) if controller.controller == name else controller
        for controller in one.controllers
    )
    return replace(one, controllers=controllers)


def land(incoming: Path, *snapshots: EmcalSnapshot) -> list[Path]:
    """Write snapshots where they land."""
    return [EMCAL.write(incoming, one) for one in snapshots]


def truth_of_tower(towerid: int, moment: datetime) -> dict[str, float]:
    """Return what a tower's sensors really showed: every four channels of a board share temperatures."""
    sector, board = (int(number) for number in board_of_towerid(towerid))
    channel = towerid % 64
    sensors = physics.truth(SEED, sector, board, moment)
    return {
        "temperature_sipm": sensors.sipm[channel // 4],
        "temperature_preamp": sensors.preamp[channel // 4],
        "bias": sensors.bias,
        "leakage": sensors.leakage[channel],
    }
