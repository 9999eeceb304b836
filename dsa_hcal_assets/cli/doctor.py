"""`dsa-hcal doctor`: is this machine fit, and what is to be done if not."""

import click
from rich.console import Console
from rich.table import Table

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.services.checkup import Finding, Grade, examine
from dsa_hcal_assets.settings import Settings, load_settings

_COLOURS = {Grade.OK: "green", Grade.NOTE: "yellow", Grade.PROBLEM: "red"}


@click.command()
def doctor() -> None:
    """Check this machine and the settings; say what to do about each problem.

    Exit code 0: the platform can run (notes tell what is limited); 1: there are problems.
    """
    try:
        settings = load_settings()
        findings = [Finding("settings", Grade.OK, "valid")]
    except ConfigurationError as error:
        # the rest is still worth knowing
        settings = Settings.model_validate({})
        findings = [Finding("settings", Grade.PROBLEM, error.what, error.remedy or error.expected or "")]
    findings += examine(settings)
    shown = Table("", "checked", "found", "what to do")
    for finding in findings:
        colour = _COLOURS[finding.grade]
        cells = (finding.subject, finding.found, finding.remedy)
        shown.add_row(f"[{colour}]{finding.grade.value}[/]", *(cell.replace("[", r"\[") for cell in cells))
    Console().print(shown)
    problems = sum(finding.grade is Grade.PROBLEM for finding in findings)
    if problems:
        raise click.ClickException(f"{problems} problem(s): the platform cannot run like this")
