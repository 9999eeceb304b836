"""Verdicts and stages are counted from the first look on, each once."""

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.observability.stage_times import timed
from dsa_hcal_assets.web.metrics.custody import QualityMetrics
from dsa_hcal_assets.web.metrics.runs import RunMetrics
from dsa_hcal_assets_tests.observability import filled

VERDICT = """
insert into platform.verdict (stage, metric, level, blocking, partition)
values ('flags', 'flagged', %s, false, 'x')
"""


@pytest.fixture(autouse=True)
def history(database):
    """What was there before the first look."""
    filled.fill(database, utc_now(), groups=2, cycles=0)


@pytest.fixture
def newest(database):
    return database.rows("select max(group_key) from radio.observation_group")[0][0]


def samples(metrics):
    return {
        (sample.name.removeprefix("dsa_hcal_"), *sample.labels.values()): sample.value
        for family in metrics
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket"))
    }


def test_verdicts_by_stage_and_level(database):
    metrics = QualityMetrics()
    assert not [key for key in samples(metrics.read(database)) if key[0] == "verdicts_total"]
    for levels in (["pass"], ["pass", "fail"]):
        with database.transaction() as cursor:
            for level in levels:
                cursor.execute(VERDICT, (level,))
        found = samples(metrics.read(database))
    assert (found["verdicts_total", "flags", "pass"], found["verdicts_total", "flags", "fail"]) == (2, 1)


def test_a_row_that_is_committed_late_is_not_missed(database):
    metrics = QualityMetrics()
    with database.transaction() as slow:
        slow.execute(VERDICT, ("warn",))
        with database.transaction() as quick:
            quick.execute(VERDICT, ("pass",))
        assert samples(metrics.read(database))["verdicts_total", "flags", "pass"] == 1
    found = samples(metrics.read(database))
    assert (found["verdicts_total", "flags", "pass"], found["verdicts_total", "flags", "warn"]) == (1, 1)


def test_stages_by_how_they_ended(database, newest):
    metrics = RunMetrics()
    with timed(database, "flags", newest, "run"):
        pass
    with pytest.raises(ZeroDivisionError), timed(database, "flags", newest, "run"):
        raise ZeroDivisionError
    for _ in range(2):
        found = samples(metrics.read(database))
        assert found["stage_duration_seconds_count", "flags", "done"] == 1
        assert found["stage_duration_seconds_count", "flags", "failed"] == 1


def test_latency_is_that_of_the_first_time_after_the_group_was_complete(database, newest):
    metrics = RunMetrics()
    # the report of `filled` came minutes after the group was complete; this one repeats it by hand
    with timed(database, "radio_qa_report", newest, "again"), timed(database, "photometry", newest, "first"):
        pass
    ((expected,),) = database.rows(
        "select extract(epoch from ended_at - completed_at) from platform.stage_time"
        " join radio.observation_group on group_key = partition where stage = 'photometry'"
    )
    found = samples(metrics.read(database))
    assert ("group_latency_seconds_count", "radio_qa_report") not in found
    assert found["group_latency_seconds_sum", "photometry"] == pytest.approx(float(expected))
