"""LEDs, PIN diodes and DAC settings reach the tables in the cycles that asked for them, and only then."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.readings import LEDS, Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.led_rows import led_rows, lit
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle, land, snapshot

DARKNESS = np.zeros(LEDS, np.float32)


def with_leds(one: Snapshot) -> Snapshot:
    """Return the snapshot of a cycle that asked for LEDs: board 80 flashes them, 83 does not answer."""
    boards = []
    for reading in one.boards:
        channels = []
        for channel in reading.channels:
            intensity = detector.truth(reading.board, channel.channel, one.cycle).led_intensity
            pins = np.where(np.arange(LEDS) == 2, 70, 0) if reading.board == "80" else DARKNESS
            values = {"led_intensity": intensity, "pin_diode": pins, "dac": channel.offset + 2048}
            if reading.board == "83":
                values = {name: np.full(len(value), np.nan) for name, value in values.items()}
            channels.append(replace(channel, **values))
        boards.append(replace(reading, channels=tuple(channels)))
    return replace(one, boards=tuple(boards))


@pytest.fixture
def day(database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap) -> Database:
    """A day of three cycles, of which the second one asked for LEDs while board 91 was down."""
    land(incoming, snapshot(0), with_leds(snapshot(1, down={"91"})), snapshot(2))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    return database


def test_only_cycles_that_asked_have_rows(day: Database) -> None:
    assert day.rows("select ts, count(*) from hcal.led_reading group by ts") == [(cycle(1), 128 - 8)]
    assert day.rows("select ts, count(*) from hcal.dac_reading group by ts") == [(cycle(1), 3072 - 192)]


def test_each_half_sector_has_the_leds_of_its_channel(day: Database, channel_map: ChannelMap) -> None:
    rows = {
        row[0]: row[1:]
        for row in day.rows(
            "select half_sector, led_intensity_1, led_intensity_2, led_intensity_3, led_intensity_4,"
            " led_intensity_5, pin_diode_1, pin_diode_3, lit from hcal.led_reading"
        )
    }
    epoch = channel_map.at(cycle(1))
    half_sectors = dict(day.rows("select tower_id, half_sector from hcal.tower"))
    for board in ("80", "84"):
        towers = epoch.towers_of(board)
        assert towers is not None
        for channel in range(8):
            row = rows[half_sectors[int(towers[channel][0])]]
            assert list(row[:5]) == list(detector.truth(board, channel, cycle(1)).led_intensity)
            assert row[5:] == ((0, 70, True) if board == "80" else (0, 0, False))


def test_dac_settings_reach_their_towers(day: Database) -> None:
    differing = day.rows(
        "select count(*) from hcal.dac_reading d join hcal.tower_reading r using (ts, tower_id)"
        " where d.dac <> r.bias_offset + 2048"
    )
    assert differing == [(0,)]
    assert day.rows("select count(*) from hcal.dac_reading where dac is null") == [(192,)]


def test_what_was_asked_for_and_not_read_is_null(day: Database) -> None:
    rows = day.rows(
        "select led_intensity_1, pin_diode_5, lit from hcal.led_reading where led_intensity_1 is null"
    )
    assert rows == [(None, None, None)] * 8


def test_displays_see_each_half_sector_as_last_read(day: Database) -> None:
    states = day.rows(
        "select state, count(*), max(ts) from hcal.half_sector_leds group by state order by state"
    )
    assert states == [("Off", 104, cycle(1)), ("On", 8, cycle(1)), (None, 8, cycle(1))]
    [(label, mean)] = day.rows(
        "select label, pin_diode from hcal.half_sector_leds where state = 'On' limit 1"
    )
    assert label.startswith("O-")
    assert mean == 14


def test_an_intensity_outside_what_leds_take_is_shown_as_such(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    wrong = with_leds(snapshot(0))
    land(incoming, detector.with_channel(wrong, "80", 0, led_intensity=np.full(LEDS, 1000)))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    states = database.rows("select count(*) from hcal.half_sector_leds where state = 'Incorrect config'")
    assert states == [(1,)]


def test_reloading_leaves_the_same_rows(day: Database, ledger: Ledger, channel_map: ChannelMap) -> None:
    def rows() -> list[tuple[object, ...]]:
        return day.rows("select * from hcal.led_reading order by half_sector") + day.rows(
            "select * from hcal.dac_reading order by tower_id"
        )

    before = rows()
    load_day(day, ledger, DAY, channel_map, "run-2", everything=True)
    assert rows() == before


def test_slow_readings_that_failed_are_not_counted_among_those_of_every_cycle(
    database: Database, ledger: Ledger, incoming: Path, channel_map: ChannelMap
) -> None:
    errors = {"pin_diodes": {"what": "no reply"}, "gain": {"what": "no reply"}}
    land(incoming, detector.with_channel(snapshot(0), "80", 0, errors=errors))
    scan(incoming, ledger, CONTROLLERS)
    load_day(database, ledger, DAY, channel_map, "run-1")
    assert database.rows("select failed_readings from hcal.board_reading where board = '80'") == [(1,)]


def test_leds_of_a_channel_whose_towers_lie_in_two_half_sectors_belong_to_none(
    channel_map: ChannelMap, caplog: pytest.LogCaptureFixture
) -> None:
    epoch = channel_map.epochs[-1]
    mixed = epoch.tower_ids.copy()
    mixed[0, 0, 0], mixed[0, 1, 0] = mixed[0, 1, 0], mixed[0, 0, 0]
    other = replace(channel_map, epochs=(*channel_map.epochs[:-1], replace(epoch, tower_ids=mixed)))
    one = with_leds(snapshot(0))
    assert len(list(led_rows(one, other))) == len(list(led_rows(one, channel_map))) - 2
    assert "half-sectors" in caplog.text


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        (None, None),
        ([0, 0, 70, 0, 0], True),
        ([0, 1, 5, 0, 2], False),
        ([np.nan, 0, 70, 0, 0], True),
        ([np.nan, 0, 0, 0, 0], None),
    ],
    ids=str,
)
def test_light_is_seen_by_any_diode_and_darkness_by_all(
    pins: list[float] | None, expected: bool | None
) -> None:
    assert lit(None if pins is None else np.array(pins, np.float32)) is expected
