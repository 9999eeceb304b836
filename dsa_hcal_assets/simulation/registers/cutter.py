"""Cutting a client's bytes into lines: a board with registers acts on each line that is not empty."""

from dsa_hcal_assets.simulation.boards.commands import Command

_TERMINATORS = b"\n\r"
_LONGEST = 64


class LineCutter:
    """Turns a stream of bytes into commands, one a line, without their ``$``."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Command]:
        """Return the commands that `data` completes."""
        commands = []
        for byte in data:
            if byte not in _TERMINATORS:
                self._pending.append(byte)
                del self._pending[_LONGEST:]
            elif self._pending:
                text = self._pending.decode("latin-1").removeprefix("$")
                commands.append(Command(text, -1))
                self._pending.clear()
        return commands
