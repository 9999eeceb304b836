"""From sensors to tables: what was readable is in the database as it was, and nothing else is."""

import asyncio
from datetime import timedelta

import numpy as np

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets.hcal.emcal.polling import emcal_boards
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.emcal.rack import EmcalRack
from dsa_hcal_assets_tests.hcal.emcal.calorimeter import SEED, STEP, cycle

QUICK = Deadlines(connect=1.0, reply=0.3, board=5.0, quiet=0.03, backoff=0.01)
SECTORS = (0, 8, 33, 63)
# what goes wrong in each cycle, by controller
FAULTS = (
    {},
    {"S08": Faults(down=True)},
    {"S33": Faults(garbage=True, channels=frozenset({2, 5})), "S63": Faults(mute=True)},
    {"S00": Faults(extra_values=-1, channels=frozenset({0}))},
)
LOST = (set(), {(8, board) for board in range(6)}, {(33, 2), (33, 5), *((63, b) for b in range(6))}, {(0, 0)})


def test_a_day_with_outages_and_damaged_replies(database, load):
    moment = cycle(0)
    rack = EmcalRack(SEED, SECTORS, now=lambda: moment)

    async def take():
        nonlocal moment
        await rack.start()
        polled = emcal_boards(rack.controllers, QUICK)
        snapshots = []
        for number, faults in enumerate(FAULTS):
            moment = cycle(number)
            for id in rack.servers:
                await rack.set_faults(id, faults.get(id, Faults()))
            snapshots.append(await polled.take(moment, number, "acquisition", 52000))
        polled.close()
        await rack.stop()
        return snapshots

    load(*asyncio.run(take()))

    expected = {}
    for number, lost in enumerate(LOST):
        for sector in SECTORS:
            controller = rack.board(f"S{sector:02d}")
            for board in {*range(6)} - {board for one, board in lost if one == sector}:
                truth = controller.truth(board, cycle(number))
                for channel, towerid in enumerate(geometry.towerids_of_board(sector, board).tolist()):
                    values = (truth.sipm[channel // 4], truth.preamp[channel // 4], truth.bias)
                    expected[number, towerid] = (*values, truth.leakage[channel])
    rows = database.rows(
        "select ts, tower_id, temperature_sipm, temperature_preamp, bias, leakage from hcal.emcal_reading"
    )
    found = {((ts - cycle(0)) // STEP, tower_id - 3072): values for ts, tower_id, *values in rows}
    assert found.keys() == expected.keys()
    keys = sorted(expected)
    differences = np.array([found[key] for key in keys]) - np.array([expected[key] for key in keys])
    # as many decimals as the boards give
    assert (np.abs(differences).max(axis=0) < [0.0051, 0.0051, 0.00051, 0.00051]).all()

    gaps = database.rows(
        "select ts, sector, interface_board from hcal.emcal_board_reading where status = 'down'"
    )
    assert {((ts - cycle(0)) // timedelta(minutes=10), sector, board) for ts, sector, board in gaps} == {
        (number, *board) for number, lost in enumerate(LOST) for board in lost
    }
