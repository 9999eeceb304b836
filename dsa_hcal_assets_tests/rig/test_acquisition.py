"""Whatever the source gives is on the disk, in files of one day, once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import InputConflict
from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.rig.readings import Reading, read_file
from dsa_hcal_assets.simulation.rig import simulate

START = datetime(2025, 6, 5, tzinfo=UTC)
STARTS = st.integers(0, 7 * 365 * 86400).map(lambda seconds: START + timedelta(seconds=seconds))


def read_all(paths) -> list[Reading]:
    return [
        Reading(row[0].to_pydatetime().astimezone(UTC), *row[1:])
        for path in paths
        for row in read_file(path).frame.itertuples(index=False)
    ]


@settings(deadline=None, max_examples=20)
@given(
    start=STARTS,
    rows=st.integers(0, 300),
    batch=st.integers(20, 120),
    hours=st.integers(1, 48),
)
def test_every_reading_is_in_one_file_and_every_file_in_one_day(tmp_path_factory, start, rows, batch, hours):
    readings = list(simulate(start, rows=rows))
    paths = acquire(
        readings, tmp_path_factory.mktemp("rig"), batch_rows=batch, batch_span=timedelta(hours=hours)
    )
    assert read_all(paths) == readings
    for path in paths:
        raw = read_file(path)
        assert len(raw.days) == 1
        assert len(raw.frame) <= batch
    assert len(set(paths)) == len(paths)


def test_what_came_before_the_source_failed_is_kept(tmp_path):
    def failing():
        yield from simulate(START, rows=3)
        raise ConnectionError("cable pulled")

    with pytest.raises(ConnectionError, match="cable pulled"):
        acquire(failing(), tmp_path)
    assert read_all(sorted(tmp_path.iterdir())) == list(simulate(START, rows=3))


def test_delivering_again_changes_nothing(tmp_path):
    first = acquire(simulate(START), tmp_path / "rig")
    again = acquire(simulate(START), tmp_path / "rig")
    assert again == first
    assert sorted((tmp_path / "rig").iterdir()) == first


def test_other_readings_for_the_same_time_do_not_overwrite(tmp_path):
    (path,) = acquire(simulate(START, seed=1), tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputConflict):
        acquire(simulate(START, seed=2), tmp_path)
    assert path.read_bytes() == before


def test_names_tell_first_and_last_reading(tmp_path):
    (path,) = acquire(simulate(START), tmp_path)
    assert path.name == "rig-20250605T000000-20250605T095400.csv"
