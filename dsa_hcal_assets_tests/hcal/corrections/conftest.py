"""A detector ten days after its reference run, made once for all tests that only read."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg2 import sql

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets_tests.conftest import administer
from dsa_hcal_assets_tests.hcal.corrections.detector import Detector

REFERENCE_AT = datetime(2026, 1, 1, 6, tzinfo=UTC)
DAY = datetime(2026, 1, 11, tzinfo=UTC)
RUN_AT = DAY + timedelta(hours=9)
HOUR = timedelta(hours=1)
UNREAD = 700  # a tower without temperatures
_numbers = itertools.count(1)


@pytest.fixture
def detector(database: Database, tmp_path) -> Detector:
    """A detector nothing is known of yet."""
    return Detector(DetectorTruth(seed=11), database, tmp_path)


@pytest.fixture(scope="session")
def aged(
    server: EmbeddedServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Detector]:
    """Reference run 100, run 110 ten days later, slow control around both and over all of that day."""
    name = f"aged_detector_{next(_numbers)}"
    copy = sql.SQL("create database {} template {}")
    administer(server, copy.format(sql.Identifier(name), sql.Identifier(migrated_template)))
    database = Database(server.url(name))
    detector = Detector(DetectorTruth(seed=5), database, tmp_path_factory.mktemp("aged"))
    detector.record(REFERENCE_AT - HOUR, REFERENCE_AT + HOUR)
    detector.record(DAY, DAY + 24 * HOUR, unread=[UNREAD])
    detector.take_led_run(100, REFERENCE_AT, contents="waveforms", samples=24)
    detector.take_led_run(110, RUN_AT, contents="waveforms", samples=24)
    yield detector
    database.close()
