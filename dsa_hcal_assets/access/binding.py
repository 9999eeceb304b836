"""Where the API may listen: on this machine, or, once somebody can sign in as admin, anywhere."""

import ipaddress

from dsa_hcal_assets.access import tokens
from dsa_hcal_assets.access.roles import Role
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine and no other can reach it."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def require_guarded(host: str, database: Database) -> None:
    """Return if the API may listen at `host`.

    Raises
    ------
    ConfigurationError
        If others can reach that address, and no admin token is there.
    DatabaseUnavailable
        If it cannot be asked for tokens, which is necessary for addresses others can reach.
    """
    if is_loopback(host) or Role.ADMIN in tokens.roles_in_use(database):
        return
    raise ConfigurationError(
        f"DSA_HCAL_API_HOST={host} can be reached from other machines, and there is no admin token",
        expected="an address of this machine only (127.0.0.1), or an admin token that is valid",
        kept="the API was not started",
        remedy="start with the default, make one (`dsa-hcal tokens create <name> --role admin`), then set it",
    )
