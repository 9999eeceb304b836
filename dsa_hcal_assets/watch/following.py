"""The loop of every watch: what is wrong now against the alerts that are open."""

from collections.abc import Callable, Iterable

from dsa_hcal_assets.alerts import Alert
from dsa_hcal_assets.alerts.record import open_keys, resolve
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.watch.condition import Condition


def follow(
    database: Database, say: Callable[[Alert], object], scope: str, found: Iterable[Condition]
) -> list[Condition]:
    """Tell what is wrong, close the alerts of what is not any more; return what is wrong.

    A condition that is told already is silent, unless it got worse.

    Parameters
    ----------
    say
        Takes an alert, such as `Installation.tell`.
    scope
        Names the question that was asked. Open alerts of this scope that the answer does not name are over.
    """
    conditions = list(found)
    told = open_keys(database, f"{scope}:")
    for condition in conditions:
        known = told.get(condition.key(scope))
        if known is None or known.rank < condition.severity.rank:
            say(condition.alert(scope))
    for key in told.keys() - {condition.key(scope) for condition in conditions}:
        resolve(database, key)
    return conditions
