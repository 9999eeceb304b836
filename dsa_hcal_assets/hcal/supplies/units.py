"""Which supplies are polled: a TOML file with one table each.

::

    [[mpod]]
    id = "mpod"
    host = "10.20.34.148"
    port = 161              # optional, SNMP's own
    community = "public"    # optional

    [[lv_crate]]
    id = "lv"
    host = "10.20.34.122"
    port = 9760             # optional
    slots = [1, 2, 3]       # optional, 1-16
    every = 10              # due in every 10th cycle only: optional, this is the crate's own

    [[meter]]
    id = "keithley"
    host = "10.20.34.200"
    port = 4001

The others are due in every cycle unless they say `every` too.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.hcal.controllers.boards import Board
from dsa_hcal_assets.hcal.supplies.readings import Kind

SLOTS = tuple(range(1, 17))  # of the low-voltage crate, as its commands count
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
_Port = Annotated[int, Field(ge=1, le=65535)]
_Slot = Annotated[int, Field(ge=0, le=99)]


class Unit(BaseModel):
    """One crate or meter: its name and where it listens."""

    model_config = _STRICT
    kind: ClassVar[Kind]

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")
    host: str = Field(pattern=r"^[A-Za-z0-9._:%-]{1,253}$")
    port: _Port
    every: int = Field(1, ge=1)

    @property
    def board(self) -> Board:
        """Name and address, as pollers of all sources want them."""
        return Board(self.id, self.host, self.port)


class Mpod(Unit):
    """A bias crate with an SNMP agent."""

    kind: ClassVar[Kind] = "mpod"
    port: _Port = 161
    community: str = Field("public", min_length=1, max_length=255)


class LvCrate(Unit):
    """The low-voltage crate."""

    kind: ClassVar[Kind] = "lv_crate"
    port: _Port = 9760
    every: int = Field(10, ge=1)
    slots: Annotated[tuple[_Slot, ...], Field(strict=False, min_length=1)] = SLOTS


class Meter(Unit):
    """A source meter behind a terminal server."""

    kind: ClassVar[Kind] = "meter"


class _File(BaseModel):
    model_config = _STRICT

    mpod: list[Mpod] = []
    lv_crate: list[LvCrate] = []
    meter: list[Meter] = []


def read_units(path: Path) -> tuple[Unit, ...]:
    """Read the supplies of a TOML file: bias crates, low-voltage crates, meters.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is no TOML, has unknown keys, an id twice, or no supply at all;
        the message names the key.
    """
    try:
        tables = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"list of supplies {path} cannot be read",
            found=str(error),
            remedy="`dsa-hcal simulate supplies` writes one to try",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise ConfigurationError(
            f"{path}: {key}", expected=first["msg"], found=repr(first["input"])
        ) from error
    units: tuple[Unit, ...] = (*tables.mpod, *tables.lv_crate, *tables.meter)
    if not units:
        raise ConfigurationError(f"{path} lists no supply", expected="[[mpod]], [[lv_crate]] or [[meter]]")
    names = [unit.id for unit in units]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{path}: id {name} appears {names.count(name)} times")
    return units


def write_units(path: Path, units: Iterable[Unit]) -> None:
    """Write a file that `read_units` reads, replacing an older one at once."""
    tables = []
    for unit in units:
        lines = [f"[[{unit.kind}]]", f'id = "{unit.id}"', f'host = "{unit.host}"', f"port = {unit.port}"]
        if isinstance(unit, Mpod):
            lines.append(f'community = "{unit.community}"')
        if isinstance(unit, LvCrate):
            lines.append(f"slots = [{', '.join(map(str, unit.slots))}]")
        tables.append("\n".join([*lines, f"every = {unit.every}", ""]))
    replace_durably(path, "\n".join(tables).encode("ascii"))
