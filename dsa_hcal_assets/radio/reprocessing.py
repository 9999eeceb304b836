"""Whether a group can be processed again, and from what: its subbands, or a set from an archive."""

from typing import Literal

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError, ProductMissing

Origin = Literal["subbands", "archive"]

_GROUP = "select collected, found, expected from radio.group_state where group_key = %s"
_ARCHIVED = """
select exists (
    select from platform.arrival
     where source = 'ms' and partition = %s and state <> 'quarantined' and settled)
"""


class GroupNotWhole(PermanentError):
    """A group lacks subbands and was not let go on without them."""


def origin_of(database: Database, key: str) -> Origin:
    """Return what group `key` would be processed from.

    Raises
    ------
    ProductMissing
        If nothing of the group ever arrived.
    GroupNotWhole
        If subbands are missing that it waits for, or was given up without.
    """
    groups = database.rows(_GROUP, (key,))
    if groups:
        ((collected, found, expected),) = groups
        if collected in ("collecting", "failed"):
            waiting = "is still collecting" if collected == "collecting" else "was given up incomplete"
            raise GroupNotWhole(
                f"group {key} {waiting}",
                expected=f"{expected} subbands",
                found=str(found),
                remedy=f"once they are there it goes on by itself; `dsa-hcal groups retry {key}` lets a "
                "group that was given up collect again",
            )
        return "subbands"
    ((archived,),) = database.rows(_ARCHIVED, (key,))
    if not archived:
        raise ProductMissing(f"nothing of group {key} ever arrived", remedy="`dsa-hcal groups list`")
    return "archive"
