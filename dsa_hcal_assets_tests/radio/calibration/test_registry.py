"""Which calibration set applies when: nearest valid, never one that failed, history kept."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.registry import (
    CalibrationSet,
    NoValidCalibration,
    UnknownCalibrationSet,
    history,
    list_sets,
    register_set,
    retire_set,
    set_for,
)

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def described(centre: datetime = NOON, hours: float = 24, profile: str = "dsa110") -> SetDescription:
    bandpass = CalibrationTable(
        kind="bandpass",
        file="bandpass.cal",
        valid_from=centre - hours * HOUR,
        valid_until=centre + hours * HOUR,
        interpolation="nearest",
    )
    return SetDescription(
        profile=profile,
        group=centre.strftime("%Y-%m-%dT%H:%M:%S"),
        calibrator="3C286",
        bandpass_fields=("3C286",),
        gain_fields=(),
        centre=centre,
        start=centre - HOUR / 24,
        end=centre + HOUR / 24,
        declination_deg=30.4,
        reference_antenna="104",
        tables=(bandpass,),
        flux_densities=(),
        amplitude_factor=200.0,
    )


def product(database: Database, version: int = 1) -> int:
    """Enter a row of a published version, which the registry refers to."""
    with database.transaction() as cursor:
        cursor.execute("select coalesce(max(version), 0) + %s from platform.product", (version,))
        (number,) = cursor.fetchone()
        cursor.execute(
            "insert into platform.product (kind, partition, version, path, bytes, checksum, created_at, "
            "code_version, run_id, parameters, inputs) "
            "values ('calibration_tables', 'g', %s, %s, 1, %s, now(), '1', '', '{}', '[]') "
            "returning product_id",
            (number, f"calibration_tables/g/v{number:04d}", "0" * 64),
        )
        return int(cursor.fetchone()[0])


def register(
    database: Database, centre: datetime = NOON, qa: str = "pass", **options: float
) -> CalibrationSet:
    return register_set(database, product(database), described(centre, **options), qa)  # type: ignore[arg-type]


def test_a_registered_set_applies_within_its_range(database: Database) -> None:
    mine = register(database)
    assert set_for(database, "dsa110", NOON + 5 * HOUR).set_id == mine.set_id
    assert mine.staleness(NOON + 5 * HOUR) == 5 * HOUR
    assert (mine.valid_from, mine.valid_until) == (NOON - 24 * HOUR, NOON + 24 * HOUR)
    assert str(mine.path).startswith("calibration_tables/")


@pytest.mark.parametrize("hours", [-24.01, 24.01, 1000])
def test_outside_there_is_none_and_the_error_names_what_exists(database: Database, hours: float) -> None:
    mine = register(database)
    with pytest.raises(NoValidCalibration, match=f"set {mine.set_id} of 2025-06-05T12:00:00 holds"):
        set_for(database, "dsa110", NOON + hours * HOUR)


def test_an_empty_registry_says_so(database: Database) -> None:
    with pytest.raises(NoValidCalibration, match="no set at all"):
        set_for(database, "dsa110", NOON)


def test_another_telescopes_set_is_never_taken(database: Database) -> None:
    register(database)
    with pytest.raises(NoValidCalibration):
        set_for(database, "vla", NOON)


def test_between_two_sets_the_nearer_one_applies(database: Database) -> None:
    one, other = register(database), register(database, NOON + 10 * HOUR)
    assert set_for(database, "dsa110", NOON + 4.9 * HOUR).set_id == one.set_id
    assert set_for(database, "dsa110", NOON + 5.1 * HOUR).set_id == other.set_id


def test_order_of_registration_does_not_matter(database: Database) -> None:
    later, middle, first = (register(database, NOON + hours * HOUR) for hours in (20, 10, 0))
    found = [set_for(database, "dsa110", NOON + hours * HOUR).set_id for hours in (1, 9, 16)]
    assert found == [first.set_id, middle.set_id, later.set_id]


@given(
    offsets=st.lists(st.integers(0, 3000), min_size=1, max_size=6, unique=True), at=st.integers(-1500, 4500)
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_set_that_applies_is_the_nearest(database: Database, offsets: list[int], at: int) -> None:
    """For sets of equal width: nearest centre, or none where none reaches."""
    with database.transaction() as cursor:
        cursor.execute("truncate radio.calibration_event, radio.calibration_set")
    minute = timedelta(minutes=1)
    centres = {offset: register(database, NOON + offset * minute, hours=12).set_id for offset in offsets}
    nearest = min(abs(offset - at) for offset in offsets)
    if nearest > 12 * 60:
        with pytest.raises(NoValidCalibration):
            set_for(database, "dsa110", NOON + at * minute)
    elif nearest < 12 * 60:
        found = set_for(database, "dsa110", NOON + at * minute).set_id
        assert found in {set_id for offset, set_id in centres.items() if abs(offset - at) == nearest}


def test_a_set_that_failed_its_checks_is_on_record_and_never_chosen(database: Database) -> None:
    good = register(database)
    bad = register(database, NOON + HOUR, qa="fail")
    assert bad.state == "retired"
    assert set_for(database, "dsa110", NOON + HOUR).set_id == good.set_id
    assert [entry[1:] for entry in history(database, bad.set_id)] == [("retired", "failed its checks")]


def test_only_failed_sets_means_none_and_the_error_tells_why(database: Database) -> None:
    register(database, qa="fail")
    with pytest.raises(NoValidCalibration, match=r"is retired \(checks: fail\)"):
        set_for(database, "dsa110", NOON)


def test_the_database_itself_refuses_an_active_failed_set(database: Database) -> None:
    mine = register(database, qa="fail")
    with pytest.raises(psycopg2.IntegrityError), database.transaction() as cursor:
        cursor.execute(
            "update radio.calibration_set set state = 'active', validity = nominal where set_id = %s",
            (mine.set_id,),
        )


def test_the_database_itself_refuses_overlap(database: Database) -> None:
    register(database)
    other = register(database, NOON + 10 * HOUR)
    with pytest.raises(psycopg2.IntegrityError), database.transaction() as cursor:
        cursor.execute(
            "update radio.calibration_set set validity = nominal where set_id = %s", (other.set_id,)
        )


def test_solving_a_group_again_supersedes_its_set(database: Database) -> None:
    old, new = register(database), register(database)
    assert set_for(database, "dsa110", NOON).set_id == new.set_id
    states = {one.set_id: one.state for one in list_sets(database)}
    assert states == {old.set_id: "superseded", new.set_id: "active"}


def test_a_failed_second_solve_leaves_the_first_in_use(database: Database) -> None:
    old = register(database)
    register(database, qa="fail")
    assert set_for(database, "dsa110", NOON).set_id == old.set_id


def test_registering_a_product_twice_changes_nothing(database: Database) -> None:
    number = product(database)
    first = register_set(database, number, described(), "pass")
    assert register_set(database, number, described(), "pass") == first
    assert len(history(database, first.set_id)) == 1


class TestRetire:
    def test_the_neighbours_take_over(self, database: Database) -> None:
        one, other = register(database), register(database, NOON + 10 * HOUR)
        gone = retire_set(database, other.set_id, "bad reference antenna")
        assert gone.state == "retired"
        assert gone.valid_from is None
        assert set_for(database, "dsa110", NOON + 10 * HOUR).set_id == one.set_id
        assert history(database, other.set_id)[-1][1:] == ("retired", "bad reference antenna")

    def test_twice_is_once(self, database: Database) -> None:
        mine = register(database)
        retire_set(database, mine.set_id, "first")
        retire_set(database, mine.set_id, "second")
        assert [entry[2] for entry in history(database, mine.set_id)] == ["solved", "first"]

    def test_an_unknown_set_is_an_error(self, database: Database) -> None:
        with pytest.raises(UnknownCalibrationSet, match="no calibration set 42"):
            retire_set(database, 42, "x")


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        set_for(database, "dsa110", datetime(2025, 6, 5))
