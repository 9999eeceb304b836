"""`dsa-hcal db`: the schema of the platform's database."""

import click

from dsa_hcal_assets.settings import load_settings


@click.group()
def db() -> None:
    """Apply and show database migrations (the numbered files of sql/).

    `dsa-hcal up` applies them by itself; these commands are for external servers and for a look.
    They act on DSA_HCAL_DATABASE_URL, else on the embedded server of DSA_HCAL_STATE_DIR, which is
    started for the command when the platform is not running.
    """


@db.command()
@click.option(
    "--seconds", default=60.0, show_default=True, help="How long to wait for another process that applies."
)
def migrate(seconds: float) -> None:
    """Apply all migrations that wait, each in a transaction of its own.

    Safe at any time: applied ones are skipped, and a killed one leaves no trace.
    """
    from dsa_hcal_assets.database import access, migrations

    with access.opened(load_settings()) as database:
        applied = migrations.apply(database, lock_seconds=seconds)
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"{len(applied)} applied" if applied else "nothing to apply: the schema is up to date")


@db.command()
def grant() -> None:
    """Give the roles dsa_hcal_reader and dsa_hcal_writer their rights, on all that is and will be.

    Every start of the platform does it too. Exit code 2, with what an administrator of the server has to
    run, when a role is missing that the platform may not make.
    """
    from dsa_hcal_assets.database import access, roles

    with access.opened(load_settings()) as database:
        found = roles.grant_access(database)
        todo = roles.administrator_sql(database)
    for one in found:
        click.echo(f"{one.role:<18} {'has its rights' if one.granted else 'is missing'}")
    if not all(one.granted for one in found):
        click.echo(f"an administrator of the server runs this, then `dsa-hcal db grant` again:\n\n{todo}")
        click.get_current_context().exit(2)


@db.command()
@click.option(
    "--fresh",
    is_flag=True,
    help="Of a server started and migrated for this alone, not of the installation's.",
)
def schema(fresh: bool) -> None:
    """Print the schema as a Markdown page with ER diagrams: tables, columns, views, functions.

    docs/schema.md is this page: `dsa-hcal db schema --fresh > docs/schema.md`.
    """
    from dsa_hcal_assets.database import access, migrations
    from dsa_hcal_assets.database.schema_page import schema_page

    if not fresh:
        with access.opened(load_settings()) as database:
            click.echo(schema_page(database), nl=False)
        return
    with access.temporary() as database:
        migrations.apply(database)
        click.echo(schema_page(database), nl=False)


@db.command()
def status() -> None:
    """List every migration and when it was applied. Exit code 2 if one waits.

    An applied file that was edited or has vanished is an error.
    """
    from dsa_hcal_assets.database import access, migrations

    with access.opened(load_settings()) as database:
        entries = migrations.status(database)
    for entry in entries:
        when = f"{entry.applied_at:%Y-%m-%d %H:%M:%S} UTC" if entry.applied_at else "waits"
        click.echo(f"{entry.name:<32} {when}")
    if any(entry.applied_at is None for entry in entries):
        click.get_current_context().exit(2)
