"""The simulated controllers as a job listen where their file says, until the job ends."""

import socket

import pytest

from dsa_hcal_assets.daq.jobs import JobContext
from dsa_hcal_assets.daq.streams.opening import StreamPlace
from dsa_hcal_assets.hcal.controllers.boards import read_boards
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.rack_job import SimulatedBoards, SimulatedBoardsConfig


def test_all_boards_listen_until_the_job_ends(tmp_path):
    file = tmp_path / "new" / "boards.toml"
    config = SimulatedBoardsConfig(type="boards", id="boards", boards_file=file)
    job = SimulatedBoards(config, JobContext("hall", StreamPlace(tmp_path, shared_memory=False)))
    job.setup()

    boards = read_boards(file)
    assert [board.id for board in boards] == list(BOARDS)
    for board in boards:
        socket.create_connection((board.host, board.port), timeout=5).close()
    job.teardown()
    with pytest.raises(ConnectionError):
        socket.create_connection((boards[0].host, boards[0].port), timeout=5)
