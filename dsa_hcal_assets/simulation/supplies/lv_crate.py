"""The simulated low-voltage crate: slots 1-16 of 16 values, and what commands do to them.

It acts on a reading as soon as the command is complete; ``$E<slot><mask>`` and ``$R`` wait for the
terminator. Every command is echoed without ``$`` and ends with the prompt, as the crate's own
clients expect.
"""

import re
from collections.abc import Callable

from dsa_hcal_assets.simulation.boards.board import Output
from dsa_hcal_assets.simulation.boards.commands import Command
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.boards.server import BoardServer
from dsa_hcal_assets.simulation.supplies.physics import lv_slot

SLOTS, VALUES = range(1, 17), 16
_READING = re.compile(r"([VI])(\d\d)")
_SWITCHING = re.compile(r"(E)(\d\d)([0-9A-Fa-f]{2})|(R)")
_LONGEST = 32


class LvCommandCutter:
    """Turns a stream of bytes into commands."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, data: bytes) -> list[Command]:
        """Return the commands that `data` completes."""
        commands: list[Command] = []
        for character in data.decode("latin-1"):
            if character in "\n\r$":
                commands += _commands(_SWITCHING, self._pending)
                self._pending = "$" if character == "$" else ""
            elif self._pending:
                self._pending += character
                if found := _commands(_READING, self._pending):
                    commands += found
                    self._pending = ""
                elif len(self._pending) > _LONGEST:
                    self._pending = ""
        return commands


class SimulatedLvCrate:
    """A low-voltage crate.

    Parameters
    ----------
    seed
        Of the detector behind it.

    Attributes
    ----------
    enabled
        Mask of each slot: bit n is value n and value n + 8, both rails of it.
    commands
        Everything ever asked, for tests of what a client sends.
    """

    def __init__(self, seed: int = 0) -> None:
        self._truth = {slot: lv_slot(seed, slot) for slot in SLOTS}
        self.enabled = dict.fromkeys(SLOTS, 0xFF)
        self.commands: list[str] = []

    def voltages(self, slot: int) -> list[float]:
        """Return what a slot's 16 values really are, V."""
        return self._while_enabled(slot, self._truth[slot].volts)

    def currents(self, slot: int) -> list[float]:
        """Return what a slot's 16 values really are, A."""
        return self._while_enabled(slot, self._truth[slot].amperes)

    def execute(self, command: Command) -> Output | None:
        """Do what `command` says; every command is answered, if only by a prompt."""
        self.commands.append(command.text)
        slot = command.channel
        if command.letters == "R":
            self.enabled = dict.fromkeys(SLOTS, 0)
            return Output(())
        if slot not in SLOTS:
            return Output(())
        match command.letters, command.fields:
            case "E", (mask,):
                self.enabled[slot] = int(mask, 16)
            case "V", ():
                return Output(tuple(f"{volts:.3f}" for volts in self.voltages(slot)), "V")
            case "I", ():
                return Output(tuple(f"{amperes:.3f}" for amperes in self.currents(slot)), "A")
        return Output(())

    def _while_enabled(self, slot: int, values: tuple[float, ...]) -> list[float]:
        return [value * (self.enabled[slot] >> number % 8 & 1) for number, value in enumerate(values)]


class LvServer(BoardServer[SimulatedLvCrate]):
    """Serves a low-voltage crate; its faults are those of the boards, with the crate's manners kept."""

    cutter: Callable[[], LvCommandCutter] = LvCommandCutter

    def __init__(
        self, crate: SimulatedLvCrate, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None
    ) -> None:
        super().__init__(crate, host, port, _mannered(faults or Faults()))

    async def set_faults(self, faults: Faults) -> None:
        """Switch to `faults`."""
        await super().set_faults(_mannered(faults))


def _mannered(faults: Faults) -> Faults:
    return faults.model_copy(update={"echo": True, "units": True})


def _commands(form: re.Pattern[str], pending: str) -> list[Command]:
    match = form.fullmatch(pending[1:])
    if match is None:
        return []
    letters, *fields = (group for group in match.groups() if group is not None)
    if not fields:
        return [Command(letters, -1)]
    return [LvCommand(letters, int(fields[0]), tuple(fields[1:]))]


class LvCommand(Command):
    """A command whose slot has two digits."""

    @property
    def text(self) -> str:
        """The command as the crate echoes it, without ``$``."""
        return f"{self.letters}{self.channel:02d}{''.join(self.fields)}"
