"""The channel `platform` of acquisition's alerts: the platform's record, its log and whom it tells."""

from functools import cache

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.channels import log_alert
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.errors import TransientError
from dsa_hcal_assets.installation import Installation


class EndNotKept(TransientError):
    """The end of a trouble could neither be recorded nor kept until it can be."""


@cache
def _installation() -> Installation:
    return Installation()


def tell_platform(message: AlertMessage) -> None:
    """Tell an alert like one of the platform's own; one that says that the trouble is over closes it.

    Raises
    ------
    EndNotKept
        If the end of a trouble can neither be recorded nor kept.
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
        _tell_end(message.dedup_key)
    else:
        _installation().tell(alert)


def _tell_end(dedup_key: str) -> None:
    try:
        _installation().tell_end(dedup_key)
    except OSError as error:
        raise EndNotKept(
            f"the end of {dedup_key!r} is not recorded",
            found=str(error),
            remedy="close it by hand once the database is back",
        ) from error
