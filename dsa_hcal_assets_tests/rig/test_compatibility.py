"""Older programs find the rig's cleaned readings under the name they know; no other table is touched."""

import pandas as pd
import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.rig.cleaning import PROCESSED_COLUMNS
from dsa_hcal_assets.rig.compatibility import provide_view, write_processed_file
from dsa_hcal_assets_tests.rig.stored_days import store_days


def names(database):
    rows = database.rows(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'"
    )
    return {name for (name,) in rows if not name.startswith(("hcal_", "emcal_"))}


@pytest.fixture
def usual(database):
    return names(database)


def test_the_view_has_the_processed_columns_and_all_days(database):
    kept = store_days(database)
    provide_view(database, "rig_data")
    with database.transaction() as cursor:
        cursor.execute("select * from rig_data order by timestamp")
        assert tuple(column.name for column in cursor.description) == PROCESSED_COLUMNS
        found = pd.DataFrame(cursor.fetchall(), columns=list(PROCESSED_COLUMNS))
    pd.testing.assert_frame_equal(found, kept, check_dtype=False)


def test_it_follows_its_name_and_goes_with_it(database, usual):
    for name in ("rig_data", "rig_data", "Other", None, None):
        provide_view(database, name)
        assert names(database) - usual == ({name} if name else set())


def test_a_name_that_is_taken_is_refused_and_left_alone(database):
    with database.transaction() as cursor:
        cursor.execute("create table public.rig_data (mine int); insert into public.rig_data values (7)")
    with pytest.raises(ConfigurationError, match="cannot be called rig_data"):
        provide_view(database, "rig_data")
    assert database.rows("select mine from public.rig_data") == [(7,)]
    provide_view(database, None)
    assert database.rows("select mine from public.rig_data") == [(7,)]


def test_the_processed_file_is_that_of_the_newest_day(database, tmp_path):
    path = tmp_path / "new" / "processed.csv"
    assert write_processed_file(database, "2025-06-01", b"first", path)
    store_days(database)  # up to 7 June
    assert not write_processed_file(database, "2025-06-06", b"older", path)
    assert path.read_bytes() == b"first"
    assert write_processed_file(database, "2025-06-07", b"newest", path)
    assert path.read_bytes() == b"newest"
