"""A sensor that watches a directory: asks once, asks again for what stays undone, never doubles."""

import json
from pathlib import Path

import dagster as dg
import pytest
import yaml

from dsa_hcal_assets import services
from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.orchestration import incoming
from dsa_hcal_assets.orchestration.asked import ASK_AGAIN_SECONDS, Work
from dsa_hcal_assets.orchestration.incoming import MOST_RUNS_A_TICK, incoming_sensor
from dsa_hcal_assets.orchestration.partitions import GROUPS

KEY = "2025-06-05T20:37:07"


class Backlog:
    """What `look` finds, look by look; the last answer stands."""

    def __init__(self, *looks):
        self.looks, self.count = list(looks), 0

    def __call__(self, installation):
        self.count += 1
        return self.looks[min(self.count, len(self.looks)) - 1]


@pytest.fixture(autouse=True)
def _short_stay(monkeypatch):
    monkeypatch.setattr(incoming, "STAY_SECONDS", 0.2)
    monkeypatch.setattr(incoming, "LOOK_SECONDS", 0.01)


@pytest.fixture
def clock(monkeypatch):
    """A wall clock that the test moves."""

    class Clock:
        now = 1_000_000.0

        def time(self):
            return self.now

        monotonic = staticmethod(incoming.time.monotonic)
        sleep = staticmethod(incoming.time.sleep)

    clock = Clock()
    monkeypatch.setattr(incoming, "time", clock)
    return clock


@pytest.fixture
def tick(installation, instance):
    def tick(look, cursor=None, dynamic=None, urgent=True):
        options = {"dynamic": dynamic, "urgent": urgent}
        sensor = incoming_sensor("watch", "job", look, source="rig", **options, description="Watches.")
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, resources={"installation": installation}
        )
        return sensor(context)

    return tick


def start(instance, request, status):
    """Enter the run a request asks for, as the daemon does."""
    instance.add_run(
        dg.DagsterRun(
            job_name="job", run_id=f"{status.value}-{request.run_key}", tags=request.tags, status=status
        )
    )


def test_new_work_becomes_one_run_of_its_partition(tick):
    result = tick(Backlog([Work("2026-01-02", "17", "3 arrivals")]))
    (request,) = result.run_requests
    assert request.partition_key == "2026-01-02"
    assert request.tags["dsa_hcal/work"] == "3 arrivals"
    assert request.tags["dsa_hcal/partition"] == "watch:2026-01-02"
    assert result.dynamic_partitions_requests == []


def test_a_tick_stays_until_something_lands(tick):
    look = Backlog([], [], [Work("2026-01-02", "1")])
    assert len(tick(look).run_requests) == 1
    assert look.count == 3


def test_a_tick_ends_when_nothing_lands_and_says_what_is_pending(tick):
    first = tick(Backlog([Work("2026-01-02", "1")]))
    again = tick(Backlog([Work("2026-01-02", "1")]), first.cursor)
    assert again.run_requests == []
    assert "1 partitions pending, none of it new" in again.skip_reason.skip_message


def test_a_tick_that_is_not_urgent_looks_once(tick):
    look = Backlog([])
    assert tick(look, urgent=False).run_requests == []
    assert look.count == 1


def test_sensors_that_stay_leave_threads_of_the_daemon_to_the_others():
    shipped = Path(services.__file__).with_name("dagster.yaml")
    threads = yaml.safe_load(shipped.read_text(encoding="utf-8"))["sensors"]["num_workers"]
    staying = [one.name for one in build_definitions().sensors if one.minimum_interval_seconds == 1]
    assert 0 < len(staying) < threads


def test_keys_of_a_dynamic_set_are_added_before_their_runs(tick):
    result = tick(Backlog([Work(KEY, "c0ffee")]), dynamic=GROUPS)
    (added,) = result.dynamic_partitions_requests
    assert (added.partitions_def_name, added.partition_keys) == ("radio_group", [KEY])


def test_what_is_live_goes_first_and_a_backlog_follows_oldest_first_in_its_own_slots(tick):
    days = [Work("2026-01-01", "1", live=False), Work("2026-01-02", "2", live=False), Work("2026-03-01", "3")]
    live, *backlog = tick(Backlog(days)).run_requests
    assert live.partition_key == "2026-03-01"
    assert "dsa_hcal/backlog" not in live.tags
    assert [request.partition_key for request in backlog] == ["2026-01-01", "2026-01-02"]
    for request in backlog:
        assert int(request.tags["dagster/priority"]) < int(live.tags["dagster/priority"])
        assert request.tags["dsa_hcal/backlog"] == "watch"


