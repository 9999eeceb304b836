"""Towers chosen by what people call them."""

import numpy as np
import pytest

from dsa_hcal_assets.hcal.access.selection import NoTowers, towers
from dsa_hcal_assets.hcal.emcal import geometry as emcal
from dsa_hcal_assets.hcal.mapping import geometry


@pytest.mark.parametrize(
    ("detector", "first", "size"), [("OHCal", 0, 1536), ("ihcal", 1536, 1536), ("EMCal", 3072, 24576)]
)
def test_a_detector_is_all_its_towers(detector: str, first: int, size: int) -> None:
    assert towers(detector).tolist() == list(range(first, first + size))


def test_a_half_sector_is_the_one_shifters_mean() -> None:
    chosen = towers("IHCal", sector=31, half="S")
    known = geometry.towers()
    assert {geometry.half_sector_label(int(known.half_sector[tower])) for tower in chosen} == {"I-31S"}
    assert chosen.size == geometry.TOWERS_PER_HALF_SECTOR


def test_a_place_in_eta_and_phi_is_one_tower() -> None:
    assert towers("IHCal", ieta=7, iphi=40).tolist() == [int(geometry.tower_at(1, 7, 40))]
    [tower] = towers("EMCal", ieta=50, iphi=200)
    assert emcal.towers().ieta[tower - 3072] == 50
    assert emcal.towers().iphi[tower - 3072] == 200


def test_criteria_narrow_each_other() -> None:
    ring = towers("OHCal", ieta=range(12, 14))
    assert ring.size == 2 * 64
    assert np.array_equal(towers("OHCal", ieta=range(12, 14), half="N"), ring)
    assert towers("OHCal", towerid=[385, 386]).tolist() == [385, 386]


def test_what_no_tower_fits_is_an_error_that_says_what_was_asked() -> None:
    with pytest.raises(NoTowers, match=r"no tower of OHCal fits \{'ieta': 3, 'half': 'N'\}"):
        towers("OHCal", ieta=3, half="N")
    with pytest.raises(NoTowers, match="no such detector: HF"):
        towers("HF")
