"""The statement that orders a whole heartbeat view by time difference is answered from the cycles alone."""

from datetime import timedelta

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.hcal.detector import cycle

NEAREST = (
    "SELECT time FROM hcal_heartbeat {where} "
    "ORDER BY ABS(EXTRACT(epoch FROM time) - EXTRACT(epoch FROM %s::timestamp)) LIMIT 1"
)


@pytest.mark.parametrize("where", ["", "WHERE detector=1"])
def test_cycles_are_sorted_before_readings_are_fetched(day: Database, where: str) -> None:
    with day.transaction() as cursor:
        # the cheaper plan by far with millions of readings; with seven cycles, if a worker costs nothing
        cursor.execute("set local parallel_setup_cost = 0")
        asked = NEAREST.format(where=where)
        cursor.execute(f"explain (costs off) {asked}", (cycle(3).replace(tzinfo=None),))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    nodes = ("Nested Loop", "Gather Merge", "Sort Key", "on snapshot s", "on tower_reading")
    places = [plan.find(node) for node in nodes]
    assert -1 not in places, plan
    assert places == sorted(places), plan


@pytest.mark.parametrize("where", ["", "WHERE detector=1"])
@pytest.mark.parametrize(("minutes", "found"), [(-90, 0), (4, 0), (6, 1), (52, 6), (500, 7)])
def test_the_answer_is_the_nearest_cycle(day: Database, where: str, minutes: int, found: int) -> None:
    local = timedelta(hours=-4)
    asked = (cycle(0) + timedelta(minutes=minutes) + local).replace(tzinfo=None)
    assert day.rows(NEAREST.format(where=where), (asked,)) == [((cycle(found) + local).replace(tzinfo=None),)]
