"""`dsa-hcal tokens`: who may use the API."""

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.access.tokens import Token
    from dsa_hcal_assets.database.connection import Database

ROLES = ("viewer", "operator", "admin")


@click.group()
def tokens() -> None:
    """Make, list and take back tokens for the API. Whoever can run this may do everything.

    A caller on this machine reads without one (DSA_HCAL_ACCESS__LOCAL_ROLE). What is done here is in the
    audit.
    """


@tokens.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="viewer",
    show_default=True,
    help="viewer reads; operator also acts; admin also reads the audit.",
)
@click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=365,
    show_default=True,
    help="It is refused after so many days; 0: never.",
)
def create(name: str, role: str, days: int) -> None:
    """Make a token for NAME, who or what will use it, and print it, once. Only its digest is kept.

    \b
    Examples:
      dsa-hcal tokens create control-room --role operator
      dsa-hcal tokens create prometheus --days 0 > prometheus.token
    """  # noqa: D301 - click wants the backspace character
    from dsa_hcal_assets.access import Role
    from dsa_hcal_assets.access import tokens as kept
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        expires_at = utc_now() + timedelta(days=days) if days else None
        secret = kept.create(database, name, Role(role), by=getpass.getuser(), expires_at=expires_at)
        _note(database, "tokens create", {"name": name, "role": role, "id": secret.public_id})
    click.echo(secret.text)
    click.echo(f"{name} ({role}): it is shown this once; send it as 'Authorization: Bearer ...'", err=True)


@tokens.command("list")
def list_command() -> None:
    """List all tokens there were: id, name, role, last use, and whether they are valid."""
    from dsa_hcal_assets.access import tokens as kept
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        found = kept.listed(database)
    for token in found:
        used = f"used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        click.echo(f"{token.token_id}  {token.name:<20} {token.role:<9} {used:<22} {_standing(token)}")
    click.echo(f"{sum(token.live for token in found)} valid of {len(found)}")


@tokens.command()
@click.argument("which", metavar="NAME_OR_ID")
def revoke(which: str) -> None:
    """Take back a token at once, by its name or id; browsers signed in with it are signed out."""
    from dsa_hcal_assets.access import tokens as kept
    from dsa_hcal_assets.database import access

    with access.opened(load_settings()) as database:
        name = kept.revoke(database, which, by=getpass.getuser())
        _note(database, "tokens revoke", {"name": name})
    click.echo(f"the token {name} is refused from now on")


def _standing(token: "Token") -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is None:
        return "valid"
    return f"{'valid until' if token.live else 'expired'} {token.expires_at:%Y-%m-%d}"


def _note(database: "Database", command: str, parameters: dict[str, str]) -> None:
    from dsa_hcal_assets.access import Caller, Role, audit

    who = Caller(getpass.getuser(), Role.ADMIN)
    audit.record(database, audit.Action(who, audit.COMMAND_LINE, "CLI", command, parameters))
