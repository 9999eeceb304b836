"""`dsa-hcal ingest`: hand data that exist already to the platform."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsa_hcal_assets.settings import load_settings

if TYPE_CHECKING:
    from dsa_hcal_assets.radio.archive.announce import Announced


@click.group()
def ingest() -> None:
    """Hand data that exist already to the platform."""


@ingest.command("ms")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--once/--watch", default=True, help="Look through DIRECTORY once (default), or go on until Ctrl-C."
)
@click.option(
    "--every", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="With --watch: seconds."
)
@click.option(
    "--pointing-dec",
    type=click.FloatRange(-90, 90),
    help="Apparent declination the dishes pointed to, deg, of drift scans whose sets are phased elsewhere. "
    "Default: that of the phase centres.",
)
def ingest_ms(directory: Path, once: bool, every: float, pointing_dec: float | None) -> None:
    """Announce the Measurement Sets (*.ms) below DIRECTORY; each becomes a group, without conversion.

    Nothing in DIRECTORY is moved or changed. A small reference to each set goes to <incoming>/ms/; the
    running platform reads the set there and copies it once into its product tree (sharing blocks where
    the filesystem can), so that its products stay what they are when the archive does not.

    A set that was written to within the last seconds is left for the next look. Announcing again does
    nothing. The exit code is 1 when a set could not be announced, 0 otherwise; what the platform makes
    of the sets is in `dsa-hcal status` and `dsa-hcal quarantine list --source ms`.

    \b
    Examples:
      dsa-hcal ingest ms /archive/2025/06
      dsa-hcal ingest ms /archive --watch --every 300
    """  # noqa: D301 - click wants the backspace character
    from dsa_hcal_assets.clock import utc_now
    from dsa_hcal_assets.radio.archive.announce import announce
    from dsa_hcal_assets.radio.archive.catalogue import find_sets
    from dsa_hcal_assets.radio.archive.stillness import Stillness

    settings, stillness = load_settings(), Stillness()
    settle = timedelta(seconds=settings.radio.settle_seconds)

    def look() -> "Announced":
        sets = find_sets(directory.absolute())
        incoming = settings.incoming / "ms"
        return announce(sets, incoming, stillness, settle, utc_now(), pointing_dec_deg=pointing_dec)

    if settle:
        look()  # only remembers what there is: what is still the same later on is whole
        time.sleep(settle.total_seconds())
    left: tuple[object, ...] = ()
    while True:
        report = look()
        if once or report.new or left != (report.settling, report.refused):
            _tell(report)
        if once:
            raise SystemExit(1 if report.refused or report.settling else 0)
        left = (report.settling, report.refused)
        time.sleep(every)


def _tell(report: "Announced") -> None:
    for path in report.new:
        click.echo(f"announced {path}")
    for path in report.settling:
        click.echo(f"still being written: {path}")
    for path, reason in report.refused.items():
        click.echo(f"refused: {path}: {reason}")
    left = len(report.settling) + len(report.refused)
    click.echo(f"{len(report.new)} announced, {len(report.known)} known already, {left} not yet")
