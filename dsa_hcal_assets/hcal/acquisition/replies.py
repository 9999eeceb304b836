"""Replies of boards that answer with lines of text: collected to the prompt, read as numbers.

A reply is one value a line (LF CR between; CR LF, LF and CR are tolerated), ended by the prompt
``>``. Some boards echo the command first, with or without ``$``, or append units.
"""

import math
import re

from dsa_hcal_assets.errors import DeadlineExceeded, TransientError
from dsa_hcal_assets.hcal.acquisition.read_commands import TERMINATOR, ReadCommand

PROMPT = b">"
LONGEST_REPLY = 4096  # bytes; 24 values take about 200
_LARGEST = 1e6  # no reading comes near it; float32 holds it


class ReplyTimeout(DeadlineExceeded):
    """A board did not finish its reply in time."""


class ReplyGarbled(TransientError):
    """A reply came, but its values cannot be trusted."""


class WrongCount(ReplyGarbled):
    """A reply has more or fewer values than towers, so none can be assigned."""


class ReplyTooLong(ReplyGarbled):
    """A board sent more than any reply has, without a prompt."""


class ValuesMissing(ReplyGarbled):
    """The reply is complete, but some of its values are no numbers (`nan`); the others count."""


class ReplyBuffer:
    """Collects one reply's bytes until its prompt; holds at most `LONGEST_REPLY` of them.

    A prompt at the beginning of a line ends the reply. One behind text ends it too when the number
    of lines is right; otherwise the reply is only `perhaps_complete`: it ends if nothing follows.
    """

    def __init__(self, request: ReadCommand) -> None:
        self._request = request
        self._text = bytearray()

    def feed(self, data: bytes) -> None:
        """Add bytes.

        Raises
        ------
        ReplyTooLong
            If no prompt came within `LONGEST_REPLY` bytes.
        """
        room = LONGEST_REPLY - len(self._text)
        self._text += data[:room]
        if len(data) > room:
            found = shown(bytes(self._text))
            raise ReplyTooLong(f"{self._request}: no prompt within {LONGEST_REPLY} bytes", found=found)

    @property
    def perhaps_complete(self) -> bool:
        """Whether the last thing that came is a prompt."""
        return self.reply.endswith(PROMPT)

    @property
    def complete(self) -> bool:
        """Whether the reply has certainly ended."""
        if not self.perhaps_complete:
            return False
        before = self.reply.removesuffix(PROMPT)
        at_line_begin = not before or before[-1] in TERMINATOR
        return at_line_begin or len(_lines(before, self._request)) >= self._request.count

    @property
    def reply(self) -> bytes:
        """What came so far, prompt included."""
        return bytes(self._text.rstrip(b" \r\n")) if PROMPT in self._text else bytes(self._text)


def parse_numbers(request: ReadCommand, reply: bytes) -> tuple[list[float], ValuesMissing | None]:
    """Return the values of a complete reply, in the board's order.

    A value the board itself gives as ``nan`` or ``inf`` becomes NaN and is named in the returned
    error; the other values count.

    Raises
    ------
    WrongCount
        If there are more or fewer values than asked for.
    ReplyGarbled
        If a line is no number (or carries an unknown unit: values are never rescaled by guess).
    """
    lines = reply_lines(request, reply)
    values = [_number(request, line) for line in lines]
    missing = [str(index) for index, value in enumerate(values) if math.isnan(value)]
    if not missing:
        return values, None
    return values, ValuesMissing(
        f"{request}: no number for value {', '.join(missing)}",
        found=", ".join(
            sorted({line for line, value in zip(lines, values, strict=True) if math.isnan(value)})
        ),
        kept="the other values",
        remedy="look at these towers' sensors",
    )


def reply_lines(request: ReadCommand, reply: bytes) -> list[str]:
    """Return the values of a complete reply as text.

    Raises
    ------
    WrongCount, ReplyGarbled
        If there are more or fewer than asked for, or other bytes than text.
    """
    body = reply.removesuffix(PROMPT)
    if not body.isascii():
        raise ReplyGarbled(
            f"{request}: bytes outside ASCII", found=shown(body), remedy="check cable and board"
        )
    if PROMPT in body:
        raise ReplyGarbled(f"{request}: prompt inside the reply", found=shown(body))
    lines = _lines(body, request)
    if len(lines) != request.count:
        raise WrongCount(
            f"{request}: {len(lines)} values",
            expected=f"{request.count}",
            found=shown(body),
            remedy="a cut reply: see that no other client sends commands to this board",
        )
    return lines


def _lines(body: bytes, request: ReadCommand) -> list[str]:
    """Return the reply's lines without blank ones and without the echo of the command."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", body.decode("latin-1"))]
    lines = [line for line in lines if line]
    if lines and lines[0].removeprefix("$") == request.text:
        del lines[0]
    return lines


_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?|[+-]?(?:nan|inf|infinity))\s*([A-Za-z]*)", re.I
)


def _number(request: ReadCommand, line: str) -> float:
    match = _NUMBER.fullmatch(line)
    if match is None or (match[2] and match[2] not in request.units):
        expected = "a number" + "".join(f" or one with {unit}" for unit in request.units)
        raise ReplyGarbled(f"{request}: not a number", expected=expected, found=shown(line.encode("ascii")))
    value = float(match[1])
    if not math.isfinite(value) and match[1].lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return math.nan
    if abs(value) > _LARGEST:
        raise ReplyGarbled(f"{request}: impossible value", expected=f"at most {_LARGEST:g}", found=line[:60])
    return value


def shown(data: bytes) -> str:
    """Return the beginning of `data` in a form that is safe in logs and records."""
    return repr(data[:60])[1:]
