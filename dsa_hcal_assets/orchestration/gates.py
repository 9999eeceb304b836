"""A closed gate is told, not only stored: one alert for all blocking verdicts of a stage that failed."""

from collections.abc import Sequence

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.quality.verdicts import Verdict


def raise_blocked(
    installation: Installation, stage: str, partition: str, run_id: str, verdicts: Sequence[Verdict]
) -> None:
    """Raise one alert naming every blocking verdict that failed; nothing when all passed."""
