"""What can be wrong with a simulated board: switches, set at the start or while it runs.

Written as text for the command line (``83=down``, ``91=latency_ms:200,echo``) or as a TOML file
with one table a board, re-read while the simulation runs::

    [83]
    down = true

    [91]
    latency_ms = 200
    channels = [3]        # only these; default: all
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsa_hcal_assets.errors import ConfigurationError


class Faults(BaseModel):
    """Faults of one board; the default is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    down: bool = Field(default=False, description="refuses connections, drops those it has")
    power_cut: bool = Field(
        default=False, description="loses power and comes back at once when this is switched on"
    )
    mute: bool = Field(default=False, description="accepts connections and commands, answers nothing")
    latency_ms: float = Field(default=0.0, ge=0, description="time before each reply")
    drip_seconds: float = Field(default=0.0, ge=0, description="time before each byte of a reply")
    garbage: bool = Field(default=False, description="bytes outside ASCII instead of values")
    flood: bool = Field(default=False, description="a line of 10 MB without prompt instead of values")
    extra_values: int = Field(
        default=0, ge=-24, le=1000, description="values too many, or too few if negative"
    )
    nan: bool = Field(default=False, description="`nan` instead of the first value")
    prompt_inside: bool = Field(default=False, description="a prompt in the middle of the second value")
    reset: bool = Field(default=False, description="resets the connection in the middle of a reply")
    echo: bool = Field(default=False, description="echoes the command as first line of the reply")
    iac: bool = Field(default=False, description="strews telnet option negotiation into replies")
    banner: bool = Field(default=False, description="greets with a banner and a prompt")
    units: bool = Field(default=False, description="appends units to values")
    line_end: Literal["lfcr", "crlf", "lf", "cr"] = Field(
        default="lfcr", description="line terminator of replies"
    )
    channels: frozenset[int] | None = Field(
        default=None, description="only replies for these channels; none: all"
    )

    def on(self, channel: int) -> "Faults":
        """Return the faults a reply for `channel` has."""
        return self if self.channels is None or channel in self.channels else Faults()


def parse_fault(text: str) -> tuple[str, Faults]:
    """Return board and faults of a text like ``91=latency_ms:200,echo``.

    Raises
    ------
    ConfigurationError
        If the text is of another form or names an unknown fault.
    """
    board, _, switches = text.partition("=")
    values: dict[str, object] = {}
    for switch in switches.split(","):
        name, colon, value = switch.partition(":")
        values[name.strip()] = value if colon else True
    return board, _faults(text, values)


def read_faults(path: Path) -> dict[str, Faults]:
    """Return the faults of a TOML file, by board; none if the file does not exist.

    Raises
    ------
    ConfigurationError
        If the file is no TOML or names an unknown fault.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"faults file {path} cannot be read", found=str(error)) from error
    return {board: _faults(f"{path}: board {board}", values) for board, values in tables.items()}


def require_known(boards: Iterable[str], known: Iterable[str]) -> None:
    """Refuse faults for boards that are not simulated.

    Raises
    ------
    ConfigurationError
        Naming the board.
    """
    known = list(known)
    for board in boards:
        if board not in known:
            raise ConfigurationError(f"no board {board!r} is simulated", expected=", ".join(known))


def _faults(where: str, values: object) -> Faults:
    try:
        return Faults.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(step) for step in first["loc"])
        raise ConfigurationError(
            f"{where}: fault {name or values!r}", expected=first["msg"], found=repr(first["input"])
        ) from error
