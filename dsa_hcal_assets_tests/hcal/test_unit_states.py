"""Half-sectors and sectors in a cycle are what their towers read."""

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import readers
from dsa_hcal_assets.hcal.unit_states import Unit, unit_states
from dsa_hcal_assets_tests.hcal.detector import cycle


@pytest.mark.parametrize(
    ("unit", "column", "count"), [("half_sector", "half_sector", 128), ("sector", "sector_id", 64)]
)
def test_statistics_are_those_of_the_towers(day: Database, unit: Unit, column: str, count: int) -> None:
    towers = readers.state_at(day, cycle(3)).groupby(column)
    states = unit_states(day, unit, cycle(3))
    assert [one.number for one in states] == list(range(count))
    for one in states:
        group = towers.get_group(one.number)
        for name, found in one.quantities.items():
            assert found is not None
            assert found.mean == pytest.approx(group[name].mean(), rel=1e-5)
            assert (found.min, found.max) == (group[name].min(), group[name].max())
        assert (one.towers_read, one.gain) == (len(group), "normal")


def test_what_was_not_read_is_unknown(day: Database) -> None:
    states = unit_states(day, "half_sector", cycle(0))
    unread = [one for one in states if not one.towers_read]
    assert len(unread) == 8  # board 91 was down
    assert {one.gain for one in unread} == {None}
    assert unread[0].quantities["bias"] is None


def test_one_may_be_asked_for(day: Database) -> None:
    (one,) = unit_states(day, "sector", cycle(1), 40)
    assert one == unit_states(day, "sector", cycle(1))[40]
