"""Telling what is no trouble: a summary, an end."""

from collections.abc import Callable

from dsa_hcal_assets.alerts import Alert
from dsa_hcal_assets.alerts.record import close_unsaid
from dsa_hcal_assets.database.connection import Database


def announce(database: Database, say: Callable[[Alert], object], alert: Alert) -> None:
    """Tell an alert that is on record and not open; nobody is told of its end, because it has none.

    Parameters
    ----------
    say
        Takes an alert, such as `Installation.tell`.
    alert
        With a `dedup_key` of its own.
    """
    say(alert)
    close_unsaid(database, alert.dedup_key)
