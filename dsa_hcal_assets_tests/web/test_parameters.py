"""Times that are asked for: with their zone, and such that the database takes them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from dsa_hcal_assets.web.parameters import Instant

INSTANT = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "text", ["2025-06-05T20:37:07Z", "2025-06-05 22:37:07+02:00", "2025-06-06T20:36:07+23:59"]
)
def test_a_time_of_any_zone_is_taken_as_utc(text):
    assert INSTANT.validate_python(text).isoformat() == "2025-06-05T20:37:07+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-05T20:37:07",
        "2025-06-05",
        "1749155827",
        "1899-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "",
    ],
)
def test_others_are_refused(text):
    with pytest.raises(ValidationError):
        INSTANT.validate_python(text)
