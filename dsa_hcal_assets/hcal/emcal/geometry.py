"""Tower identities of the electromagnetic calorimeter: pure index arithmetic that never changes.

The rule towerid -> (eta, phi) is that of the experiment's reconstruction (`TowerInfoDefs`, sPHENIX
coresoftware, offline/packages/CaloBase): a supersector of 8 phi bins has 768 channels in 4 packets
(south small |eta|, south large, north small, north large) of 3 interface boards with 64 channels.
South packets run backwards in eta and phi. Four neighbouring channels of a board are a block of
2 x 2 towers; the blocks run down in eta, then in phi.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.hcal.mapping.geometry import EMCAL_FIRST_TOWER_ID, EMCAL_TOWERS, within

Ints = NDArray[np.int32]

ETA_BINS, PHI_BINS = 96, 256
TOWERS = EMCAL_TOWERS
SECTORS = 64  # 0-31 north, 32-63 south
BOARDS_PER_SECTOR = 6
BOARDS = SECTORS * BOARDS_PER_SECTOR
TOWERS_PER_BOARD = 64
TOWERS_PER_SECTOR = BOARDS_PER_SECTOR * TOWERS_PER_BOARD
FIRST_PACKET = 6001  # of 128, as the data acquisition numbers them

_PACKET_CHANNELS = 192
_SUPERSECTOR_CHANNELS = 4 * _PACKET_CHANNELS
_PACKET_ETA = np.array([24, 0, 48, 72], dtype=np.int32)  # first eta bin of a supersector's packets
_PACKET_ETA_BINS, _SUPERSECTOR_PHI_BINS = 24, 8
_CEMC = 1  # calorimeter number in reconstruction's older keys (`RawTowerDefs`)


@dataclass(frozen=True)
class EmcalTowers:
    """The identities of all towers, one array of shape (24576,) a column, ordered by `tower_id`.

    Parameters
    ----------
    tower_id
        int16, unique over detectors: 3072-27647.
    towerid
        Number within the detector, 0-24575, as reconstruction counts.
    packed_key
        iphi + (ieta << 16).
    raw_tower_key
        iphi + (ieta << 12) + (1 << 24): `RawTowerDefs`' key.
    ieta, iphi
        0-95 from south to north, 0-255.
    sector
        0-31 north, 32-63 south.
    interface_board
        0-5 within the sector.
    board_channel
        0-63 on the interface board.
    packet, packet_channel
        6001-6128 and 0-191: where the data acquisition has it.
    """

    tower_id: NDArray[np.int16]
    towerid: Ints
    packed_key: Ints
    raw_tower_key: Ints
    ieta: Ints
    iphi: Ints
    sector: Ints
    interface_board: Ints
    board_channel: Ints
    packet: Ints
    packet_channel: Ints


def eta_phi_of_towerid(towerid: ArrayLike) -> tuple[Ints, Ints]:
    """Return (ieta, iphi) of towers numbered 0-24575.

    Raises
    ------
    NoSuchTower
        For a number outside.
    """
    supersector, in_supersector = np.divmod(within("towerid", towerid, TOWERS), _SUPERSECTOR_CHANNELS)
    packet, in_packet = np.divmod(in_supersector, _PACKET_CHANNELS)
    board, channel = np.divmod(in_packet, TOWERS_PER_BOARD)
    block, corner = np.divmod(channel, 4)
    eta = 8 * board + 6 - 2 * (block % 4) + corner % 2
    phi = 7 - 2 * (block // 4) - corner // 2
    south = packet < 2
    eta = np.where(south, _PACKET_ETA_BINS - 1 - eta, eta)
    phi = np.where(south, _SUPERSECTOR_PHI_BINS - 1 - phi, phi)
    return _PACKET_ETA[packet] + eta, _SUPERSECTOR_PHI_BINS * supersector + phi


def towerid_of_eta_phi(ieta: ArrayLike, iphi: ArrayLike) -> Ints:
    """Return the number within the detector of the tower at (ieta, iphi): inverse of the above.

    Raises
    ------
    NoSuchTower
        Outside 96 bins of eta and 256 of phi.
    """
    towerid: Ints = _towerids()[within("ieta", ieta, ETA_BINS), within("iphi", iphi, PHI_BINS)]
    return towerid


def packed_key(ieta: ArrayLike, iphi: ArrayLike) -> Ints:
    """Return reconstruction's key of a tower: iphi + (ieta << 16)."""
    key: Ints = within("iphi", iphi, PHI_BINS) + (within("ieta", ieta, ETA_BINS) << 16)
    return key


