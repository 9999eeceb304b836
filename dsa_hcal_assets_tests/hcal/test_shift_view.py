"""Shifters see what was read and judged: each trouble where it is, and what was not read as not read."""

from datetime import timedelta

import numpy as np
import pytest
from psycopg2.extras import execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.mapping.geometry import Detector, half_sector_of_label
from dsa_hcal_assets.hcal.readers import NoState
from dsa_hcal_assets.hcal.shift_view import ASPECTS, LED, Level, shift_view
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.hcal.anomalies.scene import DAY, START, STEP, Scene, quiet

HOT_TOWER, UNBIASED, HIGH_GAIN = 100, 16, 41


@pytest.fixture
def scene() -> Scene:
    scene = quiet(12)
    scene.temperature[6:, HOT_TOWER] = 37
    scene.bias[6:, UNBIASED] = 0
    scene.high_gain[4:, HIGH_GAIN] = True
    return scene


@pytest.fixture
def troubled(
    database: Database, scene: Scene, channel_map: ChannelMap, thresholds: Thresholds
) -> tuple[Database, Scene]:
    """A hot tower, a half-sector without bias, one in high gain, a board that fell silent; LEDs of 64-126."""
    scene.down = {(cycle, "91") for cycle in range(8, 12)}
    scene.store(database, channel_map)
    detection.refresh(database, DAY, thresholds)
    leds = [
        (scene.times[-1], *(5 * [4000.0 if number == 100 else 2100.0]), 0, 0, 70, 0, 0, True, number)
        for number in range(64, 127)
    ]
    with database.transaction() as cursor:
        execute_values(cursor, "insert into hcal.led_reading values %s", leds)
    return database, scene


def test_every_trouble_is_where_it_is_and_nowhere_else(troubled, channel_map):
    database, scene = troubled
    view = shift_view(database)
    served = channel_map.at(START).towers_of("91")
    silent = set(np.unique(geometry.towers().half_sector[np.ravel(served)]).tolist())
    assert view.cycle == scene.times[-1]
    expected = {
        "temperature": {geometry.towers().half_sector[HOT_TOWER]: Level.ERROR},
        "bias": {UNBIASED: Level.ERROR},
        "gain": {HIGH_GAIN: Level.WARNING},
        "boards": dict.fromkeys(silent, Level.ERROR),
    }
    for aspect in ASPECTS:
        wanted = expected.get(aspect, {}) | (
            {} if aspect == "boards" else dict.fromkeys(silent, Level.UNREAD)
        )
        shown = {half: view.level_of(half, aspect) for half in range(128)}
        assert {half: level for half, level in shown.items() if level != Level.OK} == wanted, aspect
    assert view.boards["91"] == "down"


def test_a_detectors_light_is_its_worst_with_the_number_of_half_sectors_in_each_state(troubled):
    lights = {(one.detector, one.aspect): one for one in shift_view(troubled[0]).lights()}
    hot = lights[Detector.OUTER, "temperature"]
    assert (hot.level, hot.half_sectors) == (
        Level.ERROR,
        {Level.OK: 55, Level.UNREAD: 8, Level.WARNING: 0, Level.ERROR: 1},
    )
    assert lights[Detector.INNER, "temperature"].level == Level.OK
    assert lights[Detector.INNER, LED].half_sectors == {
        Level.OK: 62,
        Level.UNREAD: 1,
        Level.WARNING: 1,
        Level.ERROR: 0,
    }
    assert lights[Detector.OUTER, LED].level == Level.UNREAD


def test_a_shift_of_a_whole_detector_is_its_light_and_no_half_sectors(troubled):
    database, scene = troubled
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.anomaly (kind, quantity, place, detector, started_at, last_seen_at, severity, "
            "samples, detail, day) values ('history', 'leakage', 'IHCal', 1, %s, %s, 'warning', 3, '{}', %s)",
            (scene.times[-3], scene.times[-1], DAY),
        )
    view = shift_view(database)
    light = next(one for one in view.lights() if (one.detector, one.aspect) == (Detector.INNER, "leakage"))
    assert light.level == Level.WARNING
    assert light.half_sectors[Level.OK] == 64


def test_means_are_those_of_the_towers_that_were_read(troubled):
    database, scene = troubled
    means = shift_view(database).mean_of("temperature")
    own = geometry.towers().half_sector == half_sector_of_label("I-05N")
    assert means[half_sector_of_label("I-05N")] == pytest.approx(scene.temperature[-1, own].mean(), abs=1e-4)
    assert np.isnan(means).sum() == 8


def test_an_earlier_moment_shows_what_was_in_force_then(troubled):
    database, scene = troubled
    view = shift_view(database, scene.times[5] + timedelta(minutes=2))
    assert view.cycle == scene.times[5]
    assert view.level_of(HIGH_GAIN, "gain") == Level.WARNING
    assert view.level_of(UNBIASED, "bias") == Level.OK


def test_what_was_never_read_is_no_state(database):
    with pytest.raises(NoState, match="yet"):
        shift_view(database)
    with pytest.raises(NoState, match="no detector state within"):
        shift_view(database, START + 9 * STEP)
