"""What waits for a full disk: in order, bounded, thinned instead of cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.unsaved import Unsaved


class NoRoom(Exception):
    pass


def refuse(item):
    raise NoRoom(item)


def test_everything_is_written_oldest_first():
    unsaved, written = Unsaved(10), []
    for item in range(5):
        unsaved.add(item)
    assert unsaved.flush(written.append) == 5
    assert written == [0, 1, 2, 3, 4]
    assert len(unsaved) == 0


def test_an_error_keeps_what_was_not_written():
    unsaved, written = Unsaved(10), []
    for item in range(3):
        unsaved.add(item)
    with pytest.raises(NoRoom):
        unsaved.flush(lambda item: refuse(item) if item == 1 else written.append(item))
    unsaved.flush(written.append)
    assert written == [0, 1, 2]


@given(st.integers(2, 40), st.integers(0, 400))
def test_memory_is_bounded_and_the_whole_outage_stays_covered(limit, count):
    unsaved, written = Unsaved(limit), []
    for item in range(count):
        unsaved.add(item)
        assert len(unsaved) <= limit
    unsaved.flush(written.append)
    assert written == sorted(set(written))
    assert len(written) + unsaved.given_up == count
    if count:
        assert written[0] == 0
        assert written[-1] == count - 1


def test_a_limit_that_cannot_be_thinned_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Unsaved(1)
