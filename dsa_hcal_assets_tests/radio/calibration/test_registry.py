"""Which calibration set applies when: nearest valid, never one that failed, history kept."""

from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.clock import group_key
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.radio.calibration.choice import (
    Need,
    NoValidCalibration,
    choose,
    due,
    remember,
)
from dsa_hcal_assets.radio.calibration.description import CalibrationTable, SetDescription
from dsa_hcal_assets.radio.calibration.registry import SetNotActive, pin_set, register_set, take_out
from dsa_hcal_assets.radio.calibration.sets import (
    CalibrationSet,
    UnknownCalibrationSet,
    history,
    list_sets,
)

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DECLINATION = 30.4


def described(
    centre: datetime = NOON, hours: float = 24, profile: str = "dsa110", declination: float = DECLINATION
) -> SetDescription:
    bandpass = CalibrationTable(
        kind="bandpass",
        file="bandpass.cal",
        valid_from=centre - hours * HOUR,
        valid_until=centre + hours * HOUR,
        interpolation="nearest",
    )
    return SetDescription(
        profile=profile,
        group=group_key(centre),
        calibrator="3C286",
        bandpass_fields=("3C286",),
        gain_fields=(),
        centre=centre,
        start=centre - HOUR / 24,
        end=centre + HOUR / 24,
        declination_deg=declination,
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


def set_for(database: Database, profile: str, moment: datetime) -> CalibrationSet:
    return choose(database, Need(profile, moment)).chosen


def retire_set(database: Database, set_id: int, reason: str) -> CalibrationSet:
    return take_out(database, set_id, "retired", reason)


def test_a_registered_set_applies_within_its_range(database: Database) -> None:
    mine = register(database)
    found = choose(database, Need("dsa110", NOON + 5 * HOUR))
    assert (found.chosen, found.standing, found.staleness_hours) == (mine, "valid", 5.0)
    assert (mine.valid_from, mine.valid_until) == (NOON - 24 * HOUR, NOON + 24 * HOUR)
    assert str(mine.path).startswith("calibration_tables/")


@pytest.mark.parametrize("hours", [-24.01, 24.01, 1000])
def test_outside_there_is_none_and_the_error_names_what_exists(database: Database, hours: float) -> None:
    mine = register(database)
    with pytest.raises(
        NoValidCalibration, match=rf"set {mine.set_id} of 2025-06-05T12:00:00 \(3C286, .* deg\) holds"
    ):
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
        cursor.execute("truncate radio.calibration_event, radio.calibration_use, radio.calibration_set")
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
    with pytest.raises(NoValidCalibration, match="is retired: failed its checks"):
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

    def test_a_stronger_reason_is_added_and_a_weaker_one_is_not(self, database: Database) -> None:
        mine = register(database)
        for state in ("retired", "blacklisted", "damaged"):
            take_out(database, mine.set_id, state, state)  # type: ignore[arg-type]
        assert [entry[1] for entry in history(database, mine.set_id)] == ["active", "retired", "blacklisted"]
        assert list_sets(database)[0].reason == "blacklisted"

    def test_an_unknown_set_is_an_error(self, database: Database) -> None:
        with pytest.raises(UnknownCalibrationSet, match="no calibration set 42"):
            retire_set(database, 42, "x")


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="naive"):
        set_for(database, "dsa110", datetime(2025, 6, 5))


class TestPin:
    def test_a_pinned_set_wins_while_its_range_holds_and_no_longer(self, database: Database) -> None:
        pinned, nearer = register(database), register(database, NOON + 10 * HOUR)
        pin_set(database, pinned.set_id, "the better night")
        found = choose(database, Need("dsa110", NOON + 10 * HOUR))
        assert (found.chosen.set_id, found.standing) == (pinned.set_id, "pinned")
        assert f"not: set {nearer.set_id}" in found.reason
        assert set_for(database, "dsa110", NOON + 25 * HOUR).set_id == nearer.set_id

    def test_unpinned_it_is_one_among_others(self, database: Database) -> None:
        mine, other = register(database), register(database, NOON + 10 * HOUR)
        pin_set(database, mine.set_id, "x")
        pin_set(database, mine.set_id, "no longer", pinned=False)
        assert set_for(database, "dsa110", NOON + 10 * HOUR).set_id == other.set_id
        told = [entry[1:] for entry in history(database, mine.set_id)]
        assert told == [("active", "solved"), ("pinned", "x"), ("unpinned", "no longer")]

    def test_a_pinned_set_can_be_taken_out_and_then_not_pinned(self, database: Database) -> None:
        mine, other = register(database), register(database, NOON + 10 * HOUR)
        pin_set(database, mine.set_id, "x")
        take_out(database, mine.set_id, "blacklisted", "satellite in the bandpass")
        assert set_for(database, "dsa110", NOON).set_id == other.set_id
        with pytest.raises(SetNotActive, match="satellite in the bandpass"):
            pin_set(database, mine.set_id, "again")


