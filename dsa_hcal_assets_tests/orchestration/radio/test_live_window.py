"""Old group keys leave the Dagster UI without a trace of trouble, are known, and come back whole."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.orchestration import dynamic_keys
from dsa_hcal_assets.orchestration.partitions import GROUPS, RetiredPartition, require_live
from dsa_hcal_assets.orchestration.radio import live_window
from dsa_hcal_assets.orchestration.radio.live_window import BackfillAtWork, UnknownKey, beyond
from dsa_hcal_assets.orchestration.radio.upkeep import live_window_job, live_window_schedule
from dsa_hcal_assets.orchestration.stage import stage_asset
from dsa_hcal_assets.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEYS = ["2025-06-05T20:37:07", "2025-06-05T20:42:16", "2025-06-05T20:47:25"]
OLD, MIDDLE, NEW = KEYS


@pytest.fixture
def window(instance):
    """Three keys in the window."""
    instance.add_dynamic_partitions(GROUPS.name, KEYS)
    return instance


def live(instance):
    return list(instance.get_dynamic_partitions(GROUPS.name))


def retire(instance, database, *keys):
    return live_window.retire(instance, database, dict.fromkeys(keys, "test"), utc_now())


class TestWhatIsBeyond:
    @given(
        days=st.lists(st.floats(0, 100), max_size=30).map(lambda ages: sorted(ages, reverse=True)),
        limit=st.floats(1, 99),
        most=st.integers(1, 30),
    )
    def test_what_stays_is_young_and_few_and_nothing_else_had_to_go(self, days, limit, most):
        keys = {str(n): NOW - timedelta(days=age) for n, age in enumerate(days)}
        gone = beyond(keys, days=limit, most=most, now=NOW)
        staying = [key for key in keys if key not in gone]
        assert len(staying) <= most
        assert all(keys[key] >= NOW - timedelta(days=limit) for key in staying)
        young = [key for key in keys if keys[key] >= NOW - timedelta(days=limit)]
        assert staying == young[-most:]

    def test_a_key_of_unknown_age_leaves_by_number_only(self):
        keys = dict.fromkeys(["a", "b", "c"])
        assert beyond(keys, days=1, most=3, now=NOW) == {}
        assert beyond(keys, days=1, most=2, now=NOW) == {"a": "more than 2 keys in the live window"}


class TestRetirement:
    def test_a_retired_key_has_left_and_is_known(self, window, database):
        assert retire(window, database, OLD) == [OLD]
        assert live(window) == [MIDDLE, NEW]
        (gone,) = live_window.retired(database)
        assert (gone.key, gone.reason) == (OLD, "test")
        assert gone.added_at <= gone.retired_at

    def test_a_key_with_something_pending_stays(self, window, database, installation, tmp_path):
        (tmp_path / "late.hdf5").write_bytes(b"x")
        installation.ledger.accept("uvh5", tmp_path / "late.hdf5", subject=f"{OLD}/sb03", partition=OLD)
        assert retire(window, database, *KEYS) == [MIDDLE, NEW]
        assert live(window) == [OLD]

    @pytest.mark.parametrize(
        "status",
        [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING],
    )
    def test_a_key_with_a_run_that_has_not_ended_stays(self, window, database, status):
        tags = {live_window.PARTITION: MIDDLE}
        window.add_run(dg.DagsterRun(job_name="job", run_id="at-work", tags=tags, status=status))
        assert retire(window, database, *KEYS) == [OLD, NEW]

    def test_nothing_leaves_while_a_backfill_is_at_work(self, window, database):
        backfill = PartitionBackfill(
            backfill_id="b",
            status=BulkActionStatus.REQUESTED,
            from_failure=False,
            tags={},
            backfill_timestamp=0.0,
        )
        window.add_backfill(backfill)
        with pytest.raises(BackfillAtWork):
            retire(window, database, OLD)
        assert live(window) == KEYS
        window.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
        assert retire(window, database, OLD) == [OLD]

    def test_a_crash_before_the_keys_left_is_healed_by_the_next_retirement(
        self, window, database, monkeypatch
    ):
        def cut(*_):
            raise RuntimeError("cut here")

        with monkeypatch.context() as broken:
            broken.setattr(dynamic_keys, "remove", cut)
            with pytest.raises(RuntimeError):
                retire(window, database, OLD)
        assert live(window) == KEYS
        assert retire(window, database, OLD) == [OLD]
        assert [one.key for one in live_window.retired(database)] == [OLD]


class TestRestoration:
    def test_a_restored_key_is_live_again_and_no_longer_listed(self, window, database):
        retire(window, database, OLD, MIDDLE)
        assert live_window.restore(window, database, [OLD], utc_now()) == [OLD]
        assert live(window) == [NEW, OLD]
        assert [one.key for one in live_window.retired(database)] == [MIDDLE]

    def test_a_key_that_is_live_is_left_as_it_is(self, window, database):
        assert live_window.restore(window, database, [NEW], utc_now()) == []
        assert live(window) == KEYS

    def test_a_key_nobody_knows_is_refused_and_none_of_the_others_restored(self, window, database):
        retire(window, database, OLD)
        with pytest.raises(UnknownKey, match="2001-01-01T00:00:00"):
            live_window.restore(window, database, [OLD, "2001-01-01T00:00:00"], utc_now())
        assert OLD not in live(window)

    def test_a_key_may_go_and_come_back_again(self, window, database):
        for _ in range(2):
            retire(window, database, OLD)
            assert [one.key for one in live_window.retired(database)] == [OLD]
            live_window.restore(window, database, [OLD], utc_now())
            assert live_window.retired(database) == []


class TestSchedule:
    @pytest.fixture
    def tidy(self, installation, window):
        """The daily job with given limits."""

        def tidy(**limits):
            radio = installation.settings.radio.model_copy(update=limits)
            installation.settings = Settings(
                **{**installation.settings.model_dump(exclude={"radio"}), "radio": radio}
            )
            return live_window_job.execute_in_process(
                resources={"installation": installation}, instance=window, raise_on_error=False
            )

        return tidy

    def test_it_runs_daily_by_itself(self):
        assert live_window_schedule.cron_schedule == "40 4 * * *"
        assert live_window_schedule.default_status.value == "RUNNING"

    def test_a_young_window_is_left_alone(self, tidy, window):
        assert tidy().success
        assert live(window) == KEYS

    def test_the_oldest_leave_a_window_that_is_too_full(self, tidy, window, database):
        assert tidy(most_live_keys=1).success
        assert live(window) == [NEW]
        assert {one.reason for one in live_window.retired(database)} == {
            "more than 1 keys in the live window"
        }

    def test_a_key_somebody_added_by_hand_counts_as_restored(self, tidy, window, database):
        retire(window, database, OLD)
        window.add_dynamic_partitions(GROUPS.name, [OLD])
        assert tidy().success
        assert live_window.retired(database) == []


class TestARunOnARetiredKey:
    def test_is_refused_with_the_way_back(self, window, database):
        require_live(window, GROUPS, OLD)
        retire(window, database, OLD)
        with pytest.raises(RetiredPartition, match=f"dsa-hcal partitions restore {OLD}"):
            require_live(window, GROUPS, OLD)

    def test_days_are_never_retired(self, window):
        require_live(window, dg.DailyPartitionsDefinition("2026-01-01"), "2026-01-02")

    def test_no_stage_begins_on_a_key_that_left_while_its_run_waited(self, window, installation):
        """Dagster looks at the key when a run is asked for, and again after the work is done."""
        begun = []

        @dg.asset
        def waiting():
            dynamic_keys.remove(window, GROUPS.name, [OLD])

        @stage_asset(group="radio", partitions=GROUPS, deps=["waiting"])
        def uvh5_group(run):
            """Note that it began."""
            begun.append(run.partition)
            return run.not_applicable("test")

        def run(*assets):
            return dg.materialize(
                assets,
                partition_key=OLD,
                instance=window,
                resources={"installation": installation},
                raise_on_error=False,
            )

        refused = run(waiting, uvh5_group)
        assert not refused.success
        failure = refused.failure_data_for_node("uvh5_group").user_failure_data
        assert failure.metadata["error"].text == "RetiredPartition"
        assert begun == []
        window.add_dynamic_partitions(GROUPS.name, [OLD])
        assert run(uvh5_group).success
        assert begun == [OLD]
