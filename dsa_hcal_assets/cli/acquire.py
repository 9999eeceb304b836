"""`dsa-hcal acquire`: poll the calorimeter's controllers into snapshot files."""

import logging
from pathlib import Path

import click

from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.settings import Settings, load_settings


@click.command()
@click.option("--once", is_flag=True, help="Take one snapshot and end (the same as --cycles 1).")
@click.option("--cycles", type=click.IntRange(min=1), help="End after this many snapshots; default: go on.")
@click.option(
    "--boards",
    "boards_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML file with one [[board]] table (id, host, port) each.  [setting: DSA_HCAL_HCAL__BOARDS_FILE]",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Incoming directory; files go to its subdirectory hcal.  [setting: DSA_HCAL_INCOMING_DIR]",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds between the starts of two cycles.  [setting: DSA_HCAL_HCAL__POLL_SECONDS]",
)
def acquire(
    once: bool, cycles: int | None, boards_file: Path | None, into: Path | None, every: float | None
) -> None:
    """Poll all controllers at a set cadence; write one snapshot file a cycle.

    Only reads: no command that sets anything can be sent. A board that is down, slow or talks
    nonsense costs only its own channels and is tried again in the next cycle. Ctrl-C or SIGTERM ends
    after the current cycle. Needs neither database nor Dagster.

    \b
    To try it without hardware, in two terminals:
      dsa-hcal simulate boards --ports-file boards.toml
      dsa-hcal acquire --boards boards.toml --every 5
    """  # noqa: D301  (click wants the real \b)
    from dsa_hcal_assets.hcal.acquisition import job

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = _with_options(load_settings(), boards_file, into, every)
        summary = job.run(settings, cycles=1 if once else cycles)
    except PlatformError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{summary.cycles} snapshots taken, {summary.written} written to {settings.incoming / 'hcal'}, "
        f"{summary.skipped} cycles skipped, {summary.given_up} given up"
    )


def _with_options(
    settings: Settings, boards_file: Path | None, into: Path | None, every: float | None
) -> Settings:
    hcal = {"boards_file": boards_file, "poll_seconds": every}
    changed = {name: value for name, value in hcal.items() if value is not None}
    update: dict[str, object] = {"hcal": settings.hcal.model_copy(update=changed)}
    if into is not None:
        update["incoming_dir"] = into
    return settings.model_copy(update=update)
