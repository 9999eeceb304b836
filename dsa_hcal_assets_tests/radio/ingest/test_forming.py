"""Names without a header: labelled by clusters of their stamps, whatever the order they are seen in."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.radio.ingest.forming import Forming, FormingGroups, cluster, forming
from dsa_hcal_assets.radio.profiles.loading import load_profiles

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)
TOLERANCE = timedelta(seconds=120)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


@given(st.data())
def test_groups_a_cadence_apart_are_told_apart_in_any_order(data):
    """Stamps of one group jitter by up to 100 s; the next group comes 309 s later."""
    jitters = data.draw(
        st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=16), min_size=1, max_size=4)
    )
    stamps = [
        at(309 * group + jitter) for group, group_jitters in enumerate(jitters) for jitter in group_jitters
    ]
    found = cluster(data.draw(st.permutations(stamps)), TOLERANCE)
    expected = [Forming(at(309 * group + min(one)), len(one)) for group, one in enumerate(jitters)]
    assert found == expected


def test_a_cluster_is_no_longer_than_the_tolerance_however_many_names_chain_it():
    assert [one.names for one in cluster([at(60 * number) for number in range(6)], TOLERANCE)] == [3, 3]


def test_what_is_told_is_what_was_noted_last_and_unreadable_stamps_are_left_out(database):
    watch = FormingGroups(database, load_profiles(), 120)
    names = [
        "2025-06-05T12:00:00_sb00.hdf5",
        "2025-06-05T12:01:30_sb01.hdf5",
        "2025-13-05T12:00:00_sb02.hdf5",
    ]
    assert watch.note(names, NOON) == forming(database) == [Forming(NOON, 2)]
    assert str(forming(database)[0]) == "about 2025-06-05T12:00:00, 2 names seen, no header yet"
    FormingGroups(database, load_profiles(), 120).note([], NOON)
    assert forming(database) == []
