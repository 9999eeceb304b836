"""Verdicts in PostgreSQL: all of them are kept, the latest of each metric counts."""

import math
from dataclasses import dataclass, replace

from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import closed_gates, latest, record

FIRST = Verdict("clean", "kept", 0.98, Level.PASS, True, "1", "warn < 0.9", "Share kept", "98 of 100")
SECOND = Verdict("clean", "gap", math.nan, Level.FAIL, False, "steps", "warn > 5", "Gap", "not measured")


@dataclass(frozen=True)
class Published:
    product_id: int


def publish(database) -> Published:
    with database.transaction() as cursor:
        cursor.execute(
            "insert into platform.product (kind, partition, version, path, bytes, checksum, created_at, "
            "code_version, run_id, parameters, inputs) values ('rig_clean', '2025-06-05', 1, 'x', 1, "
            "repeat('0', 64), now(), '1', 'run', '{}', '[]') returning product_id"
        )
        return Published(cursor.fetchone()[0])


def test_what_was_recorded_is_read_back_in_order(database):
    product = publish(database)
    record(database, [FIRST, SECOND], product=product, partition="2025-06-05", run_id="run")
    first, second = latest(database, product.product_id)
    assert first == FIRST
    assert math.isnan(second.value)
    assert replace(second, value=0.0) == replace(SECOND, value=0.0)


def test_judging_again_keeps_the_old_verdict_and_answers_with_the_new(database):
    product = publish(database)
    for verdict in (FIRST, replace(FIRST, value=0.4, level=Level.FAIL)):
        record(database, [verdict], product=product, partition="2025-06-05", run_id="run")
    assert [verdict.value for verdict in latest(database, product.product_id)] == [0.4]
    assert database.rows("select count(*) from platform.verdict") == [(2,)]


def test_data_that_are_no_product_are_judged_by_partition(database):
    record(database, [FIRST], product=None, partition="2025-06-05", run_id="run 7")
    assert database.rows(
        "select product_id, partition, run_id, stage, metric, level, limit_text from platform.verdict"
    ) == [(None, "2025-06-05", "run 7", "clean", "kept", "pass", "warn < 0.9")]


def test_no_verdicts_are_no_rows(database):
    record(database, [], product=None, partition="2025-06-05", run_id="run")
    assert database.rows("select count(*) from platform.verdict") == [(0,)]


def test_a_gate_is_closed_by_the_newest_verdict_of_a_check_that_blocks(database):
    product = publish(database)
    with database.transaction() as cursor:
        cursor.execute(
            "insert into platform.current_product (kind, partition, product_id)"
            " select kind, partition, product_id from platform.product"
        )
    closing = replace(FIRST, level=Level.FAIL)
    harmless = replace(closing, stage="shown", blocking=False)
    for verdicts, closed in (
        ([FIRST], {}),
        ([closing, replace(closing, metric="gap"), harmless], {"clean": 2}),
        ([FIRST], {"clean": 1}),
    ):
        record(database, verdicts, product=product, partition="2025-06-05", run_id="run")
        with database.transaction() as cursor:
            assert closed_gates(cursor) == closed
