"""The grade of a calibration set, from the verdicts on its solutions."""

from dsa_hcal_assets.quality.verdicts import Level, Verdict, worst


def grade(verdicts: list[Verdict]) -> tuple[str, str | None]:
    """Return pass, warn or fail, and of a failed set the reason.

    Only what blocks makes a set unusable; failures of advisory checks leave it usable with a warning.
    """
    closed = [verdict.metric for verdict in verdicts if verdict.stops]
    if closed:
        return "fail", f"failed its checks: {', '.join(closed)}"
    return ("pass" if worst(verdicts) is Level.PASS else "warn"), None
