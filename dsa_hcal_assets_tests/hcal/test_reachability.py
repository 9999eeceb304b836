"""Which boards were reached says the newest loaded cycle of each source, and no older one."""

from datetime import timedelta

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.reachability import reachability
from dsa_hcal_assets_tests.observability import filled


def test_before_anything_was_loaded_nothing_is_known(database):
    found = reachability(database)
    assert (found.cycles, found.boards, found.supplies) == ({}, {}, {})


def test_the_newest_cycle_counts(database):
    now = utc_now()
    filled.fill(database, now, groups=1, cycles=2)
    newest = now.replace(second=0, microsecond=0)
    with database.transaction() as cursor:
        # in the older cycle everything was down
        cursor.execute("update hcal.board_reading set status = 'down' where ts < %s", (newest,))
        cursor.execute(
            "update hcal.board_reading set status = 'partial' where ts = %s and board = '80'", (newest,)
        )
        cursor.execute(
            "update hcal.board_reading set status = 'absent' where ts = %s and board = '81'", (newest,)
        )
    found = reachability(database)
    assert found.cycles == dict.fromkeys(("hcal", "emcal", "registers", "supplies"), newest)
    reached = {board: up for (source, board), up in found.reached().items() if source == "hcal"}
    assert len(reached) == 15
    assert "81" not in reached
    assert reached["80"]
    assert [board for board, up in reached.items() if not up] == ["97"]
    assert found.supplies == {"On": 63, "Tripped": 1}
    assert found.reached()["supplies", "mpod"]
    assert len({board for source, board in found.boards if source == "emcal"}) == 6


def test_a_source_may_be_behind_the_others(database):
    filled.fill(database, utc_now(), groups=1, cycles=2)
    before = reachability(database).cycles
    with database.transaction() as cursor:
        cursor.execute(
            "delete from hcal.source_snapshot where cycle = %s and source = 'emcal'", (before["emcal"],)
        )
    after = reachability(database).cycles
    assert after == before | {"emcal": before["emcal"] - timedelta(minutes=10)}
