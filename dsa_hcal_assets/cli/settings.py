"""`dsa-hcal settings`: every setting, its environment name, its value; and the pages made from them."""

import click

from dsa_hcal_assets.settings import environment_name, load_settings, secret_paths, setting_paths
from dsa_hcal_assets.settings.legacy import HONOURED


@click.command()
@click.option("--markdown", is_flag=True, help="Write docs/settings.md to standard output instead.")
@click.option("--env-example", is_flag=True, help="Write .env.example to standard output instead.")
def settings(markdown: bool, env_example: bool) -> None:
    """List every setting with its environment name, present value and meaning.

    Set the variable before a command, or load a file of them: `set -a; . ./.env; set +a`. Quality
    limits have variables of their own; docs/settings.md lists those too.
    """
    if markdown or env_example:
        from dsa_hcal_assets.cli.settings_pages import environment_example, settings_page

        click.echo(settings_page() if markdown else environment_example(), nl=False)
        return
    present = load_settings()
    older = {path: name for name, path in HONOURED.items()}
    for path, meaning in setting_paths().items():
        value: object = present
        for step in path.split("."):
            value = getattr(value, step)
        shown = "(set)" if path in secret_paths() and value else value
        also = f" (also {older[path]})" if path in older else ""
        click.echo(f"{environment_name(path)}{also}\n    {meaning}\n    now: {shown}")
