"""Kinds of parameters and of values that several resources share.

A parameter is bounded to what a reader below can take: the answer to any other is 422.
"""

import math
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)")


def _iso_text(value: object) -> object:
    # pydantic would also take numbers as seconds since 1970
    if isinstance(value, str) and not _ISO.fullmatch(value):
        raise ValueError("a time is written in ISO 8601 with its zone, such as 2025-06-05T20:37:07Z")
    return value


def _of_this_age(value: datetime) -> datetime:
    # room for any zone and any difference of times
    if not 1900 <= value.year <= 2200:
        raise ValueError("a time lies between the years 1900 and 2200")
    # PostgreSQL takes no zone further than 16 hours from UTC
    return value.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(_iso_text), AfterValidator(_of_this_age)]
"""A time with its zone, ISO 8601, as UTC; naive ones are refused."""

GroupKey = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", max_length=19),
    Field(examples=["2025-06-05T20:37:07"]),
]
"""Key of an observation group: the middle of its first integration, UTC."""

Word = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=200)]
"""A short text such as the name of a kind, a stage or a source."""

LARGEST_ID = 2**63 - 1
"""Of PostgreSQL's bigint."""

Identifier = Annotated[int, Field(ge=1, le=LARGEST_ID)]
"""Number of a row."""


def _measured(value: object) -> object:
    # JSON has no form for NaN and infinity
    return None if isinstance(value, float) and not math.isfinite(value) else value


Measured = Annotated[float | None, BeforeValidator(_measured)]
"""A number of an answer; null when it was not measured."""
