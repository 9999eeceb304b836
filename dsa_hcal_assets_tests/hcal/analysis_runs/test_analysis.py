"""A run goes from its files into its tables once and whole, and from there into the compatibility views."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dsa_hcal_assets.errors import ProductMissing
from dsa_hcal_assets.hcal.analysis_runs import ingest, run_tables
from dsa_hcal_assets.hcal.analysis_runs.analysis import analyse_run, kind_of
from dsa_hcal_assets.hcal.mapping import channel_map, dimensions
from dsa_hcal_assets.ledger import State
from dsa_hcal_assets.quality.verdicts import Level
from dsa_hcal_assets.settings.runs import RunSettings
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

TRUTH = DetectorTruth(seed=3)
AT = datetime(2026, 1, 2, 6, tzinfo=UTC)
SETTINGS = RunSettings(settle_seconds=0)


@pytest.fixture
def incoming(tmp_path):
    return tmp_path / "incoming" / "runs"


def simulated(**changes):
    fields = {"run_number": 700, "kind": "led", "started_at": AT, "events": 256, "contents": "amplitudes"}
    return SimulatedRun(TRUTH, **(fields | changes))


def landed(incoming, ledger, *runs, form="hdf5"):
    for run in runs:
        write_run(incoming, run, form)
    return ingest.scan(incoming, ledger, 0)


def with_towers(database):
    dimensions.sync_dimensions(database, channel_map.load_channel_map(), local_zone="America/New_York")


def test_an_led_run_is_stored_with_its_light_and_its_file_is_loaded(database, ledger, incoming):
    landed(incoming, ledger, simulated())
    run = analyse_run(database, ledger, "700", SETTINGS, "run-1")
    stored = run_tables.towers_of_run(database, "led", 700)
    assert len(stored) == 3072
    assert stored["led_mean"].to_numpy() == pytest.approx(run.towers["led_mean"], rel=1e-6, nan_ok=True)
    assert len(run_tables.diodes_of_run(database, 700)) == 128
    assert [one.state for one in ledger.of_partition(ingest.SOURCE, "700")] == [State.LOADED]


def test_analysing_again_replaces_the_run_and_forgets_its_verdict(database, ledger, incoming):
    landed(incoming, ledger, simulated())
    analyse_run(database, ledger, "700", SETTINGS, "run-1")
    run_tables.judged(database, 700, Level.PASS)
    analyse_run(database, ledger, "700", SETTINGS, "run-2")
    [stored] = run_tables.stored_runs(database)
    assert (stored.run_number, stored.level, stored.towers) == (700, None, 3072)
    assert database.rows("select count(*) from hcal.led_run_tower") == [(3072,)]


def test_parts_of_a_run_are_joined(database, ledger, incoming):
    landed(incoming, ledger, simulated(detectors=(0,)), simulated(detectors=(1,), part=1))
    run = analyse_run(database, ledger, "700", SETTINGS, "run-1")
    assert list(run.towers["tower_id"]) == list(range(3072))
    assert len(run.files) == len(run.inputs) == 2


def test_a_part_with_towers_of_another_goes_to_quarantine_and_the_other_counts(database, ledger, incoming):
    landed(incoming, ledger, simulated(detectors=(0,)), simulated(detectors=(0, 1), part=1))
    run = analyse_run(database, ledger, "700", SETTINGS, "run-1")
    assert len(run.towers) == 1536
    assert "1536 towers that" in run.refused[0]
    [refused] = ledger.quarantined()
    assert refused.reason["error"] == "RunFileMalformed"


def test_a_run_without_a_usable_file_is_missing(database, ledger, incoming):
    with pytest.raises(ProductMissing, match="run 5 has no file"):
        analyse_run(database, ledger, "5", SETTINGS, "run-1")
    with pytest.raises(ProductMissing):
        kind_of(ledger, "5")


def test_the_kind_of_a_run_is_that_of_its_files(database, ledger, incoming):
    landed(incoming, ledger, simulated(), simulated(run_number=701, kind="pedestal"))
    assert (kind_of(ledger, "700"), kind_of(ledger, "701")) == ("led", "pedestal")


def test_the_view_of_led_runs_has_the_names_of_old(database, ledger, incoming):
    with_towers(database)
    landed(incoming, ledger, simulated())
    run = analyse_run(database, ledger, "700", SETTINGS, "run-1")
    rows = database.rows(
        "select run, time, led_mean, led_mask, pindiode_1, pindiode_2, led_width_5, led_intensity_1"
        " from hcal_led where detector = 1 and towerid = 5"
    )
    tower = run.towers.iloc[1536 + 5]
    [(number, time, mean, mask, dark, lit, width, intensity)] = rows
    assert (number, time, mask, dark, width, intensity) == (700, datetime(2026, 1, 2, 1), 31, 0, 3200, 2400)
    assert mean == pytest.approx(tower["led_mean"])
    assert lit > 30


def test_the_view_of_pedestal_runs_has_the_names_of_old(database, ledger, incoming):
    with_towers(database)
    landed(incoming, ledger, simulated(kind="pedestal", run_number=701))
    analyse_run(database, ledger, "701", SETTINGS, "run-1")
    assert database.rows("select count(*), count(pedestal_std), count(pindiode_1) from hcal_pedestal") == [
        (3072, 3072, 0)
    ]


def test_a_run_without_diodes_of_its_own_takes_those_slow_control_saw_lit(database, ledger, incoming):
    with_towers(database)
    with database.transaction() as cursor:
        cursor.execute("select hcal.ensure_month(%s)", (AT,))
        for minutes, diode, lit in ((-20, 70, True), (20, 74, True), (10, 0, False), (300, 10, True)):
            cursor.execute(
                "insert into hcal.led_reading (ts, half_sector, pin_diode_3, led_intensity_3, lit)"
                " values (%s, 9, %s, 2500, %s)",
                (AT + timedelta(minutes=minutes), diode, lit),
            )
    landed(incoming, ledger, simulated(with_light=False))
    run = analyse_run(database, ledger, "700", SETTINGS, "run-1")
    seen = run.towers["light"].notna()
    assert seen.sum() == 24
    assert run.towers.loc[seen, "light"].to_numpy() == pytest.approx(np.full(24, 72.0))
    assert database.rows(
        "select distinct pindiode_3, led_mask, led_intensity_3 from hcal_led where pindiode_3 is not null"
    ) == [(72.0, None, 2500)]
