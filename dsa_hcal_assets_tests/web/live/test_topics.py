"""What the topics hold: truth that was put into the database, as the role that only reads sees it."""

import dagster as dg
import pytest

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.database.roles import reading
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.orchestration.storage import opened_instance
from dsa_hcal_assets.rig.kpis import Kpis
from dsa_hcal_assets.rig.tables import store_kpis
from dsa_hcal_assets.settings.live import LiveSettings
from dsa_hcal_assets.web.live.run_events import newest_events
from dsa_hcal_assets.web.live.topics import MOST_ALERTS, feeds
from dsa_hcal_assets_tests.hcal import detector
from dsa_hcal_assets_tests.radio.landed import Site


@pytest.fixture
def reader(database):
    reader = reading(database)
    yield reader
    reader.close()


@pytest.fixture
def topic(reader):
    """Reads a topic by its name."""
    found = {feed.topic: feed for feed in feeds(LiveSettings())}
    return lambda name: found[name].read(reader)


class TestReadings:
    def test_the_newest_cycle_is_told_again_when_there_is_another_or_it_was_judged(
        self, topic, database, tmp_path
    ):
        assert topic("readings") == {"hcal": None, "rig": None}
        ledger, channel_map = Ledger(database, tmp_path / "quarantine"), load_channel_map()
        for number in (0, 1):
            detector.land(tmp_path / "incoming", detector.snapshot(number, down={"91"} if number else set()))
            scan(tmp_path / "incoming", ledger, CONTROLLERS)
            load_day(database, ledger, detector.DAY, channel_map, "run")
            told = topic("readings")["hcal"]
            assert told["cycle"] == detector.cycle(number)
            assert told["boards"]["down"] == number
            assert len(told["half_sectors"]["temperature"]) == 128
            assert told["half_sectors"]["temperature"].count(None) == 8 * number
        with database.transaction() as cursor:
            cursor.execute("update hcal.snapshot set level = 'fail'")
        assert topic("readings")["hcal"]["level"] == "fail"

    def test_the_rigs_newest_reading_is_told(self, topic, database):
        with database.transaction() as cursor:
            for hour, temperature in ((2, 20.5), (1, 99.0)):
                cursor.execute(
                    "insert into rig.reading values (%s, %s, 101, 3, 0, 0, 'none', 'yellow')",
                    (f"2025-06-05T0{hour}:00:00Z", temperature),
                )
        told = topic("readings")["rig"]
        assert (told["temperature"], told["pressure_alert"]) == (20.5, "yellow")


class TestRuns:
    @pytest.fixture
    def events(self, reader, database):
        """The topic after a run that made one of two assets."""
        days = dg.DailyPartitionsDefinition("2025-06-01")

        @dg.asset(partitions_def=days)
        def good() -> None: ...

        @dg.asset(partitions_def=days, deps=[good])
        def bad() -> None:
            raise dg.Failure("no")

        assert newest_events(reader) == {"events": []}  # Dagster has no tables yet
        with opened_instance(database.url) as instance:
            dg.materialize([good, bad], instance=instance, partition_key="2025-06-05", raise_on_error=False)
        return newest_events(reader)["events"]

    def test_products_failures_and_ends_are_told_newest_first(self, events):
        kinds = [(event["type"], event["asset"] or event["step"]) for event in reversed(events)]
        assert kinds == [
            ("RUN_START", None),
            ("ASSET_MATERIALIZATION", "good"),
            ("STEP_FAILURE", "bad"),
            ("RUN_FAILURE", None),
        ]
        assert [event["id"] for event in events] == sorted((event["id"] for event in events), reverse=True)

    def test_each_names_its_run_and_partition(self, events):
        assert len({event["run_id"] for event in events}) == 1
        assert {event["partition"] for event in events} == {"2025-06-05"}
        assert all(event["at"].tzinfo is not None for event in events)


class TestAlerts:
    def test_the_newest_are_told_briefly_and_all_open_ones_are_counted(self, topic, database):
        for number in range(MOST_ALERTS + 5):
            raise_alert(database, Alert(Severity.WARNING, "check", f"alert {number}", "x" * 9000), [])
        raise_alert(database, Alert(Severity.CRITICAL, "storage", "disk", dedup_key="disk"), [])
        with database.transaction() as cursor:
            cursor.execute("update platform.alert set resolved_at = now() where title = 'alert 3'")
        told = topic("alerts")
        assert told["open"] == {"critical": 1, "warning": MOST_ALERTS + 4}
        titles = [one["title"] for one in told["recent"]]
        assert titles == ["disk", *(f"alert {MOST_ALERTS + 4 - number}" for number in range(MOST_ALERTS - 1))]
        assert {len(one["message"]) for one in told["recent"]} == {0, 300}


class TestGroupsAndStatus:
    def test_a_group_is_told_as_the_api_tells_it_and_counted(self, topic, database, tmp_path):
        key = Site(tmp_path, database).land(13, range(1, 15))
        (group,) = topic("groups")["recent"]
        assert (group["group_id"], group["state"], group["missing_subbands"]) == (key, "collecting", [0, 15])
        status = topic("status")
        assert (status["queue"]["total"], status["queue"]["collecting"]) == (1, 1)
        assert status["ledger"]["uvh5"]["accepted"] == 14

    def test_a_status_that_stays_is_the_same(self, topic):
        assert topic("status") == topic("status")


class TestKpis:
    def test_the_newest_days_figures_are_told_and_what_is_not_known_is_null(self, topic, database):
        assert set(topic("kpis").values()) == {None}
        for day, hot in (("2025-06-06", 30.0), ("2025-06-05", 60.0)):
            store_kpis(database, day, Kpis(hot, float("nan"), 2, 1.5, 100, 97.0), run_id="run")
        told = topic("kpis")
        assert (str(told["date"]), told["avg_temp"], told["avg_pressure"]) == ("2025-06-06", 30.0, None)
