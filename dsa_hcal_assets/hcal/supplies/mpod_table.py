"""WIENER-CRATE-MIB as far as it is read: which objects, and what their values say.

Enterprise 19947; `sysMainSwitch` = crate.system.1, the channels' table = crate.output.2. A table
index counts from 1: channel u<n> has index n + 1, n = 100 x slot + channel.
"""

import enum
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.supplies.output_status import bits_of
from dsa_hcal_assets.hcal.supplies.snmp import Oid, Value, VarBind

WIENER_CRATE: Oid = (1, 3, 6, 1, 4, 1, 19947, 1)
MAIN_SWITCH: Oid = (*WIENER_CRATE, 1, 1, 0)
OUTPUT_ENTRY: Oid = (*WIENER_CRATE, 3, 2, 1)
SLOT_STEP = 100
_LARGEST_INDEX = 10 * SLOT_STEP  # ten slots is the largest crate
_LARGEST = 1e5  # V or A: nothing comes near it


class Column(enum.Enum):
    """Columns that are read: number in the table, name in the MIB, field of a `SupplyChannel`."""

    STATUS = (4, "outputStatus", "status")
    V_MEAS = (5, "outputMeasurementSenseVoltage", "v_meas")
    I_MEAS = (7, "outputMeasurementCurrent", "i_meas")
    SWITCH = (9, "outputSwitch", "switched_on")
    V_SET = (10, "outputVoltage", "v_set")
    I_LIMIT = (12, "outputCurrent", "i_limit")

    def __init__(self, number: int, mib_name: str, field: str) -> None:
        self.number = number
        self.mib_name = mib_name
        self.field = field

    @property
    def oid(self) -> Oid:
        """The column, before its indices."""
        return (*OUTPUT_ENTRY, self.number)


def index_of(slot: int, channel: int) -> int:
    """Return the table index of a channel."""
    return SLOT_STEP * slot + channel + 1


def place_of(index: int) -> tuple[int, int]:
    """Return slot and channel of a table index.

    Raises
    ------
    ReplyGarbled
        If no crate has such an index.
    """
    if not 1 <= index <= _LARGEST_INDEX:
        raise ReplyGarbled(f"table index {index}", expected=f"1-{_LARGEST_INDEX}")
    slot, channel = divmod(index - 1, SLOT_STEP)
    return slot, channel


def value_of(column: Column, index: int, value: Value) -> Any:
    """Return the value of a channel's object as its field of a `SupplyChannel` takes it.

    Raises
    ------
    ReplyGarbled
        If it is of another type than the MIB says, or impossible.
    """
    what = f"{column.mib_name}.u{index - 1}"
    match column:
        case Column.STATUS:
            if not isinstance(value, bytes) or len(value) > 8:
                raise ReplyGarbled(f"{what} is no BITS", found=repr(value)[:60])
            return bits_of(value)
        case Column.SWITCH:
            if isinstance(value, bool) or not isinstance(value, int):
                raise ReplyGarbled(f"{what} is no switch", found=repr(value)[:60])
            return value == 1
    if not isinstance(value, float) or not math.isfinite(value) or abs(value) > _LARGEST:
        raise ReplyGarbled(f"{what} is no number", expected="an Opaque float", found=repr(value)[:60])
    # the shortest text that reads back as the same float32
    return float(str(np.float32(value)))


class TableWalk:
    """Goes down the columns of the channels' table, a portion at a time.

    A column that has ended is not asked for again; rows may differ between columns.

    Attributes
    ----------
    values
        By column and table index, as the agent gave them.
    """

    def __init__(self, columns: Sequence[Column] = tuple(Column)) -> None:
        self.values: dict[Column, dict[int, Value]] = {column: {} for column in columns}
        self._at: dict[Column, Oid] = {column: column.oid for column in columns}

    @property
    def next_oids(self) -> list[Oid]:
        """What the next portion comes behind; empty at the end of the table."""
        return list(self._at.values())

    def take(self, varbinds: Sequence[VarBind]) -> None:
        """Keep a portion: rows of one object for each of `next_oids`, perhaps cut short.

        Raises
        ------
        ReplyGarbled
            If it is empty, its objects are not behind those asked for, or no crate has their indices: going
            on would not end.
        """
        columns = list(self._at)
        if not varbinds:
            raise ReplyGarbled("an empty portion of the channels' table")
        for number, varbind in enumerate(varbinds):
            column = columns[number % len(columns)]
            if column in self._at:
                self._keep(column, varbind)

    def _keep(self, column: Column, varbind: VarBind) -> None:
        if varbind.value is None or varbind.oid[:-1] != column.oid:
            del self._at[column]  # behind its last row
            return
        if varbind.oid <= self._at[column]:
            raise ReplyGarbled(
                "the channels' table does not go on",
                expected=f"an object behind {_dotted(self._at[column])}",
                found=_dotted(varbind.oid),
            )
        place_of(varbind.oid[-1])
        self.values[column][varbind.oid[-1]] = varbind.value
        self._at[column] = varbind.oid


def _dotted(oid: Oid) -> str:
    return ".".join(map(str, oid))
