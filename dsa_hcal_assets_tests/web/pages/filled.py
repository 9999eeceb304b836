"""A platform at work, as its pages show it: troubled detector, supplies, groups with images, rig, alerts."""

import io
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib.image import imsave
from psycopg2.extras import execute_values

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.clock import day_key
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies import detection
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.rollups import refresh
from dsa_hcal_assets.hcal.snapshots.ingest import scan as scan_snapshots
from dsa_hcal_assets.hcal.supplies.loading import load_day as load_supplies
from dsa_hcal_assets.hcal.supplies.output_status import OutputStatus
from dsa_hcal_assets.hcal.supplies.snapshot import SUPPLIES
from dsa_hcal_assets.hcal.supplies.supply_map import load_supply_map
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.rig import tables
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.rig.cleaning import clean
from dsa_hcal_assets.rig.ingest import scan as scan_rig
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.rig.loading import load_day as load_rig
from dsa_hcal_assets.rig.loading import raw_day
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.simulation.rig import simulate
from dsa_hcal_assets_tests.hcal.anomalies.scene import STEP, quiet
from dsa_hcal_assets_tests.hcal.supplies import scene as supplies
from dsa_hcal_assets_tests.radio.landed import Site

CYCLES = 36  # six hours
HOT_TOWER, UNBIASED, HIGH_GAIN, SILENT_BOARD = 100, 16, 41, "91"
"""A tower too hot, half-sectors without bias (O-08N) and in high gain (O-20S), a board that is down."""
TRIPPED_SECTOR = 9


def fill(database: Database, settings: Settings, now: datetime) -> None:
    """Fill every page; the newest detector cycle is at most ten minutes before `now`."""
    fill_detector(database, settings, now)
    fill_supplies(database, settings, now)
    fill_groups(database, settings)
    fill_rig(database, settings, now)
    fill_alerts(database)


