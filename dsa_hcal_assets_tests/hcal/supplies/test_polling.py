"""Polling real sockets: what the supplies say is what they do; what one does wrong costs only itself."""

import asyncio
import time

import pytest

from dsa_hcal_assets.errors import ConfigurationError, PermanentError
from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.supplies import polling
from dsa_hcal_assets.hcal.supplies.lv_poller import LvPoller
from dsa_hcal_assets.hcal.supplies.meter_poller import MeterPoller
from dsa_hcal_assets.hcal.supplies.mpod_poller import MpodPoller
from dsa_hcal_assets.hcal.supplies.mpod_table import Column
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus, state_of
from dsa_hcal_assets.hcal.supplies.units import LvCrate, Meter, Mpod, Unit
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.supplies import mpod
from dsa_hcal_assets.simulation.supplies.bench import LV, METER, MPOD
from dsa_hcal_assets_tests.hcal.supplies.conftest import DEADLINES
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW

HASTY = Deadlines(connect=0.3, reply=0.14, board=0.6, quiet=0.02, backoff=0.01)
# a machine under load may take a second to send the right answer after the wrong one
PATIENT = Deadlines(connect=5.0, reply=10.0, board=60.0, quiet=0.03, backoff=0.01)


def by_name(snapshot):
    return {reading.board: reading for reading in snapshot.boards}


def test_bias_channels_read_as_they_are(poll):
    (snapshot,), supplies = poll()
    reading = by_name(snapshot)[MPOD]
    assert (reading.status, reading.main_switch, len(reading.channels)) == ("ok", True, 64)
    for channel in reading.channels:
        real = supplies.mpod.truth(channel.slot, channel.channel, NOW)
        assert channel.v_set == pytest.approx(real.v_set, rel=1e-6)
        assert channel.v_meas == pytest.approx(real.v_meas, rel=1e-6)
        assert channel.i_limit == pytest.approx(real.i_limit, rel=1e-6)
        assert channel.i_meas == pytest.approx(real.i_meas, rel=1e-6)
        assert (channel.switched_on, channel.status) == (True, real.status)
        assert state_of(channel.status) == "On"


def test_low_voltages_read_as_they_are(poll):
    (snapshot,), supplies = poll()
    reading = by_name(snapshot)[LV]
    assert (reading.status, len(reading.channels)) == ("ok", 256)
    for slot in range(1, 17):
        values = [channel for channel in reading.channels if channel.slot == slot]
        assert [value.v_meas for value in values] == supplies.lv.voltages(slot)
        assert [value.i_meas for value in values] == supplies.lv.currents(slot)


def test_the_meter_reads_as_it_is(poll):
    (snapshot,), supplies = poll()
    [channel] = by_name(snapshot)[METER].channels
    assert (channel.v_meas, channel.i_meas) == pytest.approx(supplies.meter.truth(NOW), rel=1e-5)


def test_nothing_was_set_and_only_reads_were_sent(poll):
    _, supplies = poll(cycles=3)
    assert supplies.mpod.settings == []
    assert {command[0] for command in supplies.lv.commands} == {"V", "I"}
    assert set(supplies.meter.commands) == {":FORM:ELEM VOLT,CURR", ":READ?"}


def test_samples_carry_the_time_they_were_asked_for(poll):
    (snapshot,), _ = poll()
    assert all(reading.sampled_at is not None for reading in snapshot.boards)


def test_a_supply_is_read_only_in_the_cycles_it_is_due_in(poll):
    snapshots, _ = poll(cycles=4, lv_every=3)
    assert [LV in by_name(snapshot) for snapshot in snapshots] == [True, False, False, True]
    assert all({MPOD, METER} <= set(by_name(snapshot)) for snapshot in snapshots)


def test_a_trip_a_ramp_a_limit_and_a_channel_that_is_off_are_told_apart(poll):
    def prepare(supplies):
        supplies.mpod.channels[0, 0].trip()
        supplies.mpod.channels[0, 1].load = 80.0
        supplies.mpod.channels[0, 2].on = False
        supplies.mpod.channels[0, 3].trip(OutputStatus.FAILURE_CURRENT_LIMIT)
        supplies.mpod.channels[0, 4].on = False
        supplies.mpod.channels[0, 4].switch(True, NOW)

    (snapshot,), supplies = poll(prepare=prepare)
    channels = {(one.slot, one.channel): one for one in by_name(snapshot)[MPOD].channels}
    assert {place[1]: state_of(channels[place].status) for place in channels if place < (0, 6)} == {
        0: "Tripped",
        1: "Current limited",
        2: "Other",
        3: "Tripped",
        4: "Other",
        5: "On",
    }
    assert channels[0, 1].i_meas == pytest.approx(supplies.mpod.channels[0, 1].i_limit, rel=1e-6)
    assert channels[0, 1].v_meas < channels[0, 1].v_set - 1
    assert [channels[0, number].switched_on for number in (0, 2, 4)] == [False, False, True]
    assert channels[0, 4].v_meas == 0


