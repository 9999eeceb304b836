"""The root command: which command lives where, and how errors leave."""

import importlib
import logging
import sys

import click

from dsa_hcal_assets.errors import PlatformError

# command -> (module, attribute, one line of help); modules load when their command is called
COMMANDS = {
    "up": ("up", "up", "Start the platform and follow it until Ctrl-C."),
    "demo": ("demo", "demo", "Run the whole platform on real and simulated data."),
    "doctor": ("doctor", "doctor", "Check this machine and the settings; say what to do."),
    "status": ("status", "status", "Show services, ledger, products and open alerts."),
    "alerts": ("alerts", "alerts", "List, acknowledge and silence alerts; try who is told."),
    "settings": ("settings", "settings", "List every setting with its environment name."),
    "db": ("database", "db", "Apply and show database migrations."),
    "tokens": ("tokens", "tokens", "Make, list and take back tokens for the API."),
    "quarantine": ("quarantine", "quarantine", "List and release quarantined input."),
    "groups": ("groups", "groups", "List, show and retry radio observation groups."),
    "partitions": ("partitions", "partitions", "List, retire and restore keys of radio groups."),
    "simulate": ("simulate", "simulate", "Make boards, UVH5 groups and rig files that look real."),
    "acquire": ("acquire", "acquire", "Poll the detector boards and write snapshots."),
    "daq": ("daq", "daq", "Run acquisition jobs, look at them and control them."),
    "ingest": ("ingest", "ingest", "Hand Measurement Sets of an archive to the platform."),
    "convert": ("convert", "convert", "Convert UVH5 subbands to one Measurement Set."),
    "radio": ("radio", "radio", "Flag, calibrate, image: the radio steps without Dagster."),
    "catalogue": ("catalogue", "catalogue", "Load catalogues of sources and search them."),
    "calibration": ("calibration", "calibration", "Calibrators' transits, and the registry of sets."),
    "hcal": ("hcal", "hcal", "Load, roll up, report: the detector steps without Dagster."),
    "events": ("hcal_events", "events", "Record and show what was done to the detector."),
    "rig": ("rig", "rig", "Clean and summarise test-rig files without Dagster."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"dsa_hcal_assets.cli.{module}"), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dsa_hcal_assets")
@click.option("-v", "--verbose", count=True, help="Show the platform's log (-vv: all of it).")
def dsa_hcal(verbose: int) -> None:
    """Data assets of DSA-110 continuum imaging and sPHENIX detector state.

    Start with `dsa-hcal doctor`, then `dsa-hcal up` (your own directories) or `dsa-hcal demo`.
    Settings come from the environment: `dsa-hcal settings` lists them.
    """
    level = [logging.WARNING, logging.INFO, logging.DEBUG][min(verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def main() -> None:
    """Run the command line; an error of the platform is one message and exit code 1."""
    try:
        # without standalone mode a command's exit code is returned, not acted on
        code = dsa_hcal(prog_name="dsa-hcal", standalone_mode=False)
    except PlatformError as error:
        click.secho(f"error: {error.what}", fg="red", err=True)
        for label in ("expected", "found", "kept", "remedy"):
            if text := getattr(error, label):
                click.echo(f"  {label}: {text}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
