"""A detector's history: the same for ever for one seed, and what boards do is what it says."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.simulation.boards import physics
from dsa_hcal_assets.simulation.boards.board import SimulatedBoard
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.history import History, Troubles
from dsa_hcal_assets.simulation.boards.physics import BOARDS

START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
MOMENT = timedelta(seconds=1)
ROUGH = Troubles(power_cuts_per_year=24, dead_from_start=0.02, deaths_per_year=0.05)


@pytest.fixture
def history():
    return History(7, ROUGH)


@pytest.fixture
def cut(history):
    return history.power_cuts("80", START, START + 12 * MONTH)[0]


class TestPowerCuts:
    def test_they_are_about_as_many_as_were_asked_for(self, history):
        cuts = [cut for board in BOARDS for cut in history.power_cuts(board, START, START + 12 * MONTH)]
        assert len(cuts) == pytest.approx(16 * 24, rel=0.2)
        assert all(cut.began < cut.ended < cut.restored for cut in cuts)

    def test_they_do_not_depend_on_the_window_asked_for(self, history):
        whole = history.power_cuts("80", START, START + 12 * MONTH)
        parts = [history.power_cuts("80", START + n * MONTH, START + (n + 1) * MONTH) for n in range(12)]
        assert whole == [cut for part in parts for cut in part]

    def test_another_process_finds_the_same(self, history):
        again = History(7, ROUGH)
        assert again.power_cuts("93", START, START + MONTH) == history.power_cuts("93", START, START + MONTH)

    def test_by_default_there_are_none(self):
        assert History(7).power_cuts("80", START, START + 12 * MONTH) == []

    def test_offsets_are_arbitrary_until_somebody_sets_the_board_up(self, history, cut):
        tuned = physics.truth(7, "80", 3, START).offset
        np.testing.assert_array_equal(history.truth("80", 3, cut.began - MOMENT).offset, tuned)
        after = history.truth("80", 3, cut.ended + MOMENT).offset
        assert -2000 <= after.min() <= after.max() <= 1270
        assert np.abs(after - tuned).max() > 500
        np.testing.assert_array_equal(history.truth("80", 3, cut.restored - MOMENT).offset, after)
        np.testing.assert_array_equal(history.truth("80", 3, cut.restored).offset, tuned)

    def test_a_board_lives_through_them(self, history, cut):
        clock = [cut.began - MOMENT]
        board = SimulatedBoard("80", now=lambda: clock[0], history=history)
        assert board.execute(Command("A", 3)).lines == ("Norm",)
        board.execute(Command("LM", 3, ("001F",)))

        clock[0] = cut.began
        assert board.execute(Command("A", 3)) is None

        clock[0] = cut.ended
        assert board.execute(Command("A", 3)).lines == ("High",)
        read = [float(line) for line in board.execute(Command("GR", 3)).lines]
        np.testing.assert_array_equal(read, history.truth("80", 3, clock[0]).offset)
        assert set(board.execute(Command("LA", 3)).lines) == {"0"}

        clock[0] = cut.restored
        assert board.execute(Command("A", 3)).lines == ("Norm",)
        read = [float(line) for line in board.execute(Command("GR", 3)).lines]
        np.testing.assert_array_equal(read, physics.truth(7, "80", 3, START).offset)


class TestDeadTowers:
    def test_they_are_about_as_many_as_were_asked_for(self, history):
        deaths = [death for board in BOARDS for channel in range(8) for death in history.died(board, channel)]
        from_start = [death for death in deaths if death is not None and death.year == 1]
        first_year = [
            death
            for death in deaths
            if death is not None and physics.EPOCH <= death < physics.EPOCH + 12 * MONTH
        ]
        assert len(from_start) == pytest.approx(0.02 * 3072, rel=0.4)
        assert len(first_year) == pytest.approx(0.05 * 3072, rel=0.3)

    def test_they_draw_no_current_and_give_no_signal_but_are_as_warm_as_ever(self, history):
        moment = START + MONTH
        dead = 0
        for board in BOARDS:
            for channel in range(8):
                alive = np.array([death is None or moment < death for death in history.died(board, channel)])
                shown = history.truth(board, channel, moment)
                np.testing.assert_array_equal(shown.leakage > 0, alive)
                np.testing.assert_array_equal(shown.sipm_gain > 0, alive)
                assert (shown.temperature > 20).all()
                dead += (~alive).sum()
        assert dead > 0

    def test_by_default_all_live(self):
        assert {death for channel in range(8) for death in History(7).died("80", channel)} == {None}