def test_a_crate_that_is_switched_off_says_so(poll):
    (snapshot,), _ = poll(prepare=lambda supplies: supplies.mpod.switch_main(False))
    assert by_name(snapshot)[MPOD].main_switch is False


@pytest.mark.parametrize(("on", "status"), [(True, "partial"), (False, "ok")])
def test_a_crate_without_any_channel_is_a_fault_unless_it_is_off(poll, on, status):
    def prepare(supplies):
        supplies.mpod.channels = {}
        supplies.mpod.switch_main(on)

    (snapshot,), _ = poll(prepare=prepare)
    assert (by_name(snapshot)[MPOD].status, by_name(snapshot)[MPOD].main_switch) == (status, on)


def test_a_column_that_lacks_channels_is_named(poll, monkeypatch):
    monkeypatch.delitem(mpod._COLUMNS, Column.I_LIMIT.number)
    (snapshot,), _ = poll()
    reading = by_name(snapshot)[MPOD]
    assert (reading.status, list(reading.errors)) == ("partial", ["outputCurrent"])
    assert "missing for 64 channels" in reading.errors["outputCurrent"]["what"]
    assert all(one.i_limit is None and one.i_meas is not None for one in reading.channels)


def test_empty_places_are_no_fault(poll):
    def prepare(supplies):
        supplies.mpod.channels = {
            place: one for place, one in supplies.mpod.channels.items() if place[0] != 3
        }

    (snapshot,), _ = poll(prepare=prepare)
    reading = by_name(snapshot)[MPOD]
    assert (reading.status, len(reading.channels)) == ("ok", 56)
    assert {channel.slot for channel in reading.channels} == {0, 1, 2, 4, 5, 6, 7}


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"down": True}, "BoardUnreachable"),
        ({"mute": True}, "ReplyTimeout"),
        ({"garbage": True}, "ReplyGarbled"),
        ({"latency_ms": 3000}, "ReplyTimeout"),
    ],
    ids=["down", "silent", "garbled", "too slow"],
)
def test_a_bias_crate_that_cannot_be_read_is_down_with_its_reason(poll_faulty, faults, error):
    reading = poll_faulty(MPOD, **faults)
    assert (reading.status, reading.error["error"], reading.channels) == ("down", error, ())
    assert reading.error["remedy"] is not None or error == "ReplyGarbled"


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"down": True}, "BoardUnreachable"),
        ({"mute": True}, "ReplyTimeout"),
        ({"reset": True}, "ConnectionLost"),
        ({"latency_ms": 3000}, "ReplyTimeout"),
        ({"flood": True}, "ReplyTooLong"),
    ],
    ids=["down", "silent", "reset", "too slow", "flood"],
)
def test_a_low_voltage_crate_that_cannot_be_read_is_down_with_its_reason(poll_faulty, faults, error):
    reading = poll_faulty(LV, **faults)
    assert (reading.status, reading.error["error"], reading.channels) == ("down", error, ())


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"down": True}, "BoardUnreachable"),
        ({"mute": True}, "ReplyTimeout"),
        ({"reset": True}, "ConnectionLost"),
        ({"garbage": True}, "ReplyGarbled"),
        ({"latency_ms": 3000}, "ReplyTimeout"),
    ],
    ids=["down", "silent", "reset", "garbled", "too slow"],
)
def test_a_meter_that_cannot_be_read_is_down_with_its_reason(poll_faulty, faults, error):
    reading = poll_faulty(METER, **faults)
    assert (reading.status, reading.error["error"], reading.channels) == ("down", error, ())


def test_a_meter_with_its_output_off_is_not_switched_on(poll):
    def prepare(supplies):
        supplies.meter.channel.on = False

    (snapshot,), supplies = poll(prepare=prepare)
    assert by_name(snapshot)[METER].status == "down"
    assert supplies.meter.channel.on is False


def test_garbage_from_the_low_voltage_crate_costs_its_readings_one_by_one(poll_faulty):
    reading = poll_faulty(LV, garbage=True, channels=[3])
    assert reading.status == "partial"
    assert set(reading.errors) == {"voltages of slot 03", "currents of slot 03"}
    assert {channel.slot for channel in reading.channels} == set(range(1, 17)) - {3}


def test_values_that_are_no_numbers_are_left_out_and_named(poll_faulty):
    bias = poll_faulty(MPOD, nan=True)
    assert bias.status == "partial"
    assert all(channel.v_meas is None and channel.status is not None for channel in bias.channels)
    assert "outputMeasurementSenseVoltage.u700" in bias.errors
    low = poll_faulty(LV, nan=True, channels=[2])
    assert "voltages of slot 02" in low.errors
    assert [one.channel for one in low.channels if one.slot == 2 and one.v_meas is None] == []
    assert (2, 0) not in [(one.slot, one.channel) for one in low.channels]
    meter = poll_faulty(METER, nan=True)
    assert (meter.status, meter.channels[0].v_meas) == ("partial", None)
    assert meter.channels[0].i_meas is not None


