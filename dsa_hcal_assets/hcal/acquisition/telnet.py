"""Telnet in as far as a controller may speak it: options are stripped and politely refused (RFC 854)."""

import enum

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
_REFUSAL = {WILL: DONT, DO: WONT}


class _State(enum.Enum):
    TEXT = enum.auto()
    COMMAND = enum.auto()  # behind IAC
    OPTION = enum.auto()  # behind IAC and WILL, WONT, DO or DONT
    SUBNEGOTIATION = enum.auto()  # behind IAC SB, until IAC SE
    SUBNEGOTIATION_COMMAND = enum.auto()


class TelnetFilter:
    """Takes telnet commands out of a byte stream, however it is cut into pieces."""

    def __init__(self) -> None:
        self._state = _State.TEXT
        self._verb = 0

    def feed(self, received: bytes) -> tuple[bytes, bytes]:
        """Return the plain data in `received` and the refusals to send back (both may be empty)."""
        if self._state is _State.TEXT and IAC not in received:
            return received, b""
        data, answer = bytearray(), bytearray()
        for byte in received:
            match self._state:
                case _State.TEXT if byte == IAC:
                    self._state = _State.COMMAND
                case _State.TEXT:
                    data.append(byte)
                case _State.COMMAND:
                    self._state = self._behind_iac(byte)
                    if byte == IAC:  # an escaped 255 is data
                        data.append(byte)
                case _State.OPTION:
                    self._state = _State.TEXT
                    if self._verb in _REFUSAL:
                        answer += bytes((IAC, _REFUSAL[self._verb], byte))
                case _State.SUBNEGOTIATION if byte == IAC:
                    self._state = _State.SUBNEGOTIATION_COMMAND
                case _State.SUBNEGOTIATION_COMMAND:
                    self._state = _State.TEXT if byte == SE else _State.SUBNEGOTIATION
        return bytes(data), bytes(answer)

    def _behind_iac(self, byte: int) -> _State:
        if byte in (WILL, WONT, DO, DONT):
            self._verb = byte
            return _State.OPTION
        return _State.SUBNEGOTIATION if byte == SB else _State.TEXT
