"""Long lists in pages: a bounded number of items and the cursor that asks for those after them.

A list that grows is paged by the key of its last item, so that what arrives meanwhile neither repeats nor
hides an item; one that does not, by the number of items before. Clients cannot tell: a cursor is opaque.

Examples
--------
>>> order = Keyset(AwareDatetime, int)
>>> asked = order.after(cursor)  # None for the first page
>>> page = order.page(read(after=asked, limit=limit + 1), limit, key=lambda one: (one.at, one.number))
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import HTTPException, Query
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from dsa_hcal_assets.web.parameters import LARGEST_ID

Item = TypeVar("Item")

MOST_ITEMS = 1000
USUAL_ITEMS = 100
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Most items of the answer")]
CursorText = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=500,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next` of the page before; left out for the first page",
    ),
]

# what a cursor may hold: an altered one must not reach the database as a value it cannot take
Number = Annotated[int, Field(strict=True, ge=0, le=LARGEST_ID)]
Name = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]


class Page(BaseModel, Generic[Item]):
    """Some of the items that were asked for, and the way to the others."""

    items: list[Item]
    next: str | None = Field(None, description="`cursor` of the next page; null: this is the last one")
    total: int | None = Field(
        None, description="Items in all pages; null where counting would cost more than the page"
    )


class Keyset:
    """The order of a list: the kinds of values that tell an item's place in it.

    Parameters
    ----------
    *kinds
        Types pydantic can read from JSON, such as `AwareDatetime`, `Number` and `Name`.
    """

    def __init__(self, *kinds: Any) -> None:
        self._key: TypeAdapter[tuple[Any, ...]] = TypeAdapter(tuple.__class_getitem__(kinds))  # type: ignore[arg-type]

    def after(self, cursor: str | None) -> tuple[Any, ...] | None:
        """Return the key behind which a page begins; None for the first page.

        Raises
        ------
        HTTPException
            422 if the cursor is none of this list.
        """
        if cursor is None:
            return None
        try:
            text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            return tuple(_utc(value) for value in self._key.validate_json(text))
        except (binascii.Error, ValidationError, OverflowError) as error:
            raise HTTPException(422, "cursor: not the `next` of a page of this list") from error

    def page(
        self,
        found: Sequence[Item],
        limit: int,
        key: Callable[[Item], tuple[Any, ...]],
        total: int | None = None,
    ) -> Page[Item]:
        """Return the first `limit` of the items `found`; one more than that tells that there is a next page.

        Parameters
        ----------
        found
            Items in the list's order, at most ``limit + 1``.
        limit
            Items of a page.
        key
            Gives an item's place in the order.
        total
            Items in all pages, where known.
        """
        items = list(found[:limit])
        more = self._cursor(key(items[-1])) if items and len(found) > limit else None
        return Page(items=items, next=more, total=total)

    def _cursor(self, key: tuple[Any, ...]) -> str:
        return base64.urlsafe_b64encode(self._key.dump_json(key)).decode().rstrip("=")


def _utc(value: Any) -> Any:
    # PostgreSQL takes no zone further than 16 hours from UTC
    return value.astimezone(UTC) if isinstance(value, datetime) else value


_OFFSET = Keyset(Number)


def offsets(found: Sequence[Item], limit: int, cursor: str | None) -> Page[Item]:
    """Return one page of a list that is short enough to be at hand as a whole.

    Raises
    ------
    HTTPException
        422 if the cursor is none of such a list.
    """
    (first,) = _OFFSET.after(cursor) or (0,)
    return _OFFSET.page(
        found[first : first + limit + 1], limit, key=lambda _: (first + limit,), total=len(found)
    )