def test_an_answer_to_another_request_is_not_taken(poll_faulty):
    assert poll_faulty(MPOD, PATIENT, reset=True).status == "ok"


def test_a_reading_that_came_too_late_is_not_the_next_one(poll_faulty):
    reading = poll_faulty(METER, banner=True)
    assert reading.status == "ok"
    assert reading.channels[0].v_meas == pytest.approx(65.0, rel=1e-3)


def test_an_echo_of_the_terminal_server_is_no_reading(poll_faulty):
    assert poll_faulty(METER, echo=True).status == "ok"


@pytest.mark.parametrize("line_end", ["lfcr", "crlf", "lf", "cr"])
def test_the_low_voltage_crates_lines_may_end_any_way(poll_faulty, line_end):
    assert len(poll_faulty(LV, line_end=line_end).channels) == 256


def test_a_slow_crate_gives_what_it_can_within_its_deadline(poll_faulty):
    deadlines = Deadlines(connect=1.0, reply=2.0, board=1.0, quiet=0.03, backoff=0.01)
    for name in (MPOD, LV):
        reading = poll_faulty(name, deadlines, latency_ms=250)
        assert reading.status == "partial"
        assert 0 < len(reading.channels) < 64
        assert "BoardDeadline" in str(reading.errors)


def test_a_request_lost_on_the_way_is_repeated(poll):
    def between(supplies):
        agent, wait = supplies.servers[MPOD], 0.2

        async def deaf_for_a_moment():
            agent.faults = Faults(mute=True)
            await asyncio.sleep(wait)
            agent.faults = Faults()

        supplies.deaf = asyncio.ensure_future(deaf_for_a_moment())

    snapshots, supplies = poll(cycles=2, between=between)
    assert by_name(snapshots[1])[MPOD].status == "ok"
    assert supplies.servers[MPOD].requests > 2 * 10


def test_supplies_that_come_back_are_read_again(poll):
    async def between(supplies):
        for name in (MPOD, LV, METER):
            await supplies.set_faults(name, Faults())

    down = dict.fromkeys((MPOD, LV, METER), Faults(down=True))
    snapshots, _ = poll(down, cycles=2, between=between)
    assert {reading.status for reading in snapshots[0].boards} == {"down"}
    assert {reading.status for reading in snapshots[1].boards} == {"ok"}


def test_a_crate_that_was_restarted_between_two_cycles_loses_nothing(poll):
    async def between(supplies):
        for name in (MPOD, LV, METER):
            await supplies.set_faults(name, Faults(down=True))
            await supplies.set_faults(name, Faults())

    snapshots, _ = poll(cycles=2, between=between)
    assert {reading.status for reading in snapshots[1].boards} == {"ok"}


def test_all_are_read_at_the_same_time_and_no_longer_than_their_deadline(poll):
    silent = dict.fromkeys((MPOD, LV, METER), Faults(mute=True))
    started = time.monotonic()
    (snapshot,), _ = poll(silent, deadlines=HASTY)
    # one after the other they would need three deadlines; the rest is room for a busy machine
    assert time.monotonic() - started < 2 * HASTY.board + 2
    assert {reading.status for reading in snapshot.boards} == {"down"}


def test_a_wrong_community_is_a_crate_that_does_not_answer(poll):
    async def ask(supplies):
        await supplies.start()
        unit = supplies.units[0].model_copy(update={"community": "private"})
        poller = MpodPoller(unit, HASTY)
        try:
            return await poller.poll()
        finally:
            poller.close()
            await supplies.stop()

    _, supplies = poll()
    assert asyncio.run(ask(supplies)).error["error"] == "ReplyTimeout"


def test_a_host_that_has_no_address_is_named():
    unit = Mpod(id="far", host="no.such.host.invalid")
    reading = asyncio.run(MpodPoller(unit, DEADLINES).poll())
    assert (reading.status, reading.error["error"]) == ("down", "BoardUnreachable")
    assert "no.such.host.invalid" in reading.error["what"]


def test_a_defect_is_a_reading_that_says_so():
    error = PermanentError("out of its mind")
    units = (Mpod(id="a", host="h"), LvCrate(id="b", host="h"), Meter(id="c", host="h", port=1))
    for unit in units:
        poller = polling.poller_of(unit, DEADLINES)
        reading = poller.unread(error)
        assert (reading.board, reading.kind, reading.status) == (unit.id, unit.kind, "down")
        assert reading.error["what"] == "out of its mind"


def test_each_kind_has_its_poller():
    assert isinstance(polling.poller_of(Mpod(id="a", host="h"), DEADLINES), MpodPoller)
    assert isinstance(polling.poller_of(LvCrate(id="b", host="h"), DEADLINES), LvPoller)
    assert isinstance(polling.poller_of(Meter(id="c", host="h", port=1), DEADLINES), MeterPoller)
    with pytest.raises(ConfigurationError):
        polling.poller_of(Unit(id="d", host="h", port=1), DEADLINES)
