"""Tower identities of the EMCal: the reference's rule, bijections, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.hcal.emcal import geometry
from dsa_hcal_assets.hcal.mapping.geometry import NoSuchTower

towerids = st.integers(0, geometry.TOWERS - 1)
bins = st.tuples(st.integers(0, 95), st.integers(0, 255))

# Channels of an interface board by local (eta, phi), as published in TowerInfoDefs (emcadc).
PUBLISHED = (
    (62, 60, 46, 44, 30, 28, 14, 12),
    (63, 61, 47, 45, 31, 29, 15, 13),
    (58, 56, 42, 40, 26, 24, 10, 8),
    (59, 57, 43, 41, 27, 25, 11, 9),
    (54, 52, 38, 36, 22, 20, 6, 4),
    (55, 53, 39, 37, 23, 21, 7, 5),
    (50, 48, 34, 32, 18, 16, 2, 0),
    (51, 49, 35, 33, 19, 17, 3, 1),
)


def towerid_by_the_published_table(ieta, iphi):
    """The rule read the other way round, from the place to the number, with the table looked up."""
    packet = {1: 0, 0: 1, 2: 2, 3: 3}[ieta // 24]  # in eta: south large, south small, north small, large
    eta, phi = ieta % 24, iphi % 8
    if packet < 2:
        eta, phi = 23 - eta, 7 - phi
    return 768 * (iphi // 8) + 192 * packet + 64 * (eta // 8) + PUBLISHED[eta % 8][phi]


def test_every_place_has_the_number_of_the_published_table():
    expected = [[towerid_by_the_published_table(ieta, iphi) for iphi in range(256)] for ieta in range(96)]
    np.testing.assert_array_equal(geometry.towerid_of_eta_phi(*np.indices((96, 256))), expected)


def test_towerids_cover_every_place_exactly_once():
    ieta, iphi = geometry.eta_phi_of_towerid(np.arange(geometry.TOWERS))
    assert len(set(zip(ieta.tolist(), iphi.tolist(), strict=True))) == 96 * 256
    assert (ieta.min(), ieta.max(), iphi.min(), iphi.max()) == (0, 95, 0, 255)


@given(towerids)
def test_towerid_survives_the_way_to_its_place_and_back(towerid):
    assert geometry.towerid_of_eta_phi(*geometry.eta_phi_of_towerid(towerid)) == towerid


@given(bins)
def test_key_survives_the_way_to_its_place_and_back(place):
    assert tuple(map(int, geometry.eta_phi_of_key(geometry.packed_key(*place)))) == place


@given(towerids)
def test_a_towers_board_lists_it_at_its_channel(towerid):
    sector, board = geometry.board_of_towerid(towerid)
    assert geometry.towerids_of_board(sector, board)[towerid % 64] == towerid


def test_the_384_boards_have_all_towers_between_them():
    sectors, boards = np.divmod(np.arange(geometry.BOARDS), 6)
    towerids = geometry.towerids_of_board(sectors, boards)
    assert towerids.shape == (384, 64)
    assert sorted(towerids.ravel()) == list(range(geometry.TOWERS))


@given(towerids)
def test_northern_sectors_come_first_and_span_eight_bins_of_phi(towerid):
    ieta, iphi = geometry.eta_phi_of_towerid(towerid)
    sector, _ = geometry.board_of_towerid(towerid)
    assert (sector < 32) == (ieta >= 48)
    assert sector % 32 == iphi // 8


@given(towerids)
def test_four_channels_in_a_row_are_neighbours(towerid):
    first = 4 * (towerid // 4)
    ieta, iphi = geometry.eta_phi_of_towerid(np.arange(first, first + 4))
    assert np.ptp(ieta) == np.ptp(iphi) == 1


def test_the_table_of_towers_agrees_with_itself():
    towers = geometry.towers()
    assert towers.tower_id.tolist() == list(range(3072, 27648))
    np.testing.assert_array_equal(towers.packed_key, towers.iphi + 65536 * towers.ieta)
    np.testing.assert_array_equal(towers.raw_tower_key, towers.iphi + 4096 * towers.ieta + 2**24)
    np.testing.assert_array_equal(192 * (towers.packet - 6001) + towers.packet_channel, towers.towerid)
    with pytest.raises(ValueError, match="read-only"):
        towers.ieta[0] = 1


def test_names_for_people():
    assert geometry.board_name(8, 3) == "S08-3"
    assert geometry.tower_name(3072 + 385) == "EMCal 385 (S00-0)"


@pytest.mark.parametrize(
    "ask",
    [
        lambda: geometry.eta_phi_of_towerid(24576),
        lambda: geometry.towerid_of_eta_phi(96, 0),
        lambda: geometry.towerid_of_eta_phi(0, -1),
        lambda: geometry.eta_phi_of_key(256),
        lambda: geometry.towerids_of_board(64, 0),
        lambda: geometry.board_name(0, 6),
        lambda: geometry.tower_name(3071),
    ],
)
def test_what_is_outside_is_refused(ask):
    with pytest.raises(NoSuchTower, match="out of range"):
        ask()