def fill_detector(database: Database, settings: Settings, now: datetime) -> None:
    """Load six hours of a detector with one trouble of each kind; LEDs of its inner half are on."""
    last = datetime.fromtimestamp(now.timestamp() // STEP.total_seconds() * STEP.total_seconds(), now.tzinfo)
    scene = quiet(CYCLES, last - (CYCLES - 1) * STEP)
    scene.temperature[CYCLES - 8 :, HOT_TOWER] = 37
    scene.bias[CYCLES - 6 :, UNBIASED] = 0
    scene.high_gain[CYCLES - 10 :, HIGH_GAIN] = True
    scene.down = {(cycle, SILENT_BOARD) for cycle in range(CYCLES - 4, CYCLES)}
    scene.lost = {14, 15}
    scene.store(database, load_channel_map())
    leds = [
        (last, *(5 * [2100.0] if number % 40 else 5 * [4000.0]), 0, 0, 70.0 + number % 9, 0, 0, True, number)
        if number >= 64
        else (last, *(5 * [2100.0]), 0, 0, 0, 0, 0, False, number)
        for number in range(128)
        if number != 127
    ]
    with database.transaction() as cursor:
        execute_values(cursor, "insert into hcal.led_reading values %s", leds)
        cursor.execute(
            "insert into hcal.dirty_hour select distinct date_trunc('hour', cycle) from hcal.snapshot"
        )
    for day in sorted({time.date() for time in scene.times}):
        refresh(database, day)
        detection.refresh(database, day, Thresholds.load(environ={}))
        _publish(database, settings, "detector_anomalies", day.isoformat(), {"anomalies.csv": b"kind\n"})


def fill_supplies(database: Database, settings: Settings, now: datetime) -> None:
    """Load half an hour of supplies; one channel is tripped in the end."""
    last = now.replace(second=0, microsecond=0)
    snapshots = []
    for number in range(30):
        moment = last - (29 - number) * supplies.STEP

        def trip(channel, late=number > 24):
            tripped = late and 8 * channel.slot + channel.channel == TRIPPED_SECTOR
            off = replace(channel, v_meas=0.1, i_meas=0.0, status=int(OutputStatus.FAILURE_MAX_CURRENT))
            return off if tripped else channel

        snapshots.append(replace(supplies.snapshot(number, change=trip), cycle=moment))
    incoming = settings.incoming / "supplies"
    supplies.land(incoming, *snapshots)
    ledger = Ledger(database, settings.quarantine)
    scan_snapshots(incoming, ledger, SUPPLIES)
    for day in sorted({day_key(one.cycle) for one in snapshots}):
        load_supplies(database, ledger, day, load_supply_map(), "run-1")


def fill_groups(database: Database, settings: Settings) -> list[str]:
    """Land five groups: three with images and reports, one that failed a gate, one that lacks subbands."""
    site = Site(settings.state_dir, database)
    keys = [site.land(hour) for hour in range(12, 16)]
    for number, key in enumerate(keys[:3]):
        site.load(key)
        site.make(key, "measurement_set")
        image = _publish(
            database, settings, "continuum_image", key, {"image.png": _sky(number), "image.fits": b"SIMPLE"}
        )
        grade = Verdict(
            "continuum_image", "grade", 4.0 - number, Level.PASS if number < 2 else Level.WARN, False
        )
        flux = Verdict("continuum_image", "flux_ratio", 0.98, Level.PASS, True)
        record(database, [grade, flux], product=image, partition=key, run_id="run")
        _publish(database, settings, "radio_qa_report", key, {"report.html": b"<title>QA</title>"})
    site.load(keys[3])
    site.make(keys[3], "measurement_set", Level.FAIL)
    keys.append(site.land(16, range(2, 14)))
    return keys


def fill_rig(database: Database, settings: Settings, now: datetime) -> None:
    """Load yesterday and the day before of the rig."""
    ledger = Ledger(database, settings.quarantine)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in (2, 1):
        start = midnight - timedelta(days=back)
        acquire(simulate(start, rows=240, seed=back), settings.incoming / "rig")
        scan_rig(settings.incoming / "rig", ledger, 0)
        day = day_key(start)
        load_rig(database, ledger, day, "run")
        raw = raw_day(database, day)
        result = clean(raw.frame, settings.rig)
        tables.store_clean(database, day, result, through=raw.through, run_id="run")
        tables.store_kpis(database, day, kpis(result), run_id="run")


def fill_alerts(database: Database) -> None:
    """Raise an alert of each severity that matters."""
    for severity, category, title, message in (
        (
            Severity.CRITICAL,
            "disk",
            "88 GB are left on the product disk",
            "Below 100 GB nothing new is started.",
        ),
        (Severity.ERROR, "anomaly", "Bias of O-08N is off", "1 half-sector; look at its supply."),
        (Severity.WARNING, "calibration", "The newest bandpass is 3 days old", "Observe a calibrator."),
        (Severity.INFO, "summary", "The night is over", "4 groups, 3 with images."),
    ):
        raise_alert(database, Alert(severity, category, title, message=message, dedup_key=title), [])


def _sky(seed: int) -> bytes:
    """Return a picture of noise with a few sources."""
    random = np.random.default_rng(seed)
    sky = random.normal(0, 1, (160, 185))
    across, down = np.meshgrid(np.arange(185), np.arange(160))
    for x, y, flux in random.uniform((10, 10, 5), (175, 150, 30), (12, 3)):
        sky += flux * np.exp(-((across - x) ** 2 + (down - y) ** 2) / 8)
    picture = io.BytesIO()
    imsave(picture, np.arcsinh(sky), cmap="inferno")
    return picture.getvalue()


def _publish(database: Database, settings: Settings, kind: str, partition: str, files: dict[str, bytes]):
    store = ProductStore(settings.products, database)
    with store.publishing(kind, partition, Provenance({}, ())) as staged:
        for name, content in files.items():
            (staged.path / Path(name)).write_bytes(content)
    return staged.product
