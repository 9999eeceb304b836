"""Cutting a client's bytes into commands the way a controller does.

A board acts as soon as a fixed-length command is complete, with or without terminator; an empty
line does nothing. Only where a shorter and a longer form exist ($A0 and $A0h, $P0 and its mask) is
the next byte awaited.
"""

import re
from dataclasses import dataclass

_TERMINATORS = b"\n\r"
_LONGEST = 32

# complete forms; `more` is what may still follow a form that is complete already
_FORMS = (
    (re.compile(r"(T|I|GR|U|LA|LR|D)([0-7])"), None),
    (re.compile(r"(E|H)()"), None),
    (re.compile(r"(GS)([0-7])(\d\d)([+-]\d{4})"), None),
    (re.compile(r"(LS)([0-7])(\d)(\d{4})"), None),
    (re.compile(r"(LM)([0-7])([0-9A-Fa-f]{4})"), None),
    (re.compile(r"(A)([0-7])([hn])"), None),
    (re.compile(r"(P)([0-7])([0-9A-Fa-f]{6})"), None),
    (re.compile(r"(A)([0-7])"), "hn"),
    (re.compile(r"(P)([0-7])"), "0123456789abcdefABCDEF"),
)


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
        command = _complete(self._pending[1:], ended=True)
        if command is not None and character not in _more(self._pending[1:]):
            commands.append(command)  # the short form was meant; this byte belongs to nothing
            self._pending = ""
            return
        self._pending += character
        command = _complete(self._pending[1:], ended=False)
        if command is not None:
            commands.append(command)
            self._pending = ""
        elif len(self._pending) > _LONGEST:
            self._pending = ""

    def _finish(self, commands: list[Command]) -> None:
        command = _complete(self._pending[1:], ended=True)
        if command is not None:
            commands.append(command)
        self._pending = ""


def _complete(text: str, *, ended: bool) -> Command | None:
    for form, more in _FORMS:
        match = form.fullmatch(text)
        if match is not None and (ended or more is None):
            letters, channel, *fields = match.groups()
            return Command(letters, int(channel) if channel else -1, tuple(fields))
    return None


def _more(text: str) -> str:
    for form, more in _FORMS:
        if more is not None and form.fullmatch(text):
            return more
    return ""
