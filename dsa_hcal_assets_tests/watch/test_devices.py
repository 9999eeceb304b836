"""Devices that stop to answer and supplies that trip are found, and gone once they are read well again."""

from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.watch.devices import silent_devices, tripped_supplies

START = datetime(2026, 1, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
HOUR = timedelta(hours=1)
INSERT = {
    "supply": "insert into hcal.supply_unit_reading (ts, crate, kind, status) values (%s, %s, 'mpod', %s)",
    "register": "insert into hcal.register_board_reading (ts, board, status, table_digest, registers_read, "
    "failed_readings) values (%s, %s, %s, 't', 0, 0)",
    "emcal": "insert into hcal.emcal_board_reading (ts, controller, channel, status) values (%s, %s, %s, %s)",
}


@pytest.fixture
def read(database):
    def read(kind, cycle, *values):
        with database.transaction() as cursor:
            cursor.execute(INSERT[kind], (START + cycle * STEP, *values))

    return read


@pytest.fixture
def silent(database):
    def silent(cycle, cycles=3):
        found = silent_devices(database, START + cycle * STEP, cycles=cycles, max_age=HOUR)
        return [one.title.removesuffix(" does not answer") for one in found]

    return silent


def test_a_device_is_silent_after_three_cycles_and_heard_after_one(read, silent):
    read("supply", 0, "mpod", "ok")
    for cycle in (1, 2):
        read("supply", cycle, "mpod", "down")
    assert silent(2) == []
    read("supply", 3, "mpod", "down")
    assert silent(3) == ["power supply mpod"]
    read("supply", 4, "mpod", "partial")
    assert silent(4) == []
    assert silent(3) == ["power supply mpod"]


def test_each_device_counts_its_own_cycles(read, silent):
    for cycle in range(6):
        read("supply", cycle, "quick", "ok")
    for cycle in (0, 2, 4):
        read("supply", cycle, "slow", "down")
    assert silent(5) == ["power supply slow"]


def test_old_readings_say_nothing_about_now(read, silent):
    for cycle in range(3):
        read("register", cycle, "fem-1", "down")
    assert silent(2) == ["register board fem-1"]
    assert silent(20) == []


def test_a_controller_is_silent_when_all_its_channels_are(read, silent):
    for cycle in range(3):
        for channel in (0, 1):
            read("emcal", cycle, "whole", channel, "down")
        read("emcal", cycle, "half", 0, "down")
        read("emcal", cycle, "half", 1, "ok")
    assert silent(2) == ["EMCal controller whole"]


def test_a_tripped_channel_names_its_sector_until_it_is_on_again(database):
    def show(cycle, state):
        moment = START + cycle * STEP
        with database.transaction() as cursor:
            cursor.execute("select hcal.ensure_month('supply_reading', %s)", (moment,))
            cursor.execute(
                "insert into hcal.supply_reading (ts, crate, kind, slot, channel, hcal_sector, state) "
                "values (%(at)s, 'mpod', 'mpod', 1, 3, 40, %(state)s), "
                "(%(at)s, 'mpod', 'mpod', 1, 4, null, 'On')",
                {"at": moment, "state": state},
            )

    def tripped(cycle):
        found = tripped_supplies(database, START + cycle * STEP, max_age=HOUR)
        return [one.title for one in found]

    show(0, "On")
    assert tripped(0) == []
    show(1, "Tripped")
    assert tripped(1) == ["supply mpod slot 1 channel 3 tripped: sector I-08 has no bias"]
    show(2, "On")
    assert tripped(2) == []
    assert tripped(30) == []
