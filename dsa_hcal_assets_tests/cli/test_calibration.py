"""`dsa-hcal calibration`: transits of calibrators, groups that hold them, and the registry of sets."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.calibration import calibration
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.orchestration.partitions import GROUP_SET
from dsa_hcal_assets.orchestration.storage import opened_instance
from dsa_hcal_assets.radio.calibration.choice import Need, NoValidCalibration, remember
from dsa_hcal_assets.radio.calibration.matching import transit_after
from dsa_hcal_assets.radio.calibration.standards import load_standards
from dsa_hcal_assets.radio.catalogues.loading import load_catalogue
from dsa_hcal_assets_tests.radio.calibration.test_registry import NOON
from dsa_hcal_assets_tests.radio.calibration.test_registry import register as registered
from dsa_hcal_assets_tests.radio.catalogues.excerpts import block
from dsa_hcal_assets_tests.radio.catalogues.test_schedule import add_group

LIST = block("1330+309", "13h30m00.0s 30d54'00.0\"", " 20cm    L  P P P P       9.00")
C286 = next(one for one in load_standards() if one.name == "3C286")
NIGHT = datetime(2025, 6, 5, tzinfo=UTC)
TRANSIT, DECLINATION = transit_after(C286, NIGHT, -118.283)
# 3C286 crosses in the first hours of the night, 3C123 at the same declination in the afternoon
HOURS = ("transits", "--from", "2025-06-05", "--hours", "8")
POINTING = ("--declination", f"{DECLINATION:.4f}")


def run(*words: str) -> Result:
    return CliRunner().invoke(calibration, list(words))


def names(found: Result) -> list[str]:
    assert found.exit_code == 0, found.output
    return [line.split()[1] for line in found.output.splitlines()[:-1]]


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    (tmp_path / "list.txt").write_text(LIST)
    return tmp_path / "list.txt"


def test_without_a_database_there_are_the_standards_and_the_file(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(*HOURS, *POINTING, "--offline")
    assert names(found) == ["3C286"]
    assert found.output.startswith(f"{TRANSIT:%Y-%m-%dT%H:%M}")
    monkeypatch.setenv("VLA_CATALOG", str(listed))
    assert names(run(*HOURS, *POINTING, "--offline")) == ["1330+309", "3C286"]
    monkeypatch.setenv("CAL_MATCH_RADIUS_DEG", "0.1")
    assert names(run(*HOURS, *POINTING, "--offline")) == ["3C286"]


def test_offline_needs_a_declination_and_cannot_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (("transits", "--offline"), (*HOURS, *POINTING, "--offline", "--store")):
        found = run(*words)
        assert found.exit_code == 2
        assert "--offline needs --declination" in found.output
    monkeypatch.setenv("PIPELINE_POINTING_DEC_DEG", f"{DECLINATION:.4f}")
    assert names(run(*HOURS, "--offline")) == ["3C286"]


class TestWithADatabase:
    @pytest.fixture(autouse=True)
    def _database(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)

    def test_a_loaded_list_counts_and_the_newest_group_tells_the_pointing(
        self, database: Database, listed: Path
    ) -> None:
        found = run(*HOURS)
        assert found.exit_code == 2
        assert "no group of dsa110 tells where it points" in found.output
        load_catalogue(database, "vla", listed)
        add_group(database, NIGHT, DECLINATION)
        assert names(run(*HOURS)) == ["1330+309", "3C286"]

    def test_a_stored_schedule_is_in_the_view(self, database: Database) -> None:
        assert run("transits", *POINTING, "--store").exit_code == 0
        found = {row[0] for row in database.rows("select calibrator from radio.coming_transit")}
        assert found == {"3C286", "3C123"}

    def test_groups_are_matched_and_listed(self, database: Database, listed: Path) -> None:
        key = add_group(database, TRANSIT - timedelta(seconds=150), DECLINATION)
        assert run("match", "--since", "2025-06-05").output == "1 groups matched\n"
        (line, count) = run("groups").output.splitlines()
        assert line.split()[:4] == [key, "1", "3C286", f"{TRANSIT:%H:%M:%S}"]
        assert count == "1 matches"
        load_catalogue(database, "vla", listed)
        run("match", "--since", "2025-06-05")
        assert run("groups", "--calibrator", "1330+309").output.splitlines()[0].split()[:3] == [
            key,
            "2",
            "1330+309",
        ]


class TestTheRegistry:
    @pytest.fixture(autouse=True)
    def _database(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)

    def test_sets_are_listed_with_their_range_or_their_reason(self, database: Database) -> None:
        good, bad = registered(database), registered(database, NOON + timedelta(hours=1), qa="fail")
        lines = run("list").output.splitlines()
        assert lines[0].split()[:3] == [str(bad.set_id), "dsa110", "retired"]
        assert lines[0].endswith("failed its checks")
        assert lines[1].split()[:3] == [str(good.set_id), "dsa110", "active"]
        assert lines[1].endswith("2025-06-04 12:00 to 2025-06-06 12:00")
        assert run("list", "--state", "retired").output.splitlines()[-1] == "1 sets"

    def test_pinning_retiring_and_blacklisting_are_in_the_history_with_their_reasons(
        self, database: Database
    ) -> None:
        number = str(registered(database).set_id)
        for words in (("pin",), ("unpin",), ("retire",), ("blacklist",)):
            done = run(*words, number, "--reason", f"because {words[0]}")
            assert done.exit_code == 0, done.output
        told = run("show", number).output
        assert f"set {number} of 2025-06-05T12:00:00, dsa110: blacklisted" in told
        for event in ("pinned", "unpinned", "retired", "blacklisted"):
            assert any(line.split()[2:3] == [event] and "because" in line for line in told.splitlines())

    def test_a_reason_is_asked_for(self) -> None:
        assert run("retire", "1").exit_code == 2

    def test_the_applicable_set_is_named_with_where_it_lies_and_why(self, database: Database) -> None:
        one = registered(database)
        found = run("applicable", "2025-06-05T20:00:00", "--declination", "30")
        assert found.output.splitlines()[0].startswith(f"{one.set_id}  valid  ")
        assert str(one.path) in found.output
        assert "8.00 h from the data" in found.output
        assert "stale" in run("applicable", "2025-06-08").output
        refused = run("applicable", "2025-06-05T20:00:00", "--declination", "60")
        assert isinstance(refused.exception, NoValidCalibration)

    def test_what_is_due_is_listed_and_asked_for_as_one_backfill(self, database: Database) -> None:
        assert run("stale").output == "0 groups to be calibrated again\n"
        keys = ["2025-06-05T11:00:00", "2025-06-05T13:00:00"]
        for key in keys:
            remember(database, key, Need("dsa110", NOON), None, "no set at all")
        registered(database)
        lines = run("stale").output.splitlines()
        assert [line.split()[0] for line in lines[:2]] == keys
        assert lines[0].endswith("no set could be used")
        assert lines[-1].endswith("dsa-hcal calibration stale --run")
        with opened_instance(database.url) as instance:
            instance.add_dynamic_partitions(GROUP_SET, keys)
            done = run("stale", "--run")
            (asked,) = instance.get_backfills()
        assert done.output.splitlines()[-1] == f"backfill {asked.backfill_id} of 2 groups is asked for"
