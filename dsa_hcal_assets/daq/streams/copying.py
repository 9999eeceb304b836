"""Copying a payload to its place and taking its CRC, in pieces that stay in the processor's cache."""

from crc32c import crc32c

from dsa_hcal_assets.daq.messages.payload import Encoded

PIECE = 256 * 1024


def write_payload(encoded: Encoded, place: memoryview) -> int:
    """Write `encoded` into `place`; return the CRC32C of what was written."""
    if encoded.source is None or encoded.length <= PIECE:
        encoded.write(place)
        return crc32c(place)
    return copy_payload(encoded.source, place)


def copy_payload(source: memoryview, place: memoryview) -> int:
    """Copy `source` into `place`; return its CRC32C."""
    crc = 0
    for start in range(0, len(source), PIECE):
        piece = place[start : start + PIECE]
        piece[:] = source[start : start + PIECE]
        crc = crc32c(piece, crc)
    return crc


def crc_of(place: memoryview) -> int:
    """Return the CRC32C of what lies in `place`."""
    return crc32c(place)
