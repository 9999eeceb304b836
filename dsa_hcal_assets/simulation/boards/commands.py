"""Cutting a client's bytes into commands the way a controller does.

A board acts on a command that asks for something as soon as it is complete, with or without
terminator; an empty line does nothing. A command without output needs its terminator. Only where a
shorter and a longer form exist ($A0 and $A0h, $P0 and its mask) is the next byte awaited.
"""

import re
from dataclasses import dataclass

_TERMINATORS = b"\n\r"
_LONGEST = 32

_ASKING = re.compile(r"(T|I|GR|U|LA|LR|D)([0-7])|(E|H)")
_SETTING = re.compile(
    r"(GS)([0-7])(\d\d)([+-]\d{4})|(LS)([0-7])(\d)(\d{4})|(LM)([0-7])([0-9A-Fa-f]{4})"
    r"|(A)([0-7])([hn])|(P)([0-7])([0-9A-Fa-f]{6})"
)
# what asks, unless the bytes that may follow make it set something
_ASKING_OR_MORE = {re.compile(r"(A)([0-7])"): "hn", re.compile(r"(P)([0-7])"): "0123456789abcdefABCDEF"}


@dataclass(frozen=True)
class Command:
    """A complete command: its letters, channel (-1: none) and further fields."""

    letters: str
    channel: int
    fields: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The command as a board echoes it, without ``$``."""
        return self.letters + ("" if self.channel < 0 else str(self.channel)) + "".join(self.fields)


class CommandCutter:
    """Turns a stream of bytes into commands."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, data: bytes) -> list[Command]:
        """Return the commands that `data` completes."""
        commands: list[Command] = []
        for byte in data:
            if byte in _TERMINATORS:
                self._finish(commands)
            elif byte == ord("$"):
                self._finish(commands)
                self._pending = "$"
            elif self._pending:
                self._add(chr(byte), commands)
        return commands

    def _add(self, character: str, commands: list[Command]) -> None:
        command = _asking_unless_more(self._pending[1:], character)
        if command is not None:
            commands.append(command)  # the short form was meant; this byte belongs to nothing
            self._pending = ""
            return
        self._pending += character
        command = _matched(_ASKING, self._pending[1:])
        if command is not None:
            commands.append(command)
        if command is not None or len(self._pending) > _LONGEST:
            self._pending = ""

    def _finish(self, commands: list[Command]) -> None:
        text = self._pending[1:]
        command = _asking_unless_more(text, "") or _matched(_SETTING, text)
        if command is not None:
            commands.append(command)
        self._pending = ""


def _asking_unless_more(text: str, following: str) -> Command | None:
    for form, more in _ASKING_OR_MORE.items():
        if form.fullmatch(text):
            return None if following and following in more else _matched(form, text)
    return None


def _matched(form: re.Pattern[str], text: str) -> Command | None:
    match = form.fullmatch(text)
    if match is None:
        return None
    letters, *fields = (group for group in match.groups() if group is not None)
    channel, *fields = fields or ["-1"]
    return Command(letters, int(channel), tuple(fields))
