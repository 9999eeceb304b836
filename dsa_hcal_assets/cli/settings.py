"""`dsa-hcal settings`: every setting, its environment name, its value."""

import click

from dsa_hcal_assets.settings import environment_name, load_settings, setting_paths
from dsa_hcal_assets.settings.legacy import HONOURED

SECRET = ("database_url", "webhook_url")


@click.command()
def settings() -> None:
    """List every setting with its environment name, present value and meaning."""
    present = load_settings()
    older = {path: name for name, path in HONOURED.items()}
    for path, meaning in setting_paths().items():
        value: object = present
        for step in path.split("."):
            value = getattr(value, step)
        shown = "(set)" if path in SECRET and value else value
        also = f" (also {older[path]})" if path in older else ""
        click.echo(f"{environment_name(path)}{also}\n    {meaning}\n    now: {shown}")
