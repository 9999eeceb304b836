from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.orchestration.asked import ASK_AGAIN_SECONDS, AskedBook, Work

WORK = Work("2026-01-02", "17")


def asked_once(at=0.0):
    book = AskedBook(None)
    book.remember(WORK, 1, at)
    return book


def test_what_is_new_is_due():
    assert AskedBook(None).attempt(WORK, 0.0) == 1


def test_what_was_asked_for_is_not_due_again_at_once():
    assert asked_once().attempt(WORK, 1.0) is None


def test_a_new_version_is_due():
    assert asked_once().attempt(Work("2026-01-02", "18"), 1.0) == 1


def test_what_stays_undone_is_due_again_after_a_while_as_another_attempt():
    assert asked_once().attempt(WORK, ASK_AGAIN_SECONDS) == 2


def test_what_is_no_longer_pending_is_forgotten():
    assert AskedBook(asked_once().cursor([])).attempt(WORK, 1.0) == 1


@given(
    st.lists(st.tuples(st.text(min_size=1), st.text(), st.integers(1, 99), st.floats(0, 1e10)), max_size=5)
)
def test_the_cursor_brings_everything_pending_back(entries):
    book = AskedBook(None)
    works = [Work(partition, version) for partition, version, _, _ in entries]
    for work, (_, _, attempt, at) in zip(works, entries, strict=True):
        book.remember(work, attempt, at)
    again = AskedBook(book.cursor(works))
    for work in works:
        assert again.attempt(work, 0.0) == book.attempt(work, 0.0)
        assert again.attempt(work, 1e12) == book.attempt(work, 1e12)
