"""What one acquisition cycle saw of the power supplies: snapshot, crate, channel.

A value that was not read, or that a kind of supply does not tell, is None; why a reading failed is
in the crate's `errors`. A crate that did not answer is still there, without channels.
"""

import dataclasses
from dataclasses import field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from dsa_hcal_assets.clock import require_utc
from dsa_hcal_assets.hcal.controllers.readings import Status
from dsa_hcal_assets.hcal.snapshots.cycle import AcquisitionCycle, require_each_once

Kind = Literal["mpod", "lv_crate", "meter"]
LARGEST_STATUS = 2**26 - 1  # outputStatus has 26 bits

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Utc = Annotated[datetime, AfterValidator(require_utc)]


@dataclass(frozen=True, config=_STRICT)
class SupplyChannel:
    """State of one channel of a supply.

    Parameters
    ----------
    slot, channel
        Its place, as the crate's commands count; slot 0 for a meter.
    v_set, v_meas
        Voltage set and measured, V.
    i_limit, i_meas
        Current limit and current measured, A.
    switched_on
        Whether it is switched on (`outputSwitch`).
    status
        `outputStatus`; bit n of the MIB is ``1 << n``.
    """

    slot: Annotated[int, Field(ge=0, le=99)]
    channel: Annotated[int, Field(ge=0, le=99)]
    v_set: float | None = None
    v_meas: float | None = None
    i_limit: float | None = None
    i_meas: float | None = None
    switched_on: bool | None = None
    status: Annotated[int, Field(ge=0, le=LARGEST_STATUS)] | None = None


@dataclass(frozen=True, config=_STRICT)
class CrateReading:
    """State of one crate or meter in one cycle.

    Parameters
    ----------
    board
        Its id in the list of supplies.
    kind
        What it is.
    status
        "ok": everything read; "partial": some readings failed; "down": none succeeded.
    sampled_at
        Aware UTC time at which its first reading of the cycle was asked for, None when it was not
        reached.
    error
        Why it is not "ok", as a flat record (`PlatformError.as_record`).
    errors
        Each failed reading by name, as a flat record.
    main_switch
        Main switch of a bias crate.
    channels
        Those of which anything was read, by slot and channel.
    """

    board: str
    kind: Kind
    status: Status
    sampled_at: _Utc | None
    error: dict[str, str | bool | None] | None
    errors: dict[str, dict[str, str | bool | None]] = field(default_factory=dict)
    main_switch: bool | None = None
    channels: tuple[SupplyChannel, ...] = ()

    def __post_init__(self) -> None:
        places = [(channel.slot, channel.channel) for channel in self.channels]
        if places != sorted(set(places)):
            raise ValueError(f"channels of {self.board}: each once, in order")


@dataclasses.dataclass(frozen=True)
class SupplySnapshot(AcquisitionCycle):
    """Everything one acquisition cycle read of the supplies.

    Parameters
    ----------
    boards
        One reading a crate or meter that was due in this cycle, each id once.
    """

    boards: tuple[CrateReading, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_each_once("supplies", [board.board for board in self.boards])
