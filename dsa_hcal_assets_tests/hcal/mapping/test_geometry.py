"""Tower identities: bijections, the published examples, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.geometry import Detector, NoSuchTower

towerids = st.integers(0, geometry.TOWERS_PER_DETECTOR - 1)
bins = st.tuples(st.integers(0, geometry.ETA_BINS - 1), st.integers(0, geometry.PHI_BINS - 1))


def test_towerid_covers_every_eta_phi_bin_exactly_once() -> None:
    ieta, iphi = geometry.eta_phi_of_towerid(np.arange(1536))
    assert len(set(zip(ieta.tolist(), iphi.tolist(), strict=True))) == 24 * 64
    assert (ieta.min(), ieta.max(), iphi.min(), iphi.max()) == (0, 23, 0, 63)


@given(towerids)
def test_towerid_survives_the_way_to_eta_phi_and_back(towerid: int) -> None:
    assert geometry.towerid_of_eta_phi(*geometry.eta_phi_of_towerid(towerid)) == towerid


@given(bins)
def test_key_survives_the_way_to_eta_phi_and_back(place: tuple[int, int]) -> None:
    ieta, iphi = geometry.eta_phi_of_key(geometry.packed_key(*place))
    assert (ieta, iphi) == place


@given(bins, st.sampled_from(Detector))
def test_half_sector_holds_the_towers_of_its_sector_and_side(
    place: tuple[int, int], detector: Detector
) -> None:
    ieta, iphi = place
    towers = geometry.towers()
    tower = int(geometry.tower_at(detector, ieta, iphi))
    assert towers.half_sector[tower] == 64 * detector + 2 * (iphi // 2) + (ieta < 12)
    assert (towers.ieta[tower], towers.iphi[tower], towers.detector[tower]) == (ieta, iphi, detector)


@pytest.mark.parametrize(
    ("towerid", "ieta", "iphi"),
    [
        (0, 0, 0),
        (1, 0, 1),  # second channel of an interface board: next phi
        (2, 1, 0),  # third: next eta
        (16, 0, 2),  # second interface board of the packet: phi offset 2
        (64, 8, 0),  # second packet: eta offset 8
        (192, 0, 8),  # second supersector: 8 bins of phi on
        (385, 0, 17),
        (1535, 23, 63),
    ],
)
def test_towerid_follows_the_rule_of_reconstruction(towerid: int, ieta: int, iphi: int) -> None:
    assert geometry.eta_phi_of_towerid(towerid) == (ieta, iphi)


def test_key_packs_phi_low_and_eta_high() -> None:
    assert geometry.packed_key(3, 5) == 3 * 65536 + 5


def test_tower_numbers_of_the_detectors_do_not_meet() -> None:
    towers = geometry.towers()
    assert towers.tower_id.tolist() == list(range(3072))
    assert set(towers.tower_id[towers.detector == Detector.OUTER]) == set(range(1536))
    assert geometry.EMCAL_FIRST_TOWER_ID == 3072
    assert geometry.EMCAL_FIRST_TOWER_ID + geometry.EMCAL_TOWERS - 1 == 27647


def test_every_half_sector_has_24_towers_and_every_sector_48() -> None:
    towers = geometry.towers()
    assert np.bincount(towers.half_sector).tolist() == [24] * 128
    assert np.bincount(towers.sector_id).tolist() == [48] * 64


def test_labels_are_those_on_the_shift_displays() -> None:
    assert geometry.half_sector_label(0) == "O-00N"
    assert geometry.half_sector_label(63) == "O-31S"
    assert geometry.half_sector_label(64) == "I-00N"
    assert geometry.sector_label(63) == "I-31"
    assert Detector.INNER.label == "IHCal"
    assert geometry.tower_name(385) == "OHCal 385 (O-08S)"
    assert geometry.tower_name(1536) == "IHCal 0 (I-00S)"


@pytest.mark.parametrize("towerid", [-1, 1536, 10**9])
def test_a_number_outside_the_detector_is_refused_by_name(towerid: int) -> None:
    with pytest.raises(NoSuchTower, match=r"towerid.*0-1535"):
        geometry.eta_phi_of_towerid([0, towerid])


def test_a_key_of_another_detector_is_refused() -> None:
    with pytest.raises(NoSuchTower, match="eta of key"):
        geometry.eta_phi_of_key(geometry.packed_key(23, 0) + (1 << 16))


def test_shared_identities_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        geometry.towers().ieta[0] = 7


def test_names_of_half_sectors_lead_back_to_their_numbers() -> None:
    for number in range(geometry.HALF_SECTORS):
        assert geometry.half_sector_of_label(geometry.half_sector_label(number)) == number


@pytest.mark.parametrize("name", ["O-32N", "X-00N", "O-1N", "o-01n", ""])
def test_a_name_that_no_half_sector_has_is_refused(name: str) -> None:
    with pytest.raises(geometry.NoSuchTower, match="no such half-sector"):
        geometry.half_sector_of_label(name)
