"""Tower identities: which number, key and place in eta and phi a calorimeter tower has.

Belongs here: pure index arithmetic that never changes. Not here: which controller reads a tower
(channel_map.py, because cables get swapped).

Every conversion is vectorised: integers or arrays of them in, arrays (int32 unless stated) out.
The rule towerid -> (eta, phi) is that of the experiment's reconstruction (`TowerInfoDefs`,
sPHENIX coresoftware, offline/packages/CaloBase): 192 channels a supersector of 8 phi bins, in it
3 packets of 64 with eta offsets 0, 8, 16, in a packet 4 interface boards of 16 with phi offsets
0, 2, 4, 6, on a board local eta = channel // 2 and local phi = channel % 2.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsa_hcal_assets.errors import PermanentError

Ints = NDArray[np.int32]

ETA_BINS = 24
PHI_BINS = 64
SECTORS = 32  # of one HCal detector; each spans 2 bins in phi
SECTOR_PHI_BINS = PHI_BINS // SECTORS
HALF_ETA_BINS = ETA_BINS // 2
TOWERS_PER_HALF_SECTOR = HALF_ETA_BINS * SECTOR_PHI_BINS
TOWERS_PER_DETECTOR = ETA_BINS * PHI_BINS
HCAL_TOWERS = 2 * TOWERS_PER_DETECTOR
HALF_SECTORS = 2 * 2 * SECTORS  # both HCal detectors
EMCAL_FIRST_TOWER_ID = HCAL_TOWERS
EMCAL_TOWERS = 96 * 256  # tower_id 3072-27647: reserved here, mapped by a module of its own
NORTH, SOUTH = 0, 1  # order of the two halves in `half_sector`: north first, as on the controllers


class Detector(IntEnum):
    """The two hadronic detectors, numbered as reconstruction's tables number them."""

    OUTER = 0
    INNER = 1

    @property
    def label(self) -> str:
        """Name for people: OHCal or IHCal."""
        return ("OHCal", "IHCal")[self]

    @property
    def letter(self) -> str:
        """First letter of the names of half-sectors shifters know (``O-31S``, ``I-00N``)."""
        return ("O", "I")[self]


class NoSuchTower(PermanentError):
    """An identity outside the detector was asked for."""


@dataclass(frozen=True)
class Towers:
    """The identities of all HCal towers, one array of shape (3072,) a column, ordered by `tower_id`.

    Parameters
    ----------
    tower_id
        int16, unique over detectors: OHCal 0-1535, IHCal 1536-3071.
    detector
        0 OHCal, 1 IHCal.
    towerid
        Number within the detector, 0-1535, as reconstruction counts.
    packed_key
        iphi + (ieta << 16).
    ieta, iphi
        0-23 from south to north, 0-63.
    sector
        0-31 within the detector; 2 bins of phi each.
    half
        0 north (ieta 12-23), 1 south (ieta 0-11).
    sector_id
        0-63: OHCal 0-31, IHCal 32-63, as the bias supplies' log counts.
    half_sector
        0-127: 2 x sector_id + half.
    """

    tower_id: NDArray[np.int16]
    detector: Ints
    towerid: Ints
    packed_key: Ints
    ieta: Ints
    iphi: Ints
    sector: Ints
    half: Ints
    sector_id: Ints
    half_sector: Ints


def eta_phi_of_towerid(towerid: ArrayLike) -> tuple[Ints, Ints]:
    """Return (ieta, iphi) of towers numbered 0-1535 within one HCal detector.

    Raises
    ------
    NoSuchTower
        For a number outside 0-1535.
    """
    number = within("towerid", towerid, TOWERS_PER_DETECTOR)
    supersector, in_supersector = np.divmod(number, 192)
    packet, in_packet = np.divmod(in_supersector, 64)
    board, channel = np.divmod(in_packet, 16)
    return 8 * packet + channel // 2, 8 * supersector + 2 * board + channel % 2


