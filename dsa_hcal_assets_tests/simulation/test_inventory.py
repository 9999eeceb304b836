"""A list of groups is read as it is meant, and refused with its line where it means nothing."""

from datetime import UTC, datetime

import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.simulation.inventory import Entry, read_inventory


@pytest.fixture
def read(tmp_path):
    def read(*lines):
        path = tmp_path / "list.csv"
        path.write_text("\n".join(lines) + "\n")
        return read_inventory(path)

    return read


def test_groups_come_in_the_order_of_the_list_with_all_that_it_says(read):
    first, second = read(
        "expected,group,found,site,bytes,missing",
        "16,2025-06-05T20:42:16,14,OVRO,2038750000,15 3",
        "16,2025-06-05T20:37:07,16,OVRO,,",
    )
    assert first == Entry(datetime(2025, 6, 5, 20, 42, 16, tzinfo=UTC), 14, 16, 2038750000, (3, 15))
    assert second == Entry(datetime(2025, 6, 5, 20, 37, 7, tzinfo=UTC), 16, 16)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["group,found", "2025-06-05T20:37:07,16"], "lacks column expected"),
        ([""], "lacks column group, found, expected"),
        (["group,found,expected", "yesterday,16,16"], "line 2 cannot be read"),
        (["group,found,expected", "2025-06-05T20:37:07,16"], "line 2 cannot be read"),
        (["group,found,expected", "2025-06-05T20:37:07,17,16"], "line 2 contradicts itself"),
        (["group,found,expected,missing", "2025-06-05T20:37:07,14,16,3"], "line 2 contradicts itself"),
        (["group,found,expected,missing", "2025-06-05T20:37:07,15,16,16"], "line 2 contradicts itself"),
        (["group,found,expected", *["2025-06-05T20:37:07,16,16"] * 2], "more than once"),
    ],
)
def test_a_list_that_means_nothing_is_refused_with_its_place(read, lines, told):
    with pytest.raises(BadInput, match=told):
        read(*lines)
