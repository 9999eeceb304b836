"""Pages of a list hold every item once, whatever arrives meanwhile, and no cursor does harm."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime

from dsa_hcal_assets.web.paging import Keyset, Name, Number, offsets

START = datetime(2025, 6, 5, 20, 37, 7, 250_000, tzinfo=UTC)
ORDER = Keyset(AwareDatetime, Number, Name)


def walk(ask):
    """Return the items of all pages, asked one after the other."""
    items, cursor = [], None
    while True:
        page = ask(cursor)
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))), st.integers(1, 10))
def test_pages_hold_every_item_once_in_order(places, limit):
    kept = sorted((START + timedelta(seconds=second), number, "ä'") for second, number in places)

    def ask(cursor):
        after = ORDER.after(cursor)
        behind = [one for one in kept if after is None or one > after]
        return ORDER.page(behind[: limit + 1], limit, key=lambda one: one)

    assert walk(ask) == kept


def test_what_arrives_at_the_head_shifts_no_page():
    newest_first = list(range(10, 0, -1))
    order = Keyset(Number)

    def ask(cursor):
        after = order.after(cursor)
        behind = [one for one in newest_first if after is None or one < after[0]]
        newest_first.insert(0, newest_first[0] + 1)
        return order.page(behind[:5], 4, key=lambda one: (one,))

    assert walk(ask) == list(range(10, 0, -1))


@pytest.mark.parametrize("length", [0, 1, 3, 4, 9])
def test_a_list_at_hand_is_paged_by_number(length):
    kept = list(range(length))
    assert walk(lambda cursor: offsets(kept, 3, cursor)) == kept
    assert offsets(kept, 3, None).total == length


@pytest.mark.parametrize(
    "text",
    [
        '["2025-06-05T20:37:07",1,"a"]',
        '["2025-06-05T20:37:07Z",-1,"a"]',
        f'["2025-06-05T20:37:07Z",{2**63},"a"]',
        '["2025-06-05T20:37:07Z",1,"\\u0000"]',
        '["2025-06-05T20:37:07Z",1]',
        "{}",
        "",
        "\x00",
    ],
)
def test_an_altered_cursor_is_refused(text):
    cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    with pytest.raises(HTTPException) as refused:
        ORDER.after(cursor)
    assert refused.value.status_code == 422
    assert "cursor" in refused.value.detail


@given(st.text("ABCxyz059_-", min_size=1))
def test_any_text_of_the_alphabet_is_a_cursor_or_refused(cursor):
    with pytest.raises(HTTPException):
        ORDER.after(cursor)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("2025-06-05T20:37:07+23:59", "2025-06-04T20:38:07+00:00"), ("9999-12-31T23:59:59-23:59", None)],
)
def test_a_time_of_an_altered_cursor_is_one_that_postgresql_takes(moment, expected):
    cursor = base64.urlsafe_b64encode(f'["{moment}", 1, "a"]'.encode()).decode().rstrip("=")
    if expected is None:
        with pytest.raises(HTTPException):
            ORDER.after(cursor)
    else:
        assert ORDER.after(cursor)[0].isoformat() == expected
