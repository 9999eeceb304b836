"""Keys of a dynamic set leave Dagster's own table in one transaction, and only those asked for."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from dsa_hcal_assets.orchestration import dynamic_keys

NAME = "radio_group"


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request):
    """A real instance on each kind of storage the platform may have."""
    return request.getfixturevalue("instance" if request.param == "sqlite" else "postgres_instance")


def test_keys_are_told_in_the_order_of_their_coming_with_the_time_of_it(storage):
    storage.add_dynamic_partitions(NAME, ["b", "c"])
    storage.add_dynamic_partitions(NAME, ["a"])
    storage.add_dynamic_partitions("another", ["z"])
    ages = dynamic_keys.ages(storage, NAME)
    assert list(ages) == ["b", "c", "a"]
    # the server's zone is not known to us; a day is more than any zone's hours
    assert all(abs(datetime.now(UTC) - added) < timedelta(days=1) for added in ages.values())


def test_what_is_removed_is_gone_for_dagster_and_the_rest_stays(storage):
    storage.add_dynamic_partitions(NAME, ["a", "b", "c"])
    storage.add_dynamic_partitions("another", ["a"])
    dynamic_keys.remove(storage, NAME, ["a", "c", "never there"])
    assert list(storage.get_dynamic_partitions(NAME)) == ["b"]
    assert list(storage.get_dynamic_partitions("another")) == ["a"]


def test_nothing_to_remove_is_no_trouble(storage):
    dynamic_keys.remove(storage, NAME, [])
    assert dynamic_keys.ages(storage, NAME) == {}


def test_all_leave_or_none(storage, monkeypatch):
    """The second statement fails: what the first had removed is back."""
    storage.add_dynamic_partitions(NAME, ["a", "b", "c"])
    monkeypatch.setattr(dynamic_keys, "KEYS_A_STATEMENT", 2)
    statements = []

    def refuse_the_second(_connection, _cursor, statement, *_):
        if statement.startswith("DELETE"):
            statements.append(statement)
            if len(statements) == 2:
                raise RuntimeError("cut here")

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", refuse_the_second)
    try:
        with pytest.raises(RuntimeError, match="cut here"):
            dynamic_keys.remove(storage, NAME, ["a", "b", "c"])
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", refuse_the_second)
    assert sorted(storage.get_dynamic_partitions(NAME)) == ["a", "b", "c"]


def test_ten_thousand_keys_leave_in_two_statements(postgres_instance):
    keys = [f"2025-{n:05d}" for n in range(10_000)]
    for first in range(0, len(keys), 1000):
        postgres_instance.add_dynamic_partitions(NAME, keys[first : first + 1000])
    statements = []

    def count(_connection, _cursor, statement, *_):
        statements.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", count)
    try:
        dynamic_keys.remove(postgres_instance, NAME, keys[:-1])
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", count)
    assert len([one for one in statements if one.startswith("DELETE")]) == 2
    assert list(postgres_instance.get_dynamic_partitions(NAME)) == keys[-1:]


def test_a_storage_that_is_no_sql_database_is_asked_through_its_interface():
    class Elsewhere:
        """Keeps its keys somewhere; all it has is the interface of DagsterInstance."""

        event_log_storage = object()

        def __init__(self):
            self.keys = ["b", "a"]

        def get_dynamic_partitions(self, name):
            return self.keys

        def delete_dynamic_partition(self, name, key):
            self.keys.remove(key)

    elsewhere = Elsewhere()
    assert dynamic_keys.ages(elsewhere, NAME) == {"a": None, "b": None}
    dynamic_keys.remove(elsewhere, NAME, ["b"])
    assert elsewhere.keys == ["a"]
    # the calls it stands for exist
    assert callable(dg.DagsterInstance.delete_dynamic_partition)
