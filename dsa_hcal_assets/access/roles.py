"""What a caller may do, in three steps, each with the rights of those before."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Viewers read, operators also act (reprocess, acknowledge, record), admins also see the audit."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role has the rights of `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    name
        Name of the token; ``local`` for a caller on this machine without one.
    role
        What they may do.
    token_id
        Public part of the token; None without one.
    """

    name: str
    role: Role
    token_id: str | None = None