def eta_phi_of_key(key: ArrayLike) -> tuple[Ints, Ints]:
    """Return (ieta, iphi) of a packed key.

    Raises
    ------
    NoSuchTower
        If the key is not one of a tower.
    """
    number = np.asarray(key, dtype=np.int64)
    return within("eta of key", number >> 16, ETA_BINS), within("phi of key", number & 0xFFFF, PHI_BINS)


def board_of_towerid(towerid: ArrayLike) -> tuple[Ints, Ints]:
    """Return (sector, interface board) that serve towers numbered 0-24575."""
    side, in_sector = np.divmod(within("towerid", towerid, TOWERS), TOWERS_PER_SECTOR)
    # of each supersector's two sectors the first one counted is the southern one
    sector = np.where(side % 2 == 1, side // 2, side // 2 + SECTORS // 2)
    return sector, in_sector // TOWERS_PER_BOARD


def towerids_of_board(sector: ArrayLike, interface_board: ArrayLike) -> Ints:
    """Return the towers of interface boards in the order of their channels, int32[..., 64].

    Raises
    ------
    NoSuchTower
        Outside 64 sectors of 6 boards.
    """
    number = within("sector", sector, SECTORS)
    side = np.where(number < SECTORS // 2, 2 * number + 1, 2 * (number - SECTORS // 2))
    board = within("interface board", interface_board, BOARDS_PER_SECTOR)
    first = TOWERS_PER_SECTOR * side + TOWERS_PER_BOARD * board
    towerids: Ints = np.add.outer(first, np.arange(TOWERS_PER_BOARD)).astype(np.int32)
    return towerids


def tower_id(towerid: ArrayLike) -> Ints:
    """Return the number that is unique over detectors, 3072-27647."""
    number: Ints = within("towerid", towerid, TOWERS) + np.int32(EMCAL_FIRST_TOWER_ID)
    return number


def board_name(sector: int, interface_board: int) -> str:
    """Return the name of an interface board for people, such as ``S08-3``."""
    number = int(within("sector", sector, SECTORS))
    return f"S{number:02d}-{int(within('interface board', interface_board, BOARDS_PER_SECTOR))}"


def tower_name(tower_id: int) -> str:
    """Return the name of a tower for people, such as ``EMCal 385 (S00-0)``."""
    towerid = int(within("tower_id", tower_id - EMCAL_FIRST_TOWER_ID, TOWERS))
    sector, board = board_of_towerid(towerid)
    return f"EMCal {towerid} ({board_name(int(sector), int(board))})"


@cache
def towers() -> EmcalTowers:
    """Return the identities of all 24,576 towers; the arrays are read-only and shared."""
    towerid = np.arange(TOWERS, dtype=np.int32)
    ieta, iphi = eta_phi_of_towerid(towerid)
    sector, interface_board = board_of_towerid(towerid)
    columns: dict[str, NDArray[Any]] = {
        "tower_id": tower_id(towerid).astype(np.int16),
        "towerid": towerid,
        "packed_key": packed_key(ieta, iphi),
        "raw_tower_key": iphi + (ieta << 12) + np.int32(_CEMC << 24),
        "ieta": ieta,
        "iphi": iphi,
        "sector": sector,
        "interface_board": interface_board,
        "board_channel": towerid % TOWERS_PER_BOARD,
        "packet": FIRST_PACKET + towerid // _PACKET_CHANNELS,
        "packet_channel": towerid % _PACKET_CHANNELS,
    }
    for column in columns.values():
        column.flags.writeable = False
    return EmcalTowers(**columns)


@cache
def _towerids() -> Ints:
    """Return the tower of every place, int32[96, 256]."""
    towerids = np.empty((ETA_BINS, PHI_BINS), dtype=np.int32)
    every = np.arange(TOWERS, dtype=np.int32)
    towerids[eta_phi_of_towerid(every)] = every
    return towerids
