"""Checks that failed are told, not only stored: what closes a gate as an error, what is advice as a warning.

Told at once, by whoever judged. The alerts of a product end with the version that passes.
"""

from collections.abc import Sequence

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration.checks import shown
from dsa_hcal_assets.products.model import Product
from dsa_hcal_assets.quality.verdicts import Level, Verdict


def tell_failed_checks(installation: Installation, product: Product, verdicts: Sequence[Verdict]) -> None:
    """Raise one alert for the blocking verdicts that failed and one for the others; close those of the past.

    An alert names the metrics it is about: a version that fails by others is news.
    """
    from dsa_hcal_assets.alerts import Severity
    from dsa_hcal_assets.watch import Condition, follow

    failed = [verdict for verdict in verdicts if verdict.level is Level.FAIL]
    found = []
    for some, severity, what, meaning in (
        (
            [one for one in failed if one.stops],
            Severity.ERROR,
            "is blocked",
            "Nothing downstream uses it until a later version passes.",
        ),
        (
            [one for one in failed if not one.stops],
            Severity.WARNING,
            "failed checks",
            "They are advice: what is downstream goes on.",
        ),
    ):
        names = [one.metric for one in some]
        if some:
            found.append(
                Condition(
                    ",".join(names),
                    severity,
                    "check",
                    f"{product.kind} of {product.partition} {what}: {', '.join(names)}",
                    "\n".join([meaning, *map(_number, some)]),
                    source=product.kind,
                    partition=product.partition,
                    run_id=product.provenance.run_id,
                    # JSON has no NaN, and what could not be measured fails too
                    details={one.metric: shown(one.value) for one in some},
                )
            )
    follow(installation.database, installation.tell, f"check:{product.kind}:{product.partition}", found)


def _number(verdict: Verdict) -> str:
    return f"{verdict.metric} = {verdict.value:g} {verdict.unit} ({verdict.limit}) {verdict.detail}".rstrip()
