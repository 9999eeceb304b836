"""`dsa-hcal hcal anomalies` and `gaps`: what was wrong on a day, and what is missing from its record."""

from datetime import datetime

import click

from dsa_hcal_assets.settings import load_settings

_DAY = click.argument("day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]))
_CSV = click.option("--csv", "as_csv", is_flag=True, help="Every column, as CSV.")


@click.command()
@_DAY
@click.option("--look/--no-look", default=True, help="Look at the day again first (default), or only list.")
@_CSV
def anomalies(day: datetime, look: bool, as_csv: bool) -> None:
    """Look at a UTC day (YYYY-MM-DD) and list its anomalies; looking twice changes nothing.

    Limits are those of stage `anomaly` of the thresholds file. Exit code 0 also when there are some.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.anomalies import detection, readers
    from dsa_hcal_assets.hcal.anomalies.words import words
    from dsa_hcal_assets.quality.thresholds import Thresholds

    settings = load_settings()
    with access.opened(settings) as database:
        if look:
            detection.refresh(database, day.date(), Thresholds.load(settings.thresholds_file))
        found = readers.anomalies_of_day(database, day.date())
    if as_csv:
        click.echo(found.to_csv(index=False), nl=False)
        return
    for one in found.to_dict("records"):
        until = "open" if str(one["ended_at"]) == "NaT" else f"to {one['ended_at']:%Y-%m-%d %H:%M:%S}"
        click.echo(
            f"{one['severity']:<8} {one['place']}: {words(one['kind'], one['quantity'])}, "
            f"{one['value']:.4g} (limit {one['limit_value']:g}) {one['detail']['unit']}, "
            f"from {one['started_at']:%Y-%m-%d %H:%M:%S} {until}"
        )
    click.echo(f"{len(found)} anomalies, {(found['severity'] == 'error').sum()} of them errors")


@click.command()
@_DAY
@_CSV
def gaps(day: datetime, as_csv: bool) -> None:
    """List what is missing from the record of a UTC day (YYYY-MM-DD): cycles, and boards in cycles."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.hcal.coverage import gaps_of_day

    with access.opened(load_settings()) as database:
        found = gaps_of_day(database, day.date())
    if as_csv:
        click.echo(found.to_csv(index=False), nl=False)
        return
    for one in found.to_dict("records"):
        where = "all boards" if one["board"] is None else f"board {one['board']}"
        click.echo(
            f"{where}: {one['start']:%Y-%m-%d %H:%M:%S} to {one['end']:%Y-%m-%d %H:%M:%S}, "
            f"{one['cycles']} cycles: {one['reason']}"
        )
    click.echo(f"{len(found)} gaps")
