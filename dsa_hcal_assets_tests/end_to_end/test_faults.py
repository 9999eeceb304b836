"""Bad input, all of it at once, through the sensors of a running platform.

What cannot be used is in quarantine with its bytes, a reason and a remedy, or is counted; everything
else goes through as if nothing had been wrong.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, encode
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration.radio import live_window
from dsa_hcal_assets.orchestration.storage import opened_instance
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.rig.csv_text import raw_text
from dsa_hcal_assets.services import Stack
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.end_to_end import custody
from dsa_hcal_assets_tests.end_to_end.running import Running
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.web.callers import OPERATING, local

pytestmark = [pytest.mark.services, pytest.mark.radio, pytest.mark.timeout(600)]

COLLECT_SECONDS = 30.0
GOOD, DAMAGED, LACKING = "2025-06-05T20:37:07", "2025-06-05T21:37:07", "2025-06-05T22:37:07"
DARK_DAY = "2025-06-07"
RIG_DAY, NULLS_DAY = "2025-06-05", "2025-06-06"
ROWS, NULLS = 40, 3
HEADER = "timestamp,temperature,pressure,uptime\n"
ROW = "2025-06-05T12:00:00Z,61.5,1003.2,0.1\n"


@dataclass
class Story:
    """What was dropped into a platform, and the states its incomplete group was seen in, in order."""

    settings: Settings
    running: Running
    seen: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.running.database(), self.settings.quarantine)

    @property
    def products(self) -> ProductStore:
        return ProductStore(self.settings.products, self.running.database())

    def land(self, source: str, name: str, content: bytes) -> None:
        """Write a file beside its directory and rename it there, as acquisitions do."""
        partial = self.settings.incoming / f".{name}.part"
        partial.write_bytes(content)
        os.utime(partial, (time.time() - 60, time.time() - 60))
        partial.rename(self.settings.incoming / source / name)

    def quarantined(self, source: str, name: str) -> dict[str, Any]:
        """Return reason and path of the one file of this name that is in quarantine."""
        ((reason, path),) = self.running.rows(
            "select reason, quarantine_path from platform.arrival"
            " where source = %s and name = %s and state = 'quarantined'",
            (source, name),
        )
        return {**reason, "path": Path(path)}

    def state_of(self, key: str) -> str | None:
        rows = self.running.rows("select state from radio.observation_group where group_key = %s", (key,))
        return rows[0][0] if rows else None

    def done(self, kind: str, partition: str) -> bool:
        return self.products.current(kind, partition) is not None


@pytest.fixture(scope="module")
def story(passable_directory: Path) -> Iterator[Story]:
    state = passable_directory / "faults"
    settings = Settings(
        state_dir=state,
        api_port=0,
        webserver_port=0,
        database_port=0,
        radio=RadioSettings(settle_seconds=1, collect_hours=COLLECT_SECONDS / 3600),
        rig=RigSettings(settle_seconds=1),
    )
    groups = {key: _group(passable_directory, key) for key in (GOOD, DAMAGED, LACKING)}
    light = "dsa_hcal_assets_tests.end_to_end.light_definitions"
    with Stack(settings, definitions=light, without=["api", "casa"]):
        story = Story(settings, Running(state))
        _drop_subbands(story, groups)
        _drop_snapshots(story)
        _drop_readings(story)
        _await_groups(story, groups)
        whole = detector.snapshot(6)
        story.land("hcal", CONTROLLERS.file_name(whole.cycle), encode(whole))
        _await_days(story)
        yield story
        story.running.close()


def _group(directory: Path, key: str) -> dict[int, bytes]:
    place = directory / key
    place.mkdir()
    start = datetime.fromisoformat(key).replace(tzinfo=UTC)
    paths = uvh5_files.write_group(place, channels=2, integrations=2, antennas=3, start=start)
    files = {number: path.read_bytes() for number, path in enumerate(paths)}
    shutil.rmtree(place)
    return files


def _drop_subbands(story: Story, groups: dict[str, dict[int, bytes]]) -> None:
    for key, files in groups.items():
        for number, content in files.items():
            if key == GOOD or (key == LACKING and number != 4) or number not in (4, 7, 8, 9):
                story.land("uvh5", uvh5_files.name(number, key), content)
    damaged = groups[DAMAGED]
    story.land("uvh5", uvh5_files.name(4, DAMAGED), damaged[4])
    story.land("uvh5", uvh5_files.name(7, DAMAGED), damaged[7][: len(damaged[7]) // 2])
    story.land("uvh5", uvh5_files.name(8, DAMAGED), b"this is not HDF5")
    story.land("uvh5", uvh5_files.name(9, DAMAGED), _with_wrong_shape(story, damaged[9]))
    # once more under another name, and other content for a subband that is there already
    story.land("uvh5", uvh5_files.name(3, "2025-06-05T20:38:41"), groups[GOOD][3])
    story.land("uvh5", uvh5_files.name(5, "2025-06-05T20:38:42"), _with_other_header(story, groups[GOOD][5]))


def _with_wrong_shape(story: Story, content: bytes) -> bytes:
    return _changed(story, content, lambda file: _replace(file, "Header/ant_1_array", np.arange(3)))


def _with_other_header(story: Story, content: bytes) -> bytes:
    def change(file: h5py.File) -> None:
        file["Header/antenna_positions"][0] += 1.0

    return _changed(story, content, change)


def _replace(file: h5py.File, name: str, value: object) -> None:
    del file[name]
    file[name] = value


def _changed(story: Story, content: bytes, change: Any) -> bytes:
    path = story.settings.state_dir / "changed.hdf5"
    path.write_bytes(content)
    with h5py.File(path, "r+") as file:
        change(file)
    changed = path.read_bytes()
    path.unlink()
    return changed


def _drop_snapshots(story: Story) -> None:
    snapshots = [detector.snapshot(number) for number in range(7)]
    for one in snapshots[:6]:
        story.land("hcal", CONTROLLERS.file_name(one.cycle), encode(one))
    cut = encode(snapshots[6])
    story.land("hcal", CONTROLLERS.file_name(snapshots[6].cycle), cut[: len(cut) // 2])
    story.land("hcal", "hcal_empty.snap", b"")
    story.land("hcal", "hcal_20250605Tz_again.snap", encode(snapshots[2]))
    story.land("hcal", "hcal_20250605Tz_other.snap", encode(detector.snapshot(3, run_number=99)))
    dark = datetime.fromisoformat(DARK_DAY).replace(hour=12, tzinfo=UTC)
    silent = detector.snapshot(7, moment=dark, down=detector.physics.BOARDS)
    story.land("hcal", CONTROLLERS.file_name(dark), encode(silent))


def _drop_readings(story: Story) -> None:
    start = datetime.fromisoformat(RIG_DAY).replace(tzinfo=UTC)
    good = raw_text(simulate(start, rows=ROWS))
    story.land("rig", "a.csv", good)
    story.land("rig", "b-again.csv", good)
    story.land("rig", "c-other.csv", raw_text(simulate(start, rows=ROWS, seed=5)))
    story.land("rig", "d-no-pressure.csv", b"timestamp,temperature,uptime\n2025-06-05T12:00:00Z,61.5,0.1\n")
    story.land("rig", "e-bad-date.csv", (HEADER + ROW + "13/45/2025,61.5,1003.2,0.1\n").encode())
    story.land("rig", "f-no-text.csv", b"\xff\xfe\x00\x01")
    lines = raw_text(simulate(start + timedelta(days=1), rows=ROWS)).decode().splitlines()
    for number, column in enumerate(range(1, 1 + NULLS)):
        fields = lines[10 + number].split(",")
        fields[column] = ""
        lines[10 + number] = ",".join(fields)
    story.land("rig", "g-nulls.csv", "\n".join(lines).encode() + b"\n")


def _await_groups(story: Story, groups: dict[str, dict[int, bytes]]) -> None:
    """Deliver the damaged subbands again once they are in quarantine, and the lacking one too late."""

    def look() -> None:
        state = story.state_of(LACKING)
        if state is not None and story.seen[-1:] != [state]:
            story.seen.append(state)

    def refused() -> bool:
        look()
        return len(story.running.rows("select from platform.arrival where state = 'quarantined'")) >= 11

    def reported() -> bool:
        look()
        return "failed" in story.seen

    story.running.until(refused, 90, "every bad file is in quarantine")
    for number in (7, 8, 9):
        story.land("uvh5", uvh5_files.name(number, DAMAGED), groups[DAMAGED][number])
    story.running.until(reported, 90, "the incomplete group is given up")
    story.land("uvh5", uvh5_files.name(4, LACKING), groups[LACKING][4])


def _await_days(story: Story) -> None:
    for key in (GOOD, DAMAGED, LACKING):
        story.running.until(
            lambda key=key: story.done("uvh5_group", key), 120, f"group {key} is taken", every=1
        )
    story.seen.append(str(story.state_of(LACKING)))
    for kind, day in (("detector_qa_report", detector.DAY), ("rig_kpis", RIG_DAY), ("rig_kpis", NULLS_DAY)):
        story.running.until(
            lambda kind=kind, day=day: story.done(kind, day), 240, f"{kind} of {day}", every=1
        )
    story.running.until(
        lambda: story.done("tower_state", DARK_DAY), 120, "the day without a board is judged", every=1
    )
    pending = "select from platform.arrival where state = 'pending'"
    unfinished = ["QUEUED", "STARTING", "STARTED", "NOT_STARTED"]
    story.running.until(
        lambda: not story.running.rows(pending) and not story.running.runs(statuses=unfinished),
        120,
        "all is loaded",
        every=1,
    )


def test_everything_is_accounted_for(story: Story):
    custody.assert_balance(story.ledger, quarantined=11)
    balance = story.ledger.balance()
    assert {source: one.loaded for source, one in balance.items()} == {"uvh5": 48, "hcal": 8, "rig": 2}
    assert {source: one.duplicates for source, one in balance.items()} == {"uvh5": 1, "hcal": 1, "rig": 1}
    assert {source: one.pending for source, one in balance.items()} == {"uvh5": 0, "hcal": 0, "rig": 0}


@pytest.mark.parametrize(
    ("source", "name", "error", "complaint"),
    [
        ("uvh5", uvh5_files.name(7, DAMAGED), "UnreadableSubband", "truncated"),
        ("uvh5", uvh5_files.name(8, DAMAGED), "UnreadableSubband", "HDF5"),
        ("uvh5", uvh5_files.name(9, DAMAGED), "BadHeader", "ant_1_array has a wrong shape"),
        ("hcal", CONTROLLERS.file_name(detector.cycle(6)), "SnapshotTruncated", "end"),
        ("hcal", "hcal_empty.snap", "SnapshotEmpty", "hcal_empty.snap"),
        ("rig", "d-no-pressure.csv", "RigColumnsMissing", "column pressure is missing"),
        ("rig", "e-bad-date.csv", "RigValueInvalid", "row 2, column timestamp"),
        ("rig", "f-no-text.csv", "RigFileUnreadable", "no CSV"),
    ],
)
def test_what_cannot_be_used_is_in_quarantine_with_reason_and_remedy(
    story: Story, source: str, name: str, error: str, complaint: str
):
    found = story.quarantined(source, name)
    assert found["error"] == error
    assert complaint in f"{found['what']} {found['found']}"
    assert found["remedy"]
    assert found["path"].is_file()
    assert found["path"].with_name(f"{found['path'].name}.reason.json").is_file()
    if name.endswith("no-text.csv"):
        assert found["path"].read_bytes() == b"\xff\xfe\x00\x01"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("uvh5", uvh5_files.name(5, "2025-06-05T20:38:42")),
        ("hcal", "hcal_20250605Tz_other.snap"),
        ("rig", "c-other.csv"),
    ],
)
def test_the_same_time_with_other_content_is_a_conflict_that_names_both(story: Story, source: str, name: str):
    found = story.quarantined(source, name)
    assert found["error"] == "InputConflict"
    assert found["accepted_digest"] != found["rejected_digest"]
    ((accepted,),) = story.running.rows(
        "select digest from platform.arrival where arrival_id = %s", (found["accepted_arrival"],)
    )
    assert accepted == found["accepted_digest"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("uvh5", uvh5_files.name(3, "2025-06-05T20:38:41")),
        ("hcal", "hcal_20250605Tz_again.snap"),
        ("rig", "b-again.csv"),
    ],
)
def test_the_same_content_again_is_counted_and_has_no_effect(story: Story, source: str, name: str):
    rows = story.running.rows(
        "select outcome, arrival.name from platform.delivery join platform.arrival using (arrival_id)"
        " where delivery.source = %s and delivery.name = %s",
        (source, name),
    )
    assert [outcome for outcome, _ in rows] == ["duplicate"]
    assert rows[0][1] != name


def test_a_group_whose_bad_subbands_came_again_is_complete(story: Story):
    (row,) = story.running.rows(
        "select state, found from radio.observation_group where group_key = %s", (DAMAGED,)
    )
    assert row == ("complete", 16)
    story.products.require_passed("uvh5_group", DAMAGED)


def test_an_incomplete_group_collects_is_reported_and_a_late_subband_completes_it(story: Story):
    assert story.seen == ["collecting", "failed", "complete"]
    story.products.require_passed("uvh5_group", LACKING)
    (alert,) = story.running.rows(
        "select severity, title from platform.alert where dedup_key = %s", (f"stale:{LACKING}",)
    )
    assert alert == ("warning", f"group {LACKING} is incomplete: 15 of 16 subbands")


def test_the_running_sensor_asked_for_one_quick_look_of_each_group_once_it_was_whole(story: Story):
    """No calibration set is there yet: each says so and ends well."""
    runs = story.running.runs(pipelineName="radio_quicklook")
    assert sorted((run.partition, run.status) for run in runs) == [
        (key, "SUCCESS") for key in (GOOD, DAMAGED, LACKING)
    ]


def test_no_group_was_worked_on_twice_for_the_same_content(story: Story):
    for key in (GOOD, DAMAGED, LACKING):
        assert len(story.products.versions("uvh5_group", key)) == 1


def test_good_snapshots_went_through_whole_and_the_day_says_what_it_lacks(story: Story):
    assert custody.assert_snapshots_whole(story.running.database(), dark=1) == 8
    story.products.require_passed("detector_qa_report", detector.DAY)
    snapshots = story.products.require_passed("hcal_snapshots", detector.DAY)
    ((level, detail),) = story.running.rows(
        "select level, detail from platform.latest_verdict where product_id = %s and metric = 'quarantined'",
        (snapshots.product_id,),
    )
    assert level == "warn"
    assert "hcal_20250605Tz_other.snap" in detail


def test_a_day_without_any_reading_is_stopped_at_its_gate_and_told(story: Story):
    assert story.products.current("detector_qa_report", DARK_DAY) is None
    alerts = story.running.rows(
        "select severity, source from platform.alert where category = 'check' and partition = %s", (DARK_DAY,)
    )
    assert "error" in {severity for severity, _ in alerts}


def test_rows_with_nulls_are_dropped_and_counted(story: Story):
    rows = story.running.rows(
        "select day::text, total, nulls, out_of_range, kept from rig.cleaned_day order by day"
    )
    assert rows == [(RIG_DAY, ROWS, 0, 0, ROWS), (NULLS_DAY, ROWS, NULLS, 0, ROWS - NULLS)]


def test_bad_input_fails_no_run(story: Story):
    failed = [run for run in story.running.runs(statuses=["FAILURE"]) if run.partition != DARK_DAY]
    assert failed == []


def test_an_operator_has_a_group_processed_again_once_even_if_its_key_had_left_the_window(story: Story):
    database = story.running.database()
    with opened_instance(database.url) as instance:
        assert live_window.retire(instance, database, {GOOD: "a test"}, utc_now()) == [GOOD]
    settings = story.settings.model_copy(
        update={
            "database_url": database.url,
            "webserver_port": _port_of(story, "webserver"),
            "access": OPERATING,
        }
    )
    with local(create_app(settings)) as operator:
        launched = operator.post(f"/api/reprocess/{GOOD}")
        again = operator.post(f"/api/reprocess/{GOOD}")
        assert launched.status_code == 202, launched.text
        assert again.status_code == 409
        assert launched.json()["run_id"] in again.json()["detail"]
    story.running.until(lambda: len(story.products.versions("uvh5_group", GOOD)) == 2, 120, "it is made anew")
    run_id = launched.json()["run_id"]
    assert story.products.require_passed("uvh5_group", GOOD).provenance.run_id == run_id
    (run,) = [one for one in story.running.runs(pipelineName="radio_group") if one.run_id == run_id]
    assert run.tags["dsa_hcal/work"] == "asked for by local"
    assert live_window.retired(database) == []


def _port_of(story: Story, service: str) -> int:
    status = story.running.status()
    assert status is not None
    return int(status.url(service).rsplit(":", 1)[1])