def test_a_backlog_of_years_never_crowds_out_what_is_live(tick):
    days = [Work(f"2025-01-{day:02d}-{n}", "1", live=False) for day in range(1, 29) for n in range(9)]
    requests = tick(Backlog([*days, Work("2026-03-01", "3")])).run_requests
    assert requests[0].partition_key == "2026-03-01"
    assert len(requests) == MOST_RUNS_A_TICK


def test_a_backlog_has_part_of_the_slots_only():
    shipped = Path(services.__file__).with_name("dagster.yaml")
    runs = yaml.safe_load(shipped.read_text())["concurrency"]["runs"]
    (limit,) = [one for one in runs["tag_concurrency_limits"] if one["key"] == incoming.BACKLOG_TAG]
    assert limit["limit"] <= runs["max_concurrent_runs"] // 2


def test_another_version_is_asked_for_under_another_run_key(tick):
    first = tick(Backlog([Work("2026-01-02", "1")]))
    second = tick(Backlog([Work("2026-01-02", "2")]), first.cursor)
    assert second.run_requests[0].run_key != first.run_requests[0].run_key


def test_a_run_that_has_not_begun_will_take_the_new_arrivals_too(tick, instance):
    first = tick(Backlog([Work("2026-01-02", "1")]))
    start(instance, first.run_requests[0], dg.DagsterRunStatus.STARTING)
    waiting = tick(Backlog([Work("2026-01-02", "2")]), first.cursor)
    assert waiting.run_requests == []


def test_a_run_at_work_may_have_missed_the_new_arrivals(tick, instance):
    first = tick(Backlog([Work("2026-01-02", "1")]))
    start(instance, first.run_requests[0], dg.DagsterRunStatus.STARTED)
    assert len(tick(Backlog([Work("2026-01-02", "2")]), first.cursor).run_requests) == 1


class TestAskingAgain:
    @pytest.fixture
    def asked(self, tick, clock):
        return tick(Backlog([Work("2026-01-02", "1")]))

    def test_what_stays_undone_is_asked_for_again_as_another_attempt(self, tick, clock, asked):
        clock.now += ASK_AGAIN_SECONDS + 1
        (request,) = tick(Backlog([Work("2026-01-02", "1")]), asked.cursor).run_requests
        assert request.run_key.endswith(":2")

    def test_not_while_a_run_is_at_work_on_it(self, tick, clock, asked, instance):
        start(instance, asked.run_requests[0], dg.DagsterRunStatus.STARTED)
        clock.now += ASK_AGAIN_SECONDS + 1
        assert tick(Backlog([Work("2026-01-02", "1")]), asked.cursor).run_requests == []

    def test_not_before_its_time(self, tick, clock, asked):
        clock.now += ASK_AGAIN_SECONDS - 1
        assert tick(Backlog([Work("2026-01-02", "1")]), asked.cursor).run_requests == []

    def test_what_was_done_meanwhile_is_forgotten(self, tick, clock, asked):
        assert json.loads(tick(Backlog([]), asked.cursor).cursor) == {}


def test_a_flood_is_asked_for_in_ticks_and_nothing_is_left_out(tick):
    flood = [Work(f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}", "1") for n in range(2 * MOST_RUNS_A_TICK + 3)]
    keys, cursor = [], None
    for _ in range(3):
        result = tick(Backlog(flood), cursor)
        cursor = result.cursor
        keys += [request.partition_key for request in result.run_requests]
    assert keys == [work.partition for work in flood]


def test_runs_that_wait_do_not_hold_up_the_work_behind_them(tick, instance):
    flood = [Work(f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}", "1") for n in range(MOST_RUNS_A_TICK)]
    first = tick(Backlog(flood))
    for request in first.run_requests:
        start(instance, request, dg.DagsterRunStatus.STARTING)
    newer = [Work(work.partition, "2") for work in flood]
    last = Work("2026-12-24", "1")
    result = tick(Backlog([*newer, last]), first.cursor)
    assert [request.partition_key for request in result.run_requests] == [last.partition]


def test_what_went_to_quarantine_is_told_once_with_the_way_back(tick, installation, tmp_path):
    (tmp_path / "b.csv").write_text("x")
    error = BadInput("b.csv has no header", remedy="send it again")
    arrival = installation.ledger.quarantine_arrival("rig", tmp_path / "b.csv", error)
    cursor = None
    for _ in range(2):
        cursor = tick(Backlog([]), cursor).cursor
    (entry,) = open_alerts(installation.database)
    assert "b.csv has no header" in entry.alert.title
    assert "remedy: send it again" in entry.alert.message
    assert f"dsa-hcal quarantine release {arrival.arrival_id}" in entry.alert.message


def test_a_look_that_fails_fails_the_tick_and_loses_nothing(tick):
    def broken(installation):
        raise OSError("incoming is not mounted")

    with pytest.raises(OSError, match="not mounted"):
        tick(broken)
