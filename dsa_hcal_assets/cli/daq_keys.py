"""`dsa-hcal daq keys ...`: who may order, and which supervisors may link."""

from pathlib import Path

import click


@click.group()
def keys() -> None:
    """Key pairs for remote control and links between supervisors; who has which is decided here."""


@keys.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def make(directory: Path) -> None:
    """Make a key pair in DIRECTORY: own.key to give away, own.key_secret to keep."""
    from dsa_hcal_assets.daq.federation.keys import generate_keys

    click.echo(f"{generate_keys(directory)} may be given away; keep {directory / 'own.key_secret'} secret")


@keys.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--supervisor", help="Id of the supervisor; needed if there are several.")
@click.option("--link", is_flag=True, help="NAME is another supervisor that may link, not an operator.")
def allow(name: str, file: Path, supervisor: str | None, link: bool) -> None:
    """Let the owner of the public key in FILE order as NAME; counts from the next connection."""
    from dsa_hcal_assets.daq.federation.keys import allow as allow_key

    click.echo(f"{allow_key(_directory(supervisor, link), name, file)}: {name} is allowed")


@keys.command()
@click.argument("name")
@click.option("--supervisor", help="Id of the supervisor; needed if there are several.")
@click.option("--link", is_flag=True, help="NAME is another supervisor, not an operator.")
def revoke(name: str, supervisor: str | None, link: bool) -> None:
    """Take NAME's key back; counts from the next connection."""
    from dsa_hcal_assets.daq.identity import safe_name

    path = _directory(supervisor, link) / "peers" / f"{safe_name(name)}.key"
    if not path.exists():
        raise click.ClickException(f"{name} is not allowed anyway: there is no {path}")
    path.unlink()
    click.echo(f"{name} is no longer allowed")


@keys.command("list")
@click.option("--supervisor", help="Id of the supervisor; needed if there are several.")
@click.option("--link", is_flag=True, help="The keys of links, not of operators.")
def list_keys(supervisor: str | None, link: bool) -> None:
    """Show who is allowed, and this supervisor's own public key."""
    from dsa_hcal_assets.daq.control.keys import known_operators

    directory = _directory(supervisor, link)
    click.echo(f"own public key: {directory / 'own.key'}")
    for key, name in known_operators(directory).items():
        click.echo(f"{name}  {key.decode()}")


def _directory(supervisor: str | None, link: bool) -> Path:
    from dsa_hcal_assets.cli.daq_choice import chosen_run_dir
    from dsa_hcal_assets.daq.control.keys import control_directory, link_directory
    from dsa_hcal_assets.daq.supervisor.config import read_supervisor_config
    from dsa_hcal_assets.daq.supervisor.status import read_status

    run_dir = chosen_run_dir(supervisor)
    if not link:
        return control_directory(run_dir)
    status = read_status(run_dir)
    federation = None if status is None else read_supervisor_config(Path(status.config_dir)).federation
    return (federation.keys if federation else None) or link_directory(run_dir)
