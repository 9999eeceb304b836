"""From a snapshot to rows of towers: which value goes where, as one numpy array."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.database.binary_copy import postgres_time
from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets.hcal.emcal.board_layout import BoardLayout
from dsa_hcal_assets.hcal.emcal.board_map import BoardEpoch
from dsa_hcal_assets.hcal.emcal.readings import EmcalSnapshot

REALS = ("temperature_sipm", "temperature_preamp", "bias", "leakage")
ROW = np.dtype([("ts", "i8"), *((name, "f4") for name in REALS), ("tower_id", "i2")])
"""One tower in one cycle: `ts` in PostgreSQL's microseconds, NaN where not read."""
_BIAS = 1  # place of the bias among a board's voltages


@dataclass(frozen=True, eq=False)
class TowerRows:
    """The towers of one snapshot.

    Parameters
    ----------
    rows
        `ROW` records, one a tower whose board delivered anything, in order of `tower_id`.
    unmapped
        Boards of the snapshot that the map does not know; nothing of them is in `rows`.
    """

    rows: NDArray[np.void]
    unmapped: tuple[str, ...]


def tower_rows(snapshot: EmcalSnapshot, epoch: BoardEpoch, layout: BoardLayout) -> TowerRows:
    """Return the rows of a snapshot under the map in force at its time.

    A board that is down has no rows; a reading that failed on a board that answered is NaN.
    """
    places: list[tuple[int, int]] = []
    chosen: list[tuple[int, int]] = []  # (controller, index of the board in its arrays)
    unmapped = []
    for number, controller in enumerate(snapshot.controllers):
        for index, board in enumerate(controller.boards()):
            place = epoch.boards.get((controller.controller, controller.channels[index]))
            if place is None:
                unmapped.append(board.board)
            elif board.status != "down":
                places.append(place)
                chosen.append((number, index))
    rows = np.zeros((len(places), geometry.TOWERS_PER_BOARD), ROW)
    if places:
        temperature, leakage, voltage = (
            np.stack([getattr(snapshot.controllers[number], name)[index] for number, index in chosen])
            for name in ("temperature", "leakage", "voltage")
        )
        rows["temperature_sipm"] = temperature[:, layout.sipm]
        rows["temperature_preamp"] = temperature[:, layout.preamp]
        rows["leakage"] = leakage[:, layout.leakage]
        rows["bias"] = voltage[:, _BIAS, np.newaxis]
        sectors, boards = np.array(places).T
        rows["tower_id"] = geometry.tower_id(geometry.towerids_of_board(sectors, boards))
        rows["ts"] = postgres_time(snapshot.cycle)
    flat = rows.reshape(-1)
    return TowerRows(flat[np.argsort(flat["tower_id"])], tuple(unmapped))