def towerid_of_eta_phi(ieta: ArrayLike, iphi: ArrayLike) -> Ints:
    """Return the number within the detector of the tower at (ieta, iphi): inverse of the above.

    Raises
    ------
    NoSuchTower
        Outside 24 bins of eta and 64 of phi.
    """
    packet, local_eta = np.divmod(within("ieta", ieta, ETA_BINS), 8)
    supersector, in_supersector = np.divmod(within("iphi", iphi, PHI_BINS), 8)
    board, local_phi = np.divmod(in_supersector, 2)
    towerid: Ints = 192 * supersector + 64 * packet + 16 * board + 2 * local_eta + local_phi
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
        If the key is not one of an HCal tower.
    """
    number = np.asarray(key, dtype=np.int64)
    return within("eta of key", number >> 16, ETA_BINS), within("phi of key", number & 0xFFFF, PHI_BINS)


def tower_id(detector: ArrayLike, towerid: ArrayLike) -> Ints:
    """Return the number that is unique over detectors."""
    offset = within("detector", detector, len(Detector)) * np.int32(TOWERS_PER_DETECTOR)
    number: Ints = offset + within("towerid", towerid, TOWERS_PER_DETECTOR)
    return number


def tower_at(detector: ArrayLike, ieta: ArrayLike, iphi: ArrayLike) -> Ints:
    """Return the `tower_id` of the tower of `detector` at (ieta, iphi)."""
    return tower_id(detector, towerid_of_eta_phi(ieta, iphi))


def sector_label(sector_id: int) -> str:
    """Return the name of a sector, such as ``O-08`` or ``I-31``, from its number 0-63."""
    detector, sector = divmod(int(within("sector_id", sector_id, 2 * SECTORS)), SECTORS)
    return f"{Detector(detector).letter}-{sector:02d}"


def half_sector_label(half_sector: int) -> str:
    """Return the name shifters use of a half-sector, such as ``O-08N``, from its number 0-127."""
    sector, half = divmod(int(within("half_sector", half_sector, HALF_SECTORS)), 2)
    return sector_label(sector) + "NS"[half]


def half_sector_of_label(label: str) -> int:
    """Return the number 0-127 of a half-sector from its name, such as ``O-08N``: inverse of the above.

    Raises
    ------
    NoSuchTower
        If no half-sector has this name.
    """
    for number in range(HALF_SECTORS):
        if half_sector_label(number) == label:
            return number
    raise NoSuchTower("no such half-sector", expected="a name such as O-08N", found=repr(label))


def tower_name(tower_id: int) -> str:
    """Return the name of a tower for people, such as ``OHCal 385 (O-08S)``."""
    detector, towerid = divmod(int(within("tower_id", tower_id, HCAL_TOWERS)), TOWERS_PER_DETECTOR)
    half_sector = int(towers().half_sector[int(tower_id)])
    return f"{Detector(detector).label} {towerid} ({half_sector_label(half_sector)})"


@cache
def towers() -> Towers:
    """Return the identities of all 3072 HCal towers; the arrays are read-only and shared."""
    number = np.arange(HCAL_TOWERS, dtype=np.int32)
    detector, towerid = np.divmod(number, TOWERS_PER_DETECTOR)
    ieta, iphi = eta_phi_of_towerid(towerid)
    sector = iphi // SECTOR_PHI_BINS
    half = np.where(ieta >= HALF_ETA_BINS, NORTH, SOUTH).astype(np.int32)
    sector_id = SECTORS * detector + sector
    columns = {
        "tower_id": number.astype(np.int16),
        "detector": detector,
        "towerid": towerid,
        "packed_key": packed_key(ieta, iphi),
        "ieta": ieta,
        "iphi": iphi,
        "sector": sector,
        "half": half,
        "sector_id": sector_id,
        "half_sector": 2 * sector_id + half,
    }
    for column in columns.values():
        column.flags.writeable = False
    return Towers(**columns)


def within(name: str, values: ArrayLike, size: int) -> Ints:
    """Return numbers as int32; raises `NoSuchTower` where they are not 0 to `size` - 1."""
    numbers = np.asarray(values, dtype=np.int64)
    outside = (numbers < 0) | (numbers >= size)
    if outside.any():
        raise NoSuchTower(
            f"no such tower: {name} out of range",
            expected=f"0-{size - 1}",
            found=str(numbers[outside].flat[0]),
        )
    return numbers.astype(np.int32)
