"""What the commands of `dsa-hcal alerts` have in common."""

import getpass
from datetime import datetime

import click

WHO = click.option("--who", default=getpass.getuser, show_default="you", help="Who did it, for the record.")
IDS = click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)


def utc(moment: datetime) -> str:
    """Return a time as people read it, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
