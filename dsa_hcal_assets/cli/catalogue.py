"""`dsa-hcal catalogue`: catalogues of sources in the platform's database."""

from pathlib import Path

import click

from dsa_hcal_assets.settings import load_settings

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
# Negative declinations look like options; there are none of a single digit.
_NUMBERS = {"ignore_unknown_options": True}


@click.group()
def catalogue() -> None:
    """Load catalogues and search them: the VLA calibrator list, NVSS, FIRST, RACS, VLASS, your own.

    \b
      dsa-hcal catalogue load vla-calibrators vlacalibrators.txt
      dsa-hcal catalogue load nvss nvss.fits
      dsa-hcal catalogue cone nvss 202.78453 30.50915 1.5

    The product ships none of them: load your own copies. They are kept by name and version in
    PostgreSQL (radio.catalogue, radio.current_source).
    """  # noqa: D301  (click wants the real \b)


@catalogue.command()
@click.argument("name")
@click.argument("file", type=EXISTING)
@click.option("--column", "columns", multiple=True, metavar="MEANING=NAME", help="ra, dec, flux, ...=column.")
@click.option("--unit", "units", multiple=True, metavar="MEANING=UNIT", help="Unit of a column, as flux=mJy.")
@click.option("--frequency", type=float, metavar="HZ", help="Where the flux densities hold.")
@click.option("--replace", is_flag=True, help="Drop the sources of older versions (their records stay).")
def load(
    name: str,
    file: Path,
    columns: tuple[str, ...],
    units: tuple[str, ...],
    frequency: float | None,
    replace: bool,
) -> None:
    """Load FILE as the current version of catalogue NAME.

    FILE is the VLA calibrator list (text, CSV, SQLite) or a table (FITS, CSV, ECSV, VOTable); which, is
    seen from its content. Usual column names, and units the file states, are found; --column and --unit
    say the others. Meanings: ra, dec, name, flux, flux_error, spectral_index, ra_error, dec_error.
    The same content again changes nothing. Lines that cannot be read are counted; `show` names them.
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues.loading import load_catalogue

    with access.opened(load_settings()) as database:
        loaded = load_catalogue(
            database,
            name,
            file,
            columns=_pairs(columns),
            units=_pairs(units),
            frequency_hz=frequency,
            keep_history=not replace,
        )
    click.echo(
        f"{loaded.name} version {loaded.version}: {loaded.sources} {loaded.kind}"
        + (f", {loaded.refused} lines with trouble (`catalogue show`)" if loaded.refused else "")
    )


@catalogue.command("list")
def list_command() -> None:
    """List the current catalogues: name, version, kind, sources, frequency, file."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues.store import catalogues

    with access.opened(load_settings()) as database:
        found = [one for one in catalogues(database) if one.state == "current"]
    for one in found:
        frequency = f"{one.frequency_hz / 1e6:10.1f} MHz" if one.frequency_hz else " " * 14
        click.echo(
            f"{one.name:<20} v{one.version:<4} {one.kind:<12} {one.sources:>9} {frequency}  {one.origin}"
        )
    click.echo(f"{len(found)} catalogues" if found else "no catalogue is loaded")


@catalogue.command()
@click.argument("name")
def show(name: str) -> None:
    """Show the versions of a catalogue, its columns, and the lines that could not be read."""
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues.store import catalogues, current_catalogue

    with access.opened(load_settings()) as database:
        current = current_catalogue(database, name)
        versions = catalogues(database, name)
    for one in versions:
        click.echo(
            f"v{one.version:<4} {one.state:<10} {one.sources:>9} sources  "
            f"{one.loaded_at:%Y-%m-%d %H:%M:%S} UTC  {one.origin}  sha256 {one.checksum[:16]}"
        )
    for meaning, column in current.columns.items():
        click.echo(f"  {meaning:<15} {column}")
    for problem in current.problems:
        click.echo(f"  line {problem['line']}: {problem['reason']}: {problem['text']}")
    if current.refused > len(current.problems):
        click.echo(f"  ... and {current.refused - len(current.problems)} more")


@catalogue.command(context_settings=_NUMBERS)
@click.argument("name")
@click.argument("ra", type=float)
@click.argument("dec", type=float)
@click.argument("radius", type=float)
@click.option("--faintest", type=float, metavar="JY", help="Leave out fainter sources.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Most sources.")
def cone(name: str, ra: float, dec: float, radius: float, faintest: float | None, limit: int) -> None:
    """List the sources of catalogue NAME within RADIUS of RA DEC (ICRS), all in deg; the nearest first.

    Columns: name, right ascension and declination (deg), separation (arcsec), flux density (mJy).
    """
    from dsa_hcal_assets.database import access
    from dsa_hcal_assets.radio.catalogues.cone import cone_search

    with access.opened(load_settings()) as database:
        found = cone_search(database, name, ra, dec, radius, faintest_jy=faintest, limit=limit)
    for one in found:
        flux = "-" if one.flux_jy is None else f"{one.flux_jy * 1e3:.2f}"
        click.echo(
            f"{one.name or one.number:<24} {one.ra_deg:11.6f} {one.dec_deg:+11.6f} "
            f"{one.separation_deg * 3600:10.2f} {flux:>10}"
        )
    click.echo(f"{len(found)} sources" + (" (the limit)" if len(found) == limit else ""))


def _pairs(words: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for word in words:
        meaning, equals, value = word.partition("=")
        if not (meaning and equals and value):
            raise click.BadParameter(f"{word!r} is not of the form MEANING=VALUE")
        pairs[meaning] = value
    return pairs
