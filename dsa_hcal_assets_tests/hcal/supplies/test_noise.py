"""Whatever bytes a supply sends, in whatever pieces: its poller returns a reading, in time."""

import asyncio
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pysnmp.proto.api import v2c

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.supplies.mpod_table import Column
from dsa_hcal_assets.hcal.supplies.polling import poller_of
from dsa_hcal_assets.hcal.supplies.readings import CrateReading, SupplySnapshot
from dsa_hcal_assets.hcal.supplies.snapshot import encode
from dsa_hcal_assets.hcal.supplies.units import LvCrate, Meter, Mpod, Unit
from dsa_hcal_assets.simulation.supplies.mpod import SimulatedMpod
from dsa_hcal_assets.simulation.supplies.mpod_agent import MpodAgent
from dsa_hcal_assets_tests.hcal.acquisition.noise import noise, serving
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW

HASTY = Deadlines(connect=1.0, reply=0.07, board=1.0, quiet=0.005, backoff=0.001)
NOISE = noise(
    b">", b"\n\r", b"7.001V", b"0.014A", b"V01", b"\xff\xfa", b"nan", b"\r", b"+6.5E+01,+1.2E-04", b","
)
noisy = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


async def poll(unit: Unit, deadlines: Deadlines = HASTY) -> CrateReading:
    poller = poller_of(unit, deadlines)
    try:
        async with asyncio.timeout(deadlines.board + 2):
            return await poller.poll()
    finally:
        poller.close()


async def poll_noise(kind: type[Unit], replies: Sequence[bytes]) -> CrateReading:
    async with serving(replies) as (host, port):
        return await poll(kind(id="noisy", host=host, port=port))


def must_be_a_reading(reading: CrateReading) -> None:
    assert reading.status in ("ok", "partial", "down")
    assert (reading.status == "ok") == (reading.error is None) == (not reading.errors)
    assert (reading.status == "down") <= (not reading.channels)
    encode(SupplySnapshot(NOW, 0, "noise", -1, (reading,)))


@noisy
@given(st.lists(NOISE, max_size=12))
def test_a_low_voltage_crate_may_say_anything(replies):
    reading = asyncio.run(poll_noise(LvCrate, replies))
    must_be_a_reading(reading)
    assert reading.status != "ok"


@noisy
@given(st.lists(NOISE, max_size=3))
def test_a_meter_may_say_anything(replies):
    must_be_a_reading(asyncio.run(poll_noise(Meter, replies)))


class MadAgent(MpodAgent):
    """Answers with the right request id and something done to the rest."""

    def __init__(self, spoil: "Spoil") -> None:
        super().__init__(SimulatedMpod(7, now=lambda: NOW))
        self._spoil = spoil

    def _answer(self, data: bytes) -> bytes | None:
        answer = super()._answer(data)
        return None if answer is None else self._spoil(answer)


class Spoil:
    """Changes bytes behind the request id, or cuts the answer."""

    def __init__(self, changes: Sequence[tuple[int, int]], keep: float) -> None:
        self._changes, self._keep = changes, keep

    def __call__(self, answer: bytes) -> bytes:
        spoilt = bytearray(answer)
        for place, byte in self._changes:
            spoilt[30 + place % max(1, len(spoilt) - 30)] = byte
        return bytes(spoilt[: max(1, int(self._keep * len(spoilt)))])


async def poll_mad(spoil: Spoil) -> CrateReading:
    agent = MadAgent(spoil)
    await agent.start()
    try:
        return await poll(Mpod(id="mad", host=agent.host, port=agent.port))
    finally:
        await agent.stop()


@noisy
@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
    st.sampled_from([1.0, 1.0, 1.0, 0.99, 0.5]),
)
def test_an_agent_may_answer_anything(changes, keep):
    must_be_a_reading(asyncio.run(poll_mad(Spoil(changes, keep))))


def test_a_sound_answer_is_not_spoilt_by_the_spoiler():
    reading = asyncio.run(poll_mad(Spoil((), 1.0)))
    assert (reading.status, len(reading.channels)) == ("ok", 64)


class EndlessAgent(MpodAgent):
    """Its table never ends: every answer gives the next index, for ever."""

    def _behind(self, oid):
        following = (*oid, 1) if len(oid) == len(Column.STATUS.oid) else (*oid[:-1], oid[-1] + 1)
        return following, v2c.OctetString(b"\x80\x01\x80")


def test_a_table_that_never_ends_is_left():
    async def run() -> CrateReading:
        agent = EndlessAgent(SimulatedMpod(7, now=lambda: NOW))
        await agent.start()
        try:
            return await poll(Mpod(id="endless", host=agent.host, port=agent.port), Deadlines())
        finally:
            await agent.stop()

    reading = asyncio.run(run())
    assert reading.status == "partial"
    assert "table index 1001" in reading.errors["outputTable"]["what"]
    assert {(one.channel, one.status) for one in reading.channels} == {(n, 98305) for n in range(100)}
