"""Which sector a supply channel serves: data with validity, checked when it is read."""

from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.hcal.supplies.supply_map import SupplyMapError, load_supply_map, shipped_path

HEADER = "valid_from,valid_to,crate,slot,channel,hcal_sector\n"
SWAP = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def load(tmp_path):
    def load(*lines: str):
        path = tmp_path / "map.csv"
        path.write_text("# a map\n" + HEADER + "\n".join(lines) + "\n")
        return load_supply_map(path)

    return load


def test_the_shipped_map_gives_every_sector_one_bias_channel_and_four_low_voltages():
    served = load_supply_map().at(SWAP)
    bias = [sector for (crate, _, _), sector in served.items() if crate == "mpod"]
    low = [sector for (crate, _, _), sector in served.items() if crate == "lv"]
    assert sorted(bias) == list(range(64))
    assert sorted(low) == sorted(4 * list(range(64)))
    assert served["mpod", 4, 0] == 32
    assert {served["lv", 9, value] for value in range(16)} == {32, 33, 34, 35}


def test_the_shipped_map_says_that_it_is_an_assumption():
    assert shipped_path().read_text().startswith("# ASSUMPTION")


def test_a_swapped_cable_is_an_end_and_a_beginning(load):
    swapped = load(
        "2023-01-01,2025-03-01,mpod,0,0,5",
        "2025-03-01,,mpod,0,0,6",
        "2023-01-01,,mpod,0,1,5",
    )
    assert swapped.at(SWAP - timedelta(seconds=1)) == {("mpod", 0, 0): 5, ("mpod", 0, 1): 5}
    assert swapped.at(SWAP) == {("mpod", 0, 0): 6, ("mpod", 0, 1): 5}
    assert swapped.at(datetime(2022, 1, 1, tzinfo=UTC)) == {}


def test_maps_that_differ_have_different_digests(load):
    assert load("2023-01-01,,mpod,0,0,5").digest != load("2023-01-01,,mpod,0,0,6").digest


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2023-01-01,,mpod,0,0,64", "line 3: hcal_sector 0-63"),
        ("2023-01-01,,mpod,0,0,-1", "hcal_sector"),
        ("2023-01-01,,mpod,zero,0,1", "line 3"),
        ("2023-01-01,,mpod,-1,0,1", "slot"),
        ("2023-01-01,,,0,0,1", "crate"),
        ("2023-13-01,,mpod,0,0,1", "line 3"),
        ("2023-01-02,2023-01-02,mpod,0,0,1", "valid_from must be before"),
        ("2023-01-01,,mpod,0,0", "line 3"),
        ("2023-01-01,,mpod,0,0,1,2", "line 3"),
    ],
)
def test_a_bad_line_is_named(load, line, named):
    with pytest.raises(SupplyMapError, match=named):
        load(line)


def test_a_channel_with_two_sectors_at_one_time_is_refused(load):
    with pytest.raises(SupplyMapError, match="channel 0 of slot 0 of mpod serves two sectors"):
        load("2023-01-01,,mpod,0,0,5", "2024-01-01,2024-02-01,mpod,0,0,6")


def test_another_header_and_a_missing_file_are_named(tmp_path):
    (tmp_path / "map.csv").write_text("crate,slot\n")
    with pytest.raises(SupplyMapError, match="wrong header"):
        load_supply_map(tmp_path / "map.csv")
    with pytest.raises(SupplyMapError, match=r"none\.csv cannot be read"):
        load_supply_map(tmp_path / "none.csv")
