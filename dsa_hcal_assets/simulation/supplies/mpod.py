"""One simulated bias crate: its objects under WIENER-CRATE-MIB, as an agent sees them."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime

from pysnmp.proto.api import v2c

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.supplies.mpod_table import MAIN_SWITCH, OUTPUT_ENTRY, WIENER_CRATE, index_of
from dsa_hcal_assets.hcal.supplies.output_status import octets_of
from dsa_hcal_assets.hcal.supplies.snmp import Oid, opaque_float
from dsa_hcal_assets.simulation.supplies.physics import RAMP, BiasChannel, BiasTruth, bias_channel

SLOTS, CHANNELS = 8, 8
SYS_DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
_SYS_STATUS: Oid = (*WIENER_CRATE, 1, 2, 0)
_OUTPUT_NUMBER: Oid = (*WIENER_CRATE, 3, 1, 0)
_VOLTAGE, _CURRENT, _SWITCH = 10, 12, 9  # columns that can be set


def _number(value: float) -> object:
    return v2c.Opaque(opaque_float(value))


# column -> its object; those in between (supervision, calibration) nobody asks for
_COLUMNS: dict[int, Callable[[int, BiasTruth], object]] = {
    1: lambda index, _: v2c.Integer32(index),
    2: lambda index, _: v2c.OctetString(f"U{index - 1}"),
    3: lambda _, __: v2c.Integer32(0),
    4: lambda _, truth: v2c.OctetString(octets_of(truth.status)),
    5: lambda _, truth: _number(truth.v_meas),
    6: lambda _, truth: _number(truth.v_meas),
    7: lambda _, truth: _number(truth.i_meas),
    8: lambda _, __: v2c.Integer32(31),
    9: lambda _, truth: v2c.Integer32(int(truth.switched_on)),
    10: lambda _, truth: _number(truth.v_set),
    12: lambda _, truth: _number(truth.i_limit),
    13: lambda _, __: _number(RAMP),
    14: lambda _, __: _number(RAMP),
}


class SimulatedMpod:
    """A bias crate of 8 slots of 8 channels, sector = 8 x slot + channel.

    Parameters
    ----------
    seed
        Of the detector behind it.
    now
        The time it is read and switched at.

    Attributes
    ----------
    channels
        By slot and channel; take one out for an empty place.
    settings
        Every object anyone tried to set, for tests of what a client sends.
    """

    def __init__(self, seed: int = 0, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self.main_switch = True
        self.channels: dict[tuple[int, int], BiasChannel] = {
            (slot, channel): bias_channel(seed, CHANNELS * slot + channel)
            for slot in range(SLOTS)
            for channel in range(CHANNELS)
        }
        self.settings: list[Oid] = []
        self._names: tuple[Oid, ...] = ()
        self._named: set[tuple[int, int]] = set()  # the places `_names` is for

    def truth(self, slot: int, channel: int, moment: datetime | None = None) -> BiasTruth:
        """Return what a channel does at `moment` (default: now)."""
        return self.channels[slot, channel].truth(self._now() if moment is None else moment)

    def switch_main(self, on: bool) -> None:
        """Switch the whole crate: all channels follow."""
        self.main_switch = on
        for channel in self.channels.values():
            channel.switch(on, self._now())

    def get(self, oid: Oid) -> object | None:
        """Return an object's value, None if there is no such object."""
        single: dict[Oid, object] = {
            SYS_DESCR: v2c.OctetString("WIENER MPOD (simulated)"),
            MAIN_SWITCH: v2c.Integer32(int(self.main_switch)),
            _SYS_STATUS: v2c.OctetString(octets_of(int(self.main_switch))),
            _OUTPUT_NUMBER: v2c.Integer32(len(self.channels)),
        }
        if oid in single:
            return single[oid]
        place = self._place(oid)
        if place is None:
            return None
        return _COLUMNS[oid[-2]](oid[-1], self.truth(*place))

    def next(self, oid: Oid) -> Oid | None:
        """Return the name of the object behind `oid`, None at the end."""
        names = self._all_names()
        place = bisect_right(names, oid)
        return names[place] if place < len(names) else None

    def set(self, oid: Oid, value: object) -> bool:
        """Set an object as a control program does; return whether it can be set."""
        if oid == MAIN_SWITCH:
            self.switch_main(int(value) == 1)  # type: ignore[call-overload]
            return True
        place = self._place(oid)
        if place is None or oid[-2] not in (_VOLTAGE, _CURRENT, _SWITCH):
            return False
        channel = self.channels[place]
        if oid[-2] == _SWITCH:
            channel.switch(int(value) == 1, self._now())  # type: ignore[call-overload]
        elif oid[-2] == _VOLTAGE:
            channel.set_voltage(float(value), self._now())  # type: ignore[arg-type]
        else:
            channel.i_limit = float(value)  # type: ignore[arg-type]
        return True

    def _place(self, oid: Oid) -> tuple[int, int] | None:
        if oid[:-2] != OUTPUT_ENTRY or oid[-2] not in _COLUMNS:
            return None
        place = divmod(oid[-1] - 1, 100)
        return place if place in self.channels else None

    def _all_names(self) -> tuple[Oid, ...]:
        if self._named != self.channels.keys():
            indices = [index_of(*place) for place in self.channels]
            table = [(*OUTPUT_ENTRY, column, index) for column in _COLUMNS for index in indices]
            self._names = tuple(sorted([SYS_DESCR, MAIN_SWITCH, _SYS_STATUS, _OUTPUT_NUMBER, *table]))
            self._named = set(self.channels)
        return self._names
