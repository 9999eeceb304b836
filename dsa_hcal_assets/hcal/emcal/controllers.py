"""Which controllers of the calorimeter are polled: a TOML file with one ``[[controller]]`` each.

::

    [[controller]]
    id = "S08"
    host = "10.20.34.42"
    port = 9760                      # optional, this is the controllers' own
    channels = [0, 1, 2, 3, 4, 5]    # optional: the interface boards asked for through it

A controller serves the six interface boards of a sector. Where every board has an address of its
own, each is a controller with one channel. Which tower sits where is the board map (board_map.py).
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import PORT, Board
from dsa_hcal_assets.hcal.emcal.geometry import BOARDS_PER_SECTOR

CHANNELS = BOARDS_PER_SECTOR
"""Interface boards one controller can serve."""


class Controller(BaseModel):
    """One address and the interface boards behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
    host: str = Field(pattern=r"^[A-Za-z0-9._:%-]{1,253}$")
    port: int = Field(PORT, ge=1, le=65535)
    channels: list[int] = Field(default_factory=lambda: list(range(CHANNELS)), min_length=1)

    @field_validator("channels")
    @classmethod
    def _in_order(cls, channels: list[int]) -> list[int]:
        if channels != sorted(set(channels) & set(range(CHANNELS))):
            raise ValueError(f"numbers 0-{CHANNELS - 1}, each once, in order")
        return channels

    @property
    def address(self) -> Board:
        """Where it listens."""
        return Board(self.id, self.host, self.port)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    controller: list[Controller] = Field(min_length=1)


def read_controllers(path: Path) -> tuple[Controller, ...]:
    """Read the controllers of a TOML file, in its order.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is no TOML, has unknown keys, an id or address twice, or no
        controller at all; the message names the key.
    """
    try:
        controllers = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).controller
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"controllers file {path} cannot be read",
            found=str(error),
            remedy="`dsa-hcal simulate emcal` writes one to try",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"{path}: {'.'.join(map(str, first['loc']))}", expected=first["msg"], found=repr(first["input"])
        ) from error
    for what, values in (
        ("id", [one.id for one in controllers]),
        ("address", [f"{one.host}:{one.port}" for one in controllers]),
    ):
        for value in values:
            if values.count(value) > 1:
                raise ConfigurationError(f"{path}: {what} {value} appears {values.count(value)} times")
    return tuple(controllers)


def write_controllers(path: Path, controllers: Iterable[Controller]) -> None:
    """Write a controllers file that `read_controllers` reads, replacing an older one at once."""
    tables = (
        f'[[controller]]\nid = "{one.id}"\nhost = "{one.host}"\nport = {one.port}\n'
        f"channels = {one.channels}\n"
        for one in controllers
    )
    replace_durably(path, "\n".join(tables).encode("ascii"))
