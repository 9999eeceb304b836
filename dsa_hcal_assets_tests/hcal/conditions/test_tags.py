"""Global tags: what each state allows, held by the database whoever asks."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import psycopg2.errors
import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.conditions import tags
from dsa_hcal_assets.hcal.conditions.tags import BadTag
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_run

MONDAY = datetime(2025, 6, 2, tzinfo=UTC)
PRODUCT = """
insert into platform.product
    (kind, partition, version, path, bytes, checksum, created_at, code_version, run_id, parameters, inputs)
values ('conditions_payload', %s, %s, %s, 1, %s, now(), '1', '', '{}', '[]')
on conflict (kind, partition, version) do update set bytes = 1 returning product_id
"""
PAYLOAD = """
insert into hcal.payload
    (detector, valid_from, valid_until, product_id,
     root_file, root_sha256, parquet_file, parquet_sha256, towers)
values (%s, %s, %s, %s, 'a.root', %s, 'a.parquet', %s, 1536) returning payload_id
"""
ALWAYS = (MONDAY - timedelta(days=9), MONDAY + timedelta(days=9))


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def add_payload(database: Database, version: int, start: float, end: float, detector: int = 0) -> int:
    """Register a payload valid between hours after Monday, of a version of its day's product."""
    day = at(start).date().isoformat()
    with database.transaction() as cursor:
        cursor.execute(PRODUCT, (day, version, f"conditions_payload/{day}/v{version}", "0" * 64))
        [product] = cursor.fetchone() or []
        cursor.execute(PAYLOAD, (detector, at(start), at(end), product, "0" * 64, "1" * 64))
        [number] = cursor.fetchone() or []
    return int(number)


@pytest.fixture
def known(database: Database) -> Database:
    """Two days of one payload each."""
    add_payload(database, 1, 0, 24)
    add_payload(database, 1, 24, 48)
    return database


def chosen(database: Database, name: str) -> list[int]:
    return [one.payload_id for one in tags.payloads_of(database, name)]


def at_time(database: Database, name: str, hours: float, detector: int = 0) -> list[int]:
    rows = database.rows("select payload_id from hcal.payload_at(%s, %s, %s)", (name, detector, at(hours)))
    return [number for (number,) in rows]


def test_a_moment_has_the_payload_whose_interval_holds_it(known: Database) -> None:
    tags.create(known, "v1")
    assert tags.add(known, "v1", *ALWAYS) == 2
    first, second = chosen(known, "v1")
    answers = [at_time(known, "v1", hours) for hours in (-0.01, 0, 23.99, 24, 47.99, 48)]
    assert answers == [[], [first], [first], [second], [second], []]
    assert at_time(known, "v1", 1, detector=1) == []


def test_a_run_has_the_payload_of_its_begin(known: Database) -> None:
    tags.create(known, "v1")
    tags.add(known, "v1", *ALWAYS)
    add_run(known, 52000, at(30))
    of_run = "select payload_id, valid_from from hcal.payload_of_run('v1', 0, 52000)"
    assert known.rows(of_run) == [(chosen(known, "v1")[1], at(24).replace(tzinfo=None))]


def test_the_answer_is_one_seek_however_many_payloads_there_are(known: Database) -> None:
    tags.create(known, "v1")
    tags.add(known, "v1", *ALWAYS)
    with known.transaction() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("explain select * from hcal.payload_at('v1', 0, %s)", (at(1),))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Only Scan Backward using global_tag_payload_pkey" in plan
    assert "valid_from <= " in plan


def test_an_open_tag_takes_the_newest_version_of_a_day_and_gives_up_the_older(known: Database) -> None:
    tags.create(known, "draft")
    tags.add(known, "draft", *ALWAYS)
    [_, tuesday] = chosen(known, "draft")
    morning, afternoon = add_payload(known, 2, 0, 12), add_payload(known, 2, 12, 24)
    assert tags.add(known, "draft", *ALWAYS) == 2
    assert chosen(known, "draft") == [morning, afternoon, tuesday]


def test_only_days_that_were_asked_for_are_added(known: Database) -> None:
    tags.create(known, "v1")
    assert tags.add(known, "v1", *bounds("2025-06-03")) == 1
    assert at_time(known, "v1", 1) == []


def test_a_running_tag_keeps_what_it_has_answered_and_takes_what_it_has_no_answer_for(
    known: Database,
) -> None:
    tags.ensure_running(known, "online")
    tags.ensure_running(known, "online")
    tags.add(known, "online", *bounds("2025-06-02"))
    [monday] = chosen(known, "online")
    add_payload(known, 2, 0, 24)
    later = add_payload(known, 2, 24, 48)
    assert tags.add(known, "online", *ALWAYS) == 1
    assert chosen(known, "online") == [monday, later]


