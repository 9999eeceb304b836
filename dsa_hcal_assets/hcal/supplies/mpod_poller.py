"""Reading a bias crate once a cycle: main switch, then the channels' table in portions of a slot."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import PlatformError, TransientError
from dsa_hcal_assets.hcal.acquisition.collecting import BoardPartial
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.acquisition.poller import BoardDeadline
from dsa_hcal_assets.hcal.acquisition.replies import ReplyGarbled
from dsa_hcal_assets.hcal.controllers.readings import Status
from dsa_hcal_assets.hcal.supplies.mpod_table import MAIN_SWITCH, TableWalk, place_of, value_of
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplyChannel
from dsa_hcal_assets.hcal.supplies.snmp_client import SnmpClient
from dsa_hcal_assets.hcal.supplies.units import Mpod

# six objects of eight channels: an answer that fits one Ethernet frame
ROWS_A_PORTION = 8
_SWITCH, _TABLE = "sysMainSwitch", "outputTable"


class MpodCollected:
    """What has been read of a bias crate so far; gives its reading at any point."""

    def __init__(self, unit: Mpod) -> None:
        self._unit = unit
        self.sampled_at: datetime | None = None
        self.main_switch: bool | None = None
        self.walk = TableWalk()
        self._errors: dict[str, PlatformError] = {}

    def fail(self, what: str, error: PlatformError) -> None:
        """Record why a reading is missing."""
        self._errors.setdefault(what, error)

    def reading(self) -> CrateReading:
        """Return the crate's reading as collected so far."""
        fields = self._decoded()
        channels = tuple(
            SupplyChannel(slot, channel, **values) for (slot, channel), values in sorted(fields.items())
        )
        return CrateReading(
            self._unit.id,
            "mpod",
            self._status(bool(channels)),
            self.sampled_at,
            self._summary(bool(channels)),
            {what: error.as_record() for what, error in self._errors.items()},
            self.main_switch,
            channels,
        )

    def _decoded(self) -> dict[tuple[int, int], dict[str, Any]]:
        fields: dict[tuple[int, int], dict[str, Any]] = defaultdict(dict)
        for column, values in self.walk.values.items():
            for index, value in values.items():
                try:
                    fields[place_of(index)][column.field] = value_of(column, index, value)
                except ReplyGarbled as error:
                    self.fail(f"{column.mib_name}.u{index - 1}", error)
        self._name_missing()
        return fields

    def _name_missing(self) -> None:
        """Name the columns that ended without some of the channels others have."""
        if self.walk.next_oids:
            return  # why it was not read to its end is on record
        indices = {index for values in self.walk.values.values() for index in values}
        for column, values in self.walk.values.items():
            if missing := sorted(indices - values.keys()):
                what = f"{column.mib_name} is missing for {len(missing)} channels"
                self.fail(column.mib_name, ReplyGarbled(what, found=f"u{missing[0] - 1} is the first"))

    def _status(self, anything: bool) -> Status:
        if not self._errors:
            return "ok"
        return "partial" if anything or self.main_switch is not None else "down"

    def _summary(self, anything: bool) -> dict[str, str | bool | None] | None:
        if not self._errors:
            return None
        first = next(iter(self._errors.values()))
        if self._status(anything) == "down":
            return first.as_record()
        return BoardPartial(
            f"crate {self._unit.id}: {len(self._errors)} readings failed",
            found=f"{next(iter(self._errors))}: {first.what}",
            kept="the other readings",
            remedy="see the crate's errors; it is read again in the next cycle",
        ).as_record()


class MpodPoller:
    """Keeps a socket to a bias crate's agent and reads it once a cycle.

    Parameters
    ----------
    unit
        The crate.
    deadlines
        `reply` is for one question with its repetitions, `board` for the whole crate.
    now
        The time samples are stamped with.
    """

    def __init__(self, unit: Mpod, deadlines: Deadlines, *, now: Callable[[], datetime] = utc_now) -> None:
        self.board = unit.board
        self._unit = unit
        self._deadlines = deadlines
        self._now = now
        self._client: SnmpClient | None = None

    async def poll(self) -> CrateReading:
        """Read all channels; never raises for what a crate or network does."""
        collected = MpodCollected(self._unit)
        try:
            async with asyncio.timeout(self._deadlines.board):
                await self._read_all(collected)
        except TimeoutError:
            seconds = self._deadlines.board
            collected.fail(_TABLE, BoardDeadline(f"crate {self._unit.id}: not read within {seconds:g} s"))
        except TransientError as error:
            collected.fail(_TABLE, error)
            self.close()  # a new socket next time: the name may mean another address by then
        return collected.reading()

    def unread(self, error: PlatformError) -> CrateReading:
        """Return the reading of a cycle in which nothing was read, because of `error`."""
        collected = MpodCollected(self._unit)
        collected.fail(_TABLE, error)
        return collected.reading()

    def close(self) -> None:
        """Close the socket, if any."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _read_all(self, collected: MpodCollected) -> None:
        if self._client is None:
            self._client = await SnmpClient.open(self._unit, self._deadlines)
        collected.sampled_at = self._now()
        [switch] = await self._client.get([MAIN_SWITCH])
        if isinstance(switch.value, int):
            collected.main_switch = switch.value == 1
        else:
            what = f"crate {self._unit.id} has no main switch"
            collected.fail(_SWITCH, ReplyGarbled(what, found=repr(switch.value)[:60]))
        while oids := collected.walk.next_oids:
            collected.walk.take(await self._client.get_bulk(oids, ROWS_A_PORTION))
        if collected.main_switch and not any(collected.walk.values.values()):
            collected.fail(_TABLE, ReplyGarbled(f"crate {self._unit.id} is on and has no channel"))