class TestDeclination:
    def test_a_set_of_another_declination_is_not_taken_however_near(self, database: Database) -> None:
        mine = register(database)
        other = register(database, NOON + HOUR, declination=DECLINATION + 5)
        found = choose(database, Need("dsa110", NOON + HOUR, DECLINATION))
        assert found.chosen.set_id == mine.set_id
        assert f"set {other.set_id}" in found.reason
        assert "5.00 deg away in declination" in found.reason

    @pytest.mark.parametrize(
        ("offset", "taken"), [(1.99, True), (-1.99, True), (2.01, False), (-2.01, False)]
    )
    def test_the_limit_is_the_one_asked_for(self, database: Database, offset: float, taken: bool) -> None:
        register(database)
        need = Need("dsa110", NOON, DECLINATION + offset, tolerance_deg=2.0)
        if taken:
            assert choose(database, need).standing == "valid"
        else:
            with pytest.raises(NoValidCalibration, match=r"within 2 deg of this declination.*\+30\.40 deg"):
                choose(database, need)

    def test_sets_of_two_declinations_hold_at_the_same_time(self, database: Database) -> None:
        low, high = register(database), register(database, NOON + HOUR, declination=DECLINATION + 20)
        for one in (low, high):
            found = choose(database, Need("dsa110", NOON + 20 * HOUR, one.declination_deg))
            assert found.chosen == one

    def test_data_without_a_pointing_take_the_nearest(self, database: Database) -> None:
        register(database)
        other = register(database, NOON + 2 * HOUR, declination=DECLINATION + 20)
        assert set_for(database, "dsa110", NOON + 2 * HOUR).set_id == other.set_id


class TestBeyondItsRange:
    def test_the_last_set_is_taken_as_stale_up_to_the_age_allowed(self, database: Database) -> None:
        mine = register(database)
        found = choose(database, Need("dsa110", NOON + 30 * HOUR, max_age_hours=72))
        assert (found.chosen.set_id, found.standing, found.staleness_hours) == (mine.set_id, "stale", 30.0)
        with pytest.raises(NoValidCalibration):
            choose(database, Need("dsa110", NOON + 73 * HOUR, max_age_hours=72))

    def test_one_that_holds_goes_before_one_that_is_nearer(self, database: Database) -> None:
        wide = register(database, NOON, hours=100)
        register(database, NOON + 30 * HOUR, hours=1)
        found = choose(database, Need("dsa110", NOON + 33 * HOUR, max_age_hours=200))
        assert (found.chosen.set_id, found.standing) == (wide.set_id, "valid")

    def test_a_failed_or_blacklisted_set_is_not_taken_as_stale_either(self, database: Database) -> None:
        old = register(database)
        register(database, NOON + 20 * HOUR, qa="fail")
        taken = register(database, NOON + 10 * HOUR)
        take_out(database, taken.set_id, "blacklisted", "wrong model")
        found = choose(database, Need("dsa110", NOON + 40 * HOUR, max_age_hours=72))
        assert found.chosen.set_id == old.set_id
        assert "is retired: failed its checks" in found.reason
        assert "is blacklisted: wrong model" in found.reason


def test_which_set_applies_is_one_indexed_query(database: Database) -> None:
    """Among 20,000 sets the query touches neither the whole table nor sorts it."""
    register(database)
    with database.transaction() as cursor:
        cursor.execute(
            "with made as (insert into platform.product (kind, partition, version, path, bytes, checksum, "
            "created_at, code_version, run_id, parameters, inputs) select 'calibration_tables', 'many', n, "
            "'many/' || n, 1, repeat('0', 64), now(), '1', '', '{}', '[]' from generate_series(1, 20000) n "
            "returning product_id, version) "
            "insert into radio.calibration_set (stream_id, product_id, group_key, calibrator, centre, "
            "nominal, validity, declination_deg, reference_antenna, qa_level, state) "
            "select (select stream_id from radio.calibration_stream), product_id, 'g' || version, '3C286', "
            "at, tstzrange(at - interval '1 day', at + interval '1 day'), "
            "tstzrange(at - interval '6 min', at + interval '6 min'), 30.4, '104', 'pass', 'active' "
            "from made, lateral (select timestamptz '2030-01-01' + version * interval '12 min' as at) t"
        )
        cursor.execute("analyze radio.calibration_set")
        cursor.execute(
            "explain (costs off) select * from radio.calibration_at('dsa110', '2030-03-01', 30.4, 2.0, 72)"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("select standing from radio.calibration_at('dsa110', '2030-03-01', 30.4, 2.0, 72)")
        assert cursor.fetchall() == [("valid",)]
    assert "calibration_set_valid_at" in plan
    assert "calibration_set_active_centre" in plan
    assert "Seq Scan on calibration_set" not in plan


class TestWhatIsDueAgain:
    GROUP = "2025-06-06T18:00:00"

    def calibrated(self, database: Database, need: Need) -> None:
        choice = choose(database, need)
        remember(database, self.GROUP, need, choice, choice.reason)

    def test_a_better_set_that_comes_later_makes_the_group_due_until_it_is_used(
        self, database: Database
    ) -> None:
        old, need = register(database), Need("dsa110", NOON + 30 * HOUR, DECLINATION, max_age_hours=72)
        self.calibrated(database, need)
        assert due(database) == []
        better = register(database, NOON + 28 * HOUR)
        (found,) = due(database)
        assert (found.group, found.used_set, found.better_set) == (self.GROUP, old.set_id, better.set_id)
        assert found.why == "a better set has come"
        assert due(database, profile="vla") == due(database, since=NOON + 31 * HOUR) == []
        self.calibrated(database, need)
        assert due(database) == []

    def test_a_group_that_had_none_is_due_once_there_is_one(self, database: Database) -> None:
        need = Need("dsa110", NOON)
        remember(database, self.GROUP, need, None, "no set at all")
        assert due(database) == []
        register(database)
        assert [one.why for one in due(database)] == ["no set could be used"]

    def test_a_group_whose_set_was_taken_out_is_due_when_there_is_another(self, database: Database) -> None:
        mine, need = register(database), Need("dsa110", NOON)
        self.calibrated(database, need)
        take_out(database, mine.set_id, "blacklisted", "wrong model")
        assert due(database) == [], "nothing to calibrate it with"
        register(database, NOON + HOUR)
        assert [one.why for one in due(database)] == ["the set that was used is blacklisted"]
