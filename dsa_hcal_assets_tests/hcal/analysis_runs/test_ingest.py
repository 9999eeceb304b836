"""Run files enter the ledger once, by run and part; what cannot be used has a reason in quarantine."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest

from dsa_hcal_assets.hcal.analysis_runs import ingest
from dsa_hcal_assets.hcal.analysis_runs.ingest import SOURCE, identity, scan
from dsa_hcal_assets.simulation.detector_runs.runs import SimulatedRun
from dsa_hcal_assets.simulation.detector_runs.truth import DetectorTruth
from dsa_hcal_assets.simulation.detector_runs.writing import write_run

AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def incoming(tmp_path):
    return tmp_path / "incoming" / "runs"


def land(incoming, **changes):
    fields = {
        "run_number": 600,
        "kind": "led",
        "started_at": AT,
        "events": 20,
        "contents": "amplitudes",
        "detectors": (0,),
    }
    return write_run(incoming, SimulatedRun(DetectorTruth(seed=1), **(fields | changes)))


def test_a_file_is_accepted_once_as_its_part_of_its_run(ledger, incoming):
    land(incoming)
    land(incoming, detectors=(1,), part=1)
    first = scan(incoming, ledger, 0)
    assert [(one.subject, one.partition, one.sample_time) for one in first.accepted] == [
        ("600:0", "600", AT),
        ("600:1", "600", AT),
    ]
    assert scan(incoming, ledger, 0).accepted == []


def test_the_same_bytes_under_another_name_are_a_duplicate(ledger, incoming):
    path = land(incoming)
    scan(incoming, ledger, 0)
    os.link(path, incoming / "again.h5")
    assert scan(incoming, ledger, 0).duplicates == ["again.h5"]


def test_another_content_for_the_same_part_is_a_conflict(ledger, incoming):
    land(incoming).rename(incoming / "first.h5")
    scan(incoming, ledger, 0)
    path = land(incoming, events=21)
    assert scan(incoming, ledger, 0).conflicts == [path.name]
    [refused] = ledger.quarantined()
    assert refused.reason["error"] == "InputConflict"


@pytest.mark.parametrize("started_at", [AT - timedelta(days=4000), datetime(2100, 1, 1, tzinfo=UTC)])
def test_a_run_from_before_all_runs_or_from_the_future_goes_to_quarantine(ledger, incoming, started_at):
    path = land(incoming, started_at=started_at)
    assert scan(incoming, ledger, 0).quarantined == [path.name]
    [refused] = ledger.quarantined()
    assert refused.reason["error"] == "RunTimeImpossible"
    assert not path.exists()


def test_a_file_cut_short_goes_to_quarantine_and_can_be_delivered_again(ledger, incoming):
    path = land(incoming)
    whole = path.read_bytes()
    path.write_bytes(whole[:3000])
    assert scan(incoming, ledger, 0).quarantined == [path.name]
    path.write_bytes(whole)
    assert len(scan(incoming, ledger, 0).accepted) == 1


def test_a_file_that_may_still_be_growing_is_left_alone(ledger, incoming):
    path = land(incoming)
    assert scan(incoming, ledger, 3600).settling == [path.name]
    os.utime(path, (time.time() - 4000, time.time() - 4000))
    assert len(scan(incoming, ledger, 3600).accepted) == 1


def test_names_of_writers_at_work_and_of_others_are_passed_over(ledger, incoming):
    incoming.mkdir(parents=True)
    (incoming / ".run_1.h5").write_text("")
    (incoming / "readme.txt").write_text("")
    (incoming / "directory.root").mkdir()
    report = scan(incoming, ledger, 0)
    assert sorted(report.foreign) == ["directory.root", "readme.txt"]
    assert ledger.pending(SOURCE) == []


def test_a_directory_that_is_not_there_yet_is_empty(ledger, incoming):
    assert scan(incoming, ledger, 0).accepted == []


def test_a_large_file_is_known_by_samples_that_change_with_its_content(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest, "HASHED_WHOLE", 10_000)
    path = tmp_path / "large.h5"
    path.write_bytes(bytes(300_000))
    before = identity(path)
    assert before.startswith("sampled-")
    assert identity(path) == before
    for place in (0, 150_000, 299_999):
        data = bytearray(300_000)
        data[place] = 1
        path.write_bytes(data)
        assert identity(path) != before
    path.write_bytes(bytes(300_001))
    assert identity(path) != before
