"""Simulated controllers that damage some of their replies and remember what they said, and when."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import PrivateAttr

from dsa_hcal_assets.simulation.boards.board import Output, SimulatedBoard
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.physics import BOARDS
from dsa_hcal_assets.simulation.boards.rack import ServedBoards

DAMAGES = (
    Faults(garbage=True),
    Faults(extra_values=-1),
    Faults(extra_values=1),
    Faults(reset=True),
    Faults(nan=True),
)

Readable = list[str | None]
"""Values of a reply as the board wrote them; None where the board said ``nan``."""


@dataclass
class Said:
    """What boards said that could be read: by cycle and board, the values of each command."""

    replies: dict[tuple[datetime, str], dict[str, Readable]] = field(default_factory=dict)

    def of(self, cycle: datetime, board: str) -> dict[str, Readable]:
        """Return the readable replies of a board in a cycle, by command (``T3``)."""
        return self.replies.get((cycle, board), {})

    def note(self, cycle: datetime, board: str, command: str, values: Readable) -> None:
        """Remember a readable reply."""
        self.replies.setdefault((cycle, board), {})[command] = values


class TroubledBoard(SimulatedBoard):
    """A controller of whose replies a share is damaged."""

    def __init__(self, id: str, seed: int, now: Callable[[], datetime], share: float, said: Said) -> None:
        super().__init__(id, seed, now=now)
        self._chance, self._share, self._said = random.Random(f"{seed} {id}"), share, said
        self._asked: tuple[str, Output] | None = None

    def execute(self, command: Command) -> Output | None:
        """Do what is asked; the reply to come is to this command (a client asks one at a time)."""
        output = super().execute(command)
        if output is not None:
            self._asked = (command.text, output)
        return output

    def damage(self) -> Faults:
        """Draw what is wrong with the reply that is about to be sent."""
        assert self._asked is not None
        command, output = self._asked
        faults = self._chance.choice(DAMAGES) if self._chance.random() < self._share else Faults()
        if faults == Faults():
            self._said.note(self._now(), self.id, command, list(output.lines))
        elif faults.nan and command[0] != "A":
            self._said.note(self._now(), self.id, command, [None, *output.lines[1:]])
        return faults


class Trouble(Faults):
    """Faults that are drawn anew for each reply."""

    _board: TroubledBoard = PrivateAttr()

    def __init__(self, board: TroubledBoard, *, down: bool = False) -> None:
        super().__init__(down=down)
        self._board = board

    def on(self, channel: int) -> Faults:
        """Return the faults of the next reply."""
        return self._board.damage()


def troubled_rack(now: Callable[[], datetime], said: Said, *, share: float) -> ServedBoards[TroubledBoard]:
    """Return all controllers, with `share` of their replies damaged."""
    boards = {id: TroubledBoard(id, 7, now, share, said) for id in BOARDS}
    return ServedBoards(boards, faults={id: Trouble(board) for id, board in boards.items()})


def real(values: Iterable[str | None]) -> list[float | None]:
    """Return the values as numbers."""
    return [None if value is None else float(value) for value in values]
