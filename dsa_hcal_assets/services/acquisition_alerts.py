"""The channel `platform` of acquisition's alerts: the platform's record, its log and whom it tells."""

from functools import cache

import psycopg2

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.channels import log_alert
from dsa_hcal_assets.alerts.record import resolve
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.installation import Installation


@cache
def _installation() -> Installation:
    return Installation()


def tell_platform(message: AlertMessage) -> None:
    """Tell an alert like one of the platform's own; one that says that the trouble is over closes it.

    Raises
    ------
    DatabaseUnavailable
        If the end of a trouble cannot be entered. An alert reaches log and channels all the same.
    """
    alert = Alert(
        severity=Severity(message.severity),
        category=message.category,
        title=message.title,
        message=message.message,
        source=message.source,
        details=message.details,
        dedup_key=message.dedup_key,
        raised_at=message.raised_at,
    )
    if message.recovered:
        log_alert(alert)
        _resolve(message.dedup_key)
    else:
        _installation().tell(alert)


def _resolve(dedup_key: str) -> None:
    try:
        resolve(_installation().database, dedup_key)
    except psycopg2.Error as error:
        raise DatabaseUnavailable(
            f"the end of {dedup_key!r} could not be entered",
            found=str(error),
            remedy="close it by hand once the database is back",
        ) from error
