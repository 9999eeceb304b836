"""`dsa-hcal partitions`: which group keys the Dagster UI holds, and the way out and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from dsa_hcal_assets.database.connection import Database

_KEYS = click.argument("keys", metavar="KEY...", nargs=-1, required=True)


@click.group()
def partitions() -> None:
    """List, retire and restore the keys of radio groups in the Dagster UI.

    Keys leave by themselves, daily, after DSA_HCAL_RADIO__LIVE_DAYS or when there are more than
    DSA_HCAL_RADIO__MOST_LIVE_KEYS. Products, verdicts and events always stay.
    """


@partitions.command("list")
@click.option("--retired", "gone", is_flag=True, help="Show keys that left instead of those there are.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most keys to show; newest."
)
def list_command(gone: bool, limit: int) -> None:
    """List the keys of the live window, newest first, or those that left it."""
    from dsa_hcal_assets.orchestration import dynamic_keys
    from dsa_hcal_assets.orchestration.partitions import GROUP_SET
    from dsa_hcal_assets.orchestration.radio import live_window

    with _opened() as (instance, database):
        live = dynamic_keys.ages(instance, GROUP_SET)
        left = [one for one in live_window.retired(database) if one.key not in live]
    if gone:
        for one in left[:limit]:
            click.echo(f"{one.key}  retired {one.retired_at:%Y-%m-%d %H:%M}  {one.reason}")
    else:
        for key, added in list(reversed(live.items()))[:limit]:
            click.echo(f"{key}  added {added:%Y-%m-%d %H:%M}" if added else key)
    click.echo(f"{len(live)} live, {len(left)} retired")


@partitions.command()
@_KEYS
def retire(keys: tuple[str, ...]) -> None:
    """Take keys out of the Dagster UI; one with something pending or running stays.

    Exit code 1: at least one key stayed, or there was none of that name.
    """
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio import live_window

    with _opened() as (instance, database):
        left = live_window.retire(instance, database, dict.fromkeys(keys, "asked for"), utc_now())
    for key in keys:
        click.echo(f"{key} {'is retired' if key in left else 'stays: at work, or not in the live window'}")
    if len(left) < len(set(keys)):
        click.get_current_context().exit(1)


@partitions.command()
@_KEYS
def restore(keys: tuple[str, ...]) -> None:
    """Put retired keys back, with all their history: needed before they can be processed again."""
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.orchestration.radio import live_window

    with _opened() as (instance, database):
        back = live_window.restore(instance, database, keys, utc_now())
    for key in keys:
        click.echo(f"{key} {'is live again' if key in back else 'was live already'}")


@contextmanager
def _opened() -> "Iterator[tuple[DagsterInstance, Database]]":
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.orchestration.storage import opened_instance

    settings = load_settings()
    with access.opened(settings) as database, opened_instance(database.url) as instance:
        yield instance, database
