"""A closed gate is told, not only stored: one alert for all blocking verdicts of a stage that failed."""

from collections.abc import Sequence

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.quality.verdicts import Verdict


def tell_if_closed(installation: Installation, product: Product, verdicts: Sequence[Verdict]) -> None:
    """Raise one alert that names every blocking verdict that failed; none when all passed."""
