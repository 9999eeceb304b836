"""The simulated crate's agent, asked by somebody else's client: pysnmp's own engine."""

import asyncio

import pytest
from pysnmp.hlapi.v1arch.asyncio import (
    CommunityData,
    ObjectIdentity,
    ObjectType,
    SnmpDispatcher,
    UdpTransportTarget,
    bulk_cmd,
    bulk_walk_cmd,
    get_cmd,
    next_cmd,
    set_cmd,
    walk_cmd,
)
from pysnmp.proto.api import v2c

from dsa_hcal_assets.hcal.supplies.mpod_table import (
    MAIN_SWITCH,
    OUTPUT_ENTRY,
    WIENER_CRATE,
    Column,
    index_of,
)
from dsa_hcal_assets.hcal.supplies.snmp import opaque_float, plain_value
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.supplies.mpod import SYS_DESCR, SimulatedMpod
from dsa_hcal_assets.simulation.supplies.mpod_agent import MpodAgent
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW

SYS_STATUS = (*WIENER_CRATE, 1, 2, 0)


@pytest.fixture
def ask():
    """Run a question (a coroutine function of dispatcher and target) against a new crate."""

    def ask(question, faults=None):
        async def run():
            agent = MpodAgent(SimulatedMpod(7, now=lambda: NOW), faults=faults)
            await agent.start()
            target = await UdpTransportTarget.create((agent.host, agent.port), timeout=0.3, retries=0)
            try:
                with SnmpDispatcher() as dispatcher:
                    return await question(dispatcher, target), agent.crate
            finally:
                await agent.stop()

        return asyncio.run(run())

    return ask


def objects(*oids):
    return [ObjectType(ObjectIdentity(oid)) for oid in oids]


def public(command, *oids, **options):
    async def question(dispatcher, target):
        return await command(dispatcher, CommunityData("public"), target, *objects(*oids), **options)

    return question


def of(varbinds):
    return {tuple(map(int, str(name).split("."))): plain_value(value) for name, value in varbinds}


def test_get_gives_values_and_says_what_is_not_there(ask):
    oid = (*Column.V_SET.oid, index_of(5, 1))
    (error, status, _, varbinds), crate = ask(public(get_cmd, MAIN_SWITCH, oid, (*Column.V_SET.oid, 9)))
    assert (error, int(status)) == (None, 0)
    values = of(varbinds)
    assert values[MAIN_SWITCH] == 1
    assert values[oid] == pytest.approx(crate.truth(5, 1).v_set, rel=1e-6)
    assert isinstance(varbinds[2][1], v2c.NoSuchInstance)


def test_get_next_goes_on_in_order_and_says_when_it_ends(ask):
    (_, _, _, varbinds), _ = ask(public(next_cmd, (1, 3), MAIN_SWITCH))
    assert list(of(varbinds)) == [SYS_DESCR, SYS_STATUS]
    (_, _, _, varbinds), _ = ask(public(next_cmd, (1, 3, 6, 1, 4, 1, 19947, 1, 9)))
    assert isinstance(varbinds[0][1], v2c.EndOfMibView)


def test_get_bulk_gives_rows_within_one_frame(ask):
    (_, _, _, varbinds), crate = ask(
        public(lambda *a, **k: bulk_cmd(a[0], a[1], a[2], 0, 50, *a[3:], **k), *[c.oid for c in Column])
    )
    rows = len(varbinds) // len(Column)
    assert 8 <= rows < 50
    assert {name[-1] for name in of(varbinds)} == {
        index_of(*place) for place in sorted(crate.channels)[:rows]
    }


@pytest.mark.parametrize("walk", [walk_cmd, bulk_walk_cmd])
def test_a_walk_finds_every_channel_once(ask, walk):
    async def question(dispatcher, target):
        options = (0, 20) if walk is bulk_walk_cmd else ()
        walking = walk(
            dispatcher,
            CommunityData("public"),
            target,
            *options,
            *objects(Column.STATUS.oid),
            lexicographicMode=False,
        )
        return [varbind async for _, _, _, varbinds in walking for varbind in varbinds]

    varbinds, crate = ask(question)
    found = of(varbinds)
    assert list(found) == [(*Column.STATUS.oid, index_of(*place)) for place in sorted(crate.channels)]
    assert set(found.values()) == {b"\x80\x01\x80"}


def setting(community, oid, value):
    async def question(dispatcher, target):
        return await set_cmd(
            dispatcher, CommunityData(community), target, ObjectType(ObjectIdentity(oid), value)
        )

    return question


def test_a_set_by_the_public_is_refused_and_noted(ask):
    oid = (*Column.SWITCH.oid, 1)
    (_, status, index, _), crate = ask(setting("public", oid, v2c.Integer32(0)))
    assert (status.prettyPrint(), int(index)) == ("noAccess", 1)
    assert crate.settings == [oid]
    assert crate.channels[0, 0].on


@pytest.mark.parametrize(
    ("oid", "value", "seen"),
    [
        ((*Column.SWITCH.oid, 1), v2c.Integer32(0), lambda crate: not crate.channels[0, 0].on),
        (
            (*Column.V_SET.oid, 2),
            v2c.Opaque(opaque_float(60.0)),
            lambda crate: crate.channels[0, 1].v_set == 60.0,
        ),
        (
            (*Column.I_LIMIT.oid, 2),
            v2c.Opaque(opaque_float(0.5)),
            lambda crate: crate.channels[0, 1].i_limit == 0.5,
        ),
        (MAIN_SWITCH, v2c.Integer32(0), lambda crate: not crate.main_switch),
    ],
)
def test_control_programs_can_set_what_they_set_on_a_crate(ask, oid, value, seen):
    (_, status, _, _), crate = ask(setting("guru", oid, value))
    assert int(status) == 0
    assert seen(crate)


def test_what_cannot_be_set_is_said(ask):
    (_, status, _, _), _ = ask(setting("guru", (*OUTPUT_ENTRY, 5, 1), v2c.Integer32(0)))
    assert status.prettyPrint() == "notWritable"


def test_another_community_and_noise_get_no_answer(ask):
    async def question(dispatcher, target):
        return await get_cmd(dispatcher, CommunityData("private"), target, *objects(MAIN_SWITCH))

    (error, *_), _ = ask(question)
    assert "timeout" in str(error).lower()


@pytest.mark.parametrize("faults", [Faults(mute=True), Faults(garbage=True), Faults(latency_ms=900)])
def test_faults_are_what_others_see_too(ask, faults):
    (error, *_), _ = ask(public(get_cmd, MAIN_SWITCH), faults=faults)
    assert error is not None
