"""WIENER `outputStatus`: bits to a number, and the number to what shift displays name.

Bits as in WIENER-CRATE-MIB (`outputStatus`, SYNTAX BITS): bit 0 is the highest bit of the first
octet (RFC 2578, section 7.1.4).
"""

import enum
from typing import Literal

State = Literal["On", "Tripped", "Current limited", "Other"]


class OutputStatus(enum.IntFlag):
    """The bits by name, bit n of the MIB as ``1 << n``."""

    ON = 1 << 0
    INHIBIT = 1 << 1
    FAILURE_MIN_SENSE_VOLTAGE = 1 << 2
    FAILURE_MAX_SENSE_VOLTAGE = 1 << 3
    FAILURE_MAX_TERMINAL_VOLTAGE = 1 << 4
    FAILURE_MAX_CURRENT = 1 << 5
    FAILURE_MAX_TEMPERATURE = 1 << 6
    FAILURE_MAX_POWER = 1 << 7
    FAILURE_TIMEOUT = 1 << 9
    CURRENT_LIMITED = 1 << 10
    RAMP_UP = 1 << 11
    RAMP_DOWN = 1 << 12
    ENABLE_KILL = 1 << 13
    EMERGENCY_OFF = 1 << 14
    ADJUSTING = 1 << 15
    CONSTANT_VOLTAGE = 1 << 16
    LOW_CURRENT_RANGE = 1 << 17
    CURRENT_BOUNDS_EXCEEDED = 1 << 18
    FAILURE_CURRENT_LIMIT = 1 << 19


TRIPPED = (
    OutputStatus.FAILURE_MIN_SENSE_VOLTAGE
    | OutputStatus.FAILURE_MAX_SENSE_VOLTAGE
    | OutputStatus.FAILURE_MAX_TERMINAL_VOLTAGE
    | OutputStatus.FAILURE_MAX_CURRENT
    | OutputStatus.FAILURE_MAX_TEMPERATURE
    | OutputStatus.FAILURE_MAX_POWER
    | OutputStatus.FAILURE_TIMEOUT
    | OutputStatus.EMERGENCY_OFF
    | OutputStatus.FAILURE_CURRENT_LIMIT
)
"""Any of these: the channel did not go off by order."""
_NOT_STEADY = OutputStatus.INHIBIT | OutputStatus.RAMP_UP | OutputStatus.RAMP_DOWN
_LONGEST = 8  # octets; 26 bits take four


def bits_of(octets: bytes) -> int:
    """Return the BITS of an agent as a number with bit n as ``1 << n``; bits nobody defined are dropped.

    Raises
    ------
    ValueError
        If there are more octets than any firmware sends.
    """
    if len(octets) > _LONGEST:
        raise ValueError(f"{len(octets)} octets of status bits")
    number = 0
    for place, octet in enumerate(octets):
        for bit in range(8):
            if octet & 0x80 >> bit:
                number |= 1 << (8 * place + bit)
    return number & (2**26 - 1)


def octets_of(status: int) -> bytes:
    """Return the BITS of a number, as short as an agent sends them (at least three octets)."""
    octets = bytearray(max(3, -(-status.bit_length() // 8)))
    for bit in range(status.bit_length()):
        if status >> bit & 1:
            octets[bit // 8] |= 0x80 >> bit % 8
    return bytes(octets)


def state_of(status: int) -> State:
    """Return what the bits amount to: a trip before a current limit before being on.

    A channel that is off, inhibited, or ramping is "Other": its bias is not what it is set to.
    """
    if status & TRIPPED:
        return "Tripped"
    if status & OutputStatus.CURRENT_LIMITED:
        return "Current limited"
    if status & OutputStatus.ON and not status & _NOT_STEADY:
        return "On"
    return "Other"
