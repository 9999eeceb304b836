"""The register table: a TOML file that describes one kind of board.

::

    kind = "adc"
    protocol = "text"            # or "modbus"

    [[register]]
    name = "temperature_fpga"
    description = "Temperature of the FPGA"
    address = 0x10               # or, for boards with commands of their own: command = "$M0"
    width = 16                   # bits
    signed = true                # optional: two's complement
    scale = 0.0625               # optional: value = raw x scale + offset
    offset = 0.0                 # optional
    unit = "degC"                # optional
    valid = [10, 80]             # optional: limits of the value
    every = 6                    # optional: read in every 6th cycle

    [[register.field]]           # optional: bits with a meaning of their own
    name = "pll_locked"
    bits = [0, 0]                # lowest and highest
    expected = [1]               # optional

Everything is checked when the file is read: unknown keys, names and places that occur twice, bits
outside the register or in two fields.
"""

import hashlib
import math
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dsa_hcal_assets.errors import ConfigurationError

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
# Long enough to ask, too short to carry a value: what sets something needs digits behind it. `$E` and
# `$P` are known to disturb, `$GS`, `$LS` and `$LM` are the words that set.
_COMMAND = re.compile(r"\$(?!(?:E|P|GS|LS|LM)(?![A-Z]))[A-Z]{1,3}[0-9]{0,2}")
Name = Annotated[str, Field(pattern=_NAME)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BitField(_Strict):
    """Some bits of a register with a meaning of their own."""

    name: Name
    bits: list[int] = Field(min_length=2, max_length=2)
    expected: list[int] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low, high = self.bits
        if not 0 <= low <= high:
            raise ValueError(f"bits {self.bits}: lowest and highest, from 0")
        largest = (1 << (high - low + 1)) - 1
        if self.expected is not None and not all(0 <= value <= largest for value in self.expected):
            raise ValueError(f"expected {self.expected}: 0-{largest} fit into bits {self.bits}")
        return self

    def of(self, raw: int) -> int:
        """Return the field's value in a register's raw one."""
        low, high = self.bits
        return (raw >> low) & ((1 << (high - low + 1)) - 1)


class Register(_Strict):
    """One register: where it is, what its bits mean, what is normal, how often it is read."""

    name: Name
    description: str = Field(min_length=1)
    address: int | None = Field(None, ge=0, le=0xFFFF)
    command: str | None = None
    width: Literal[8, 16, 32, 48]
    signed: bool = False
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    valid: list[float] | None = Field(None, min_length=2, max_length=2)
    every: int = Field(1, ge=1)
    field: list[BitField] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.address is None) == (self.command is None):
            raise ValueError("either address or command")
        if self.command is not None and not _COMMAND.fullmatch(self.command):
            raise ValueError(f"command {self.command!r}: $, 1-3 capitals, at most 2 digits; none that sets")
        if not (math.isfinite(self.scale) and math.isfinite(self.offset)) or self.scale == 0:
            raise ValueError("scale and offset must be finite, scale not 0")
        if self.valid is not None and not self.valid[0] <= self.valid[1]:
            raise ValueError(f"valid {self.valid}: lowest and highest value")
        used = [bit for one in self.field for bit in range(one.bits[0], one.bits[1] + 1)]
        if len(used) != len(set(used)) or any(bit >= self.width for bit in used):
            raise ValueError(f"bits of the fields: within 0-{self.width - 1}, each in one field")
        _require_unique("field", [one.name for one in self.field])
        return self

    def value(self, raw: int) -> float:
        """Return the value in `unit` of the register's bits (0 to 2**width - 1)."""
        if self.signed and raw >> (self.width - 1):
            raw -= 1 << self.width
        return raw * self.scale + self.offset

    def due(self, sequence: int) -> bool:
        """Return whether the register is read in the acquisition's `sequence`-th cycle."""
        return sequence % self.every == 0


class RegisterTable(_Strict):
    """All registers of one kind of board, in the order in which they are read."""

    kind: Name
    protocol: Literal["text", "modbus"]
    modbus_unit: int = Field(1, ge=0, le=255)
    modbus_function: Literal["holding", "input"] = "holding"
    register_: list[Register] = Field(alias="register", min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        registers = self.register_
        _require_unique("register", [one.name for one in registers])
        _require_unique("address", [one.address for one in registers if one.address is not None])
        _require_unique("command", [one.command for one in registers if one.command is not None])
        for one in registers:
            if self.protocol == "modbus" and (one.address is None or one.width % 16):
                raise ValueError(f"register {one.name}: modbus takes an address and whole 16-bit words")
        return self

    @property
    def registers(self) -> dict[str, Register]:
        """The registers by name."""
        return {one.name: one for one in self.register_}

    @property
    def digest(self) -> str:
        """SHA-256 of what the table says, however its file is written."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    def as_json(self) -> str:
        """Return the table as JSON, without what is at its default."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    def due(self, sequence: int) -> list[Register]:
        """Return the registers that are read in the acquisition's `sequence`-th cycle."""
        return [one for one in self.register_ if one.due(sequence)]


def read_table(path: Path) -> RegisterTable:
    """Read and check a register table.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is no TOML or says something that cannot be; the message names it.
    """
    try:
        return RegisterTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"register table {path} cannot be read", found=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigurationError(
            f"{path}: {'.'.join(map(str, first['loc']))}",
            expected=first["msg"],
            found=repr(first["input"])[:200],
            remedy="see dsa_hcal_assets/hcal/registers/table.py for what a table may say",
        ) from error


def _require_unique(what: str, values: list[str] | list[int]) -> None:
    for value in values:
        if values.count(value) > 1:  # type: ignore[arg-type]  # one list, one type
            raise ValueError(f"{what} {value} appears {values.count(value)} times")  # type: ignore[arg-type]
