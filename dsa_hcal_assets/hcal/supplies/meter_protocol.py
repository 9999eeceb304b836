"""A source meter's protocol: the two commands that may be sent, and the numbers that come back.

``:FORM:ELEM VOLT,CURR`` chooses what a reading consists of, ``:READ?`` measures and answers
``+6.500000E+01,+1.203000E-04``; lines end with CR. Neither touches source, range, compliance or
output, and no other byte can be sent: the meter's own `:SOUR:CLE:AUTO` must be off, or it would
switch its output for each reading.
"""

import math
import re

from dsa_hcal_assets.hcal.acquisition.read_commands import only
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled, ValuesMissing

TERMINATOR = b"\r"
CHOOSE_ELEMENTS = b":FORM:ELEM VOLT,CURR" + TERMINATOR
READ = b":READ?" + TERMINATOR
LONGEST_REPLY = 256  # bytes; a reading takes about 30
_ALLOWED = (CHOOSE_ELEMENTS, READ)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?"
_READING = re.compile(rf"({_NUMBER})\s*,\s*({_NUMBER})")
_NO_NUMBER = 9.8e37  # the meter says +9.9E37 for an overflow and +9.91E37 for "not measured"


require_read_only = only(_ALLOWED, "a meter", " or ".join(command.decode().strip() for command in _ALLOWED))
"""The gate to a meter."""


def is_echo(line: bytes) -> bool:
    """Return whether a line is one of the commands, as a terminal server may echo it."""
    return line.strip() in [command.strip() for command in _ALLOWED]


def parse_reading(line: bytes) -> tuple[float, float]:
    """Return voltage (V) and current (A) of a reply; NaN for one the meter did not measure.

    Raises
    ------
    ReplyGarbled
        If it is no pair of numbers.
    """
    match = _READING.fullmatch(line.strip().decode("latin-1"))
    if match is None:
        raise ReplyGarbled("no reading of a meter", expected="volt,curr", found=repr(line[:60])[1:])
    volts, amperes = (float(text) for text in match.groups())
    return _measured(volts), _measured(amperes)


def require_measured(volts: float, amperes: float) -> None:
    """Name what is missing.

    Raises
    ------
    ValuesMissing
        If one of them is NaN.
    """
    missing = [name for name, value in (("voltage", volts), ("current", amperes)) if math.isnan(value)]
    if missing:
        raise ValuesMissing(
            f"the meter measured no {' and no '.join(missing)}",
            kept="the other value",
            remedy="look at its range and at what it is set to measure",
        )


def _measured(value: float) -> float:
    return math.nan if abs(value) >= _NO_NUMBER else value