def test_a_tag_begins_with_the_payloads_of_another(known: Database) -> None:
    tags.create(known, "v1")
    tags.add(known, "v1", *ALWAYS)
    tags.publish(known, "v1")
    tags.create(known, "v2", like="v1")
    assert chosen(known, "v2") == chosen(known, "v1")
    with pytest.raises(BadTag, match="there is no global tag nonsense"):
        tags.create(known, "v3", like="nonsense")
    assert [one.name for one in tags.tags(known)] == ["v1", "v2"]


def test_a_published_tag_never_changes(known: Database) -> None:
    tags.create(known, "v1", "final")
    tags.add(known, "v1", *bounds("2025-06-02"))
    tags.publish(known, "v1")
    before = known.rows("select * from hcal.global_tag"), known.rows("select * from hcal.global_tag_payload")
    for change in (lambda: tags.add(known, "v1", *ALWAYS), lambda: tags.publish(known, "v1")):
        with pytest.raises(BadTag, match="v1 is published"):
            change()
    for statement in (
        "update hcal.global_tag set state = 'open', published_at = null",
        "update hcal.global_tag set name = 'v2'",
        "update hcal.global_tag set description = ''",
        "delete from hcal.global_tag",
        "delete from hcal.global_tag_payload",
        "update hcal.global_tag_payload set detector = 1",
        "truncate hcal.global_tag_payload",
        "truncate hcal.global_tag cascade",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation), known.transaction() as cursor:
            cursor.execute(statement)
    assert before == (
        known.rows("select * from hcal.global_tag"),
        known.rows("select * from hcal.global_tag_payload"),
    )


def test_a_running_tag_loses_nothing_and_is_never_open_again(known: Database) -> None:
    tags.ensure_running(known, "online")
    tags.add(known, "online", *ALWAYS)
    for statement in (
        "delete from hcal.global_tag_payload",
        "update hcal.global_tag set state = 'open'",
        "delete from hcal.global_tag",
    ):
        with pytest.raises(psycopg2.errors.RestrictViolation), known.transaction() as cursor:
            cursor.execute(statement)
    tags.publish(known, "online")
    assert [one.state for one in tags.tags(known)] == ["published"]


def test_two_payloads_of_a_detector_are_never_valid_at_one_time(known: Database) -> None:
    overlapping = add_payload(known, 2, 20, 30)
    other = add_payload(known, 2, 20, 30, detector=1)
    tags.create(known, "v1")
    tags.add(known, "v1", *bounds("2025-06-03"))
    insert = (
        "insert into hcal.global_tag_payload (tag_id, detector, valid_from, valid_until, payload_id) "
        "select t.tag_id, p.detector, p.valid_from, p.valid_until, p.payload_id "
        "from hcal.global_tag t cross join hcal.payload p where p.payload_id = %s"
    )
    with pytest.raises(psycopg2.errors.ExclusionViolation), known.transaction() as cursor:
        cursor.execute(insert, (overlapping,))
    with known.transaction() as cursor:
        cursor.execute(insert, (other,))
    assert at_time(known, "v1", 25, detector=1) == [other]


def test_a_payload_is_not_valid_in_a_tag_for_longer_than_it_says(database: Database) -> None:
    add_payload(database, 1, 0, 24)
    tags.create(database, "v1")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation), database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.global_tag_payload (tag_id, detector, valid_from, valid_until, payload_id) "
            "select t.tag_id, p.detector, p.valid_from, p.valid_until + interval '1 day', p.payload_id "
            "from hcal.global_tag t cross join hcal.payload p"
        )


def test_nothing_slips_into_a_tag_while_it_is_being_published(known: Database) -> None:
    tags.create(known, "v1")
    refused: list[Exception] = []

    def add() -> None:
        try:
            tags.add(known, "v1", *ALWAYS)
        except BadTag as error:
            refused.append(error)

    with known.transaction() as cursor:
        cursor.execute("update hcal.global_tag set state = 'published', published_at = now()")
        other = Thread(target=add)
        other.start()
        other.join(0.3)
        assert other.is_alive(), "the addition did not wait for the publication"
    other.join()
    assert len(refused) == 1
    assert chosen(known, "v1") == []


def test_names_are_plain_and_used_once(known: Database) -> None:
    tags.create(known, "v1")
    with pytest.raises(BadTag, match="global tag v1 exists"):
        tags.create(known, "v1")
    for name in ("", "two words", "../v1", "v" * 65, "v1'; drop table hcal.payload; --"):
        with pytest.raises(BadTag, match="cannot be made or changed"):
            tags.create(known, name)
    with pytest.raises(BadTag, match="there is no global tag v9"):
        tags.publish(known, "v9")
