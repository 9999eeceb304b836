"""A closed gate is told, not only stored: one alert for all blocking verdicts of a stage that failed."""

from collections.abc import Sequence

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.checks import shown
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.quality.verdicts import Verdict


def tell_if_closed(installation: Installation, product: Product, verdicts: Sequence[Verdict]) -> None:
    """Raise one alert that names every blocking verdict that failed; none when all passed."""
    from dsa_hcal_assets.alerts import Alert, Severity

    closed = [verdict for verdict in verdicts if verdict.stops]
    if not closed:
        return
    numbers = [f"{one.metric} = {one.value:g} {one.unit} ({one.limit}) {one.detail}" for one in closed]
    installation.tell(
        Alert(
            Severity.ERROR,
            category="check",
            title=f"{product.kind} of {product.partition} is blocked: {', '.join(v.metric for v in closed)}",
            message="Nothing downstream uses it until a later version passes.\n" + "\n".join(numbers),
            source=product.kind,
            partition=product.partition,
            run_id=product.provenance.run_id,
            # JSON has no NaN, and what could not be measured closes a gate too
            details={one.metric: shown(one.value) for one in closed},
        )
    )
