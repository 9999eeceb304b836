"""Services for people, through Apprise: Slack, e-mail and all else it has an address form for.

An address holds its secrets (tokens, passwords), and libraries log what they do with it. So what Apprise
logs stays here, where only a status number is taken from it; what `urllib3` logs during a delivery is
dropped; and no error of theirs goes on.
"""

import logging
import re
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from dsa_hcal_assets.alerts.channels import DeliveryFailed
from dsa_hcal_assets.alerts.model import Severity
from dsa_hcal_assets.alerts.notices import Event, Notice
from dsa_hcal_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult, NotifyType

MOST_CHARACTERS = 3000
_STATUS = re.compile(r"\berror=(\d{3})\b")
_MAY_PASS = (408, 425, 429)
_delivering: ContextVar[bool] = ContextVar("delivering", default=False)


class ServiceChannel:
    """Notices as text, through one Apprise address.

    Parameters
    ----------
    name
        Name in routes and in the record.
    url
        Apprise's address of the service.
    variable
        The setting `url` comes from, for errors.
    seconds
        Deadline of one delivery.
    """

    def __init__(self, name: str, url: str, *, variable: str, seconds: float = 20.0) -> None:
        self.name = name
        self._url = url
        self._variable = variable
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"ServiceChannel({self.name!r})"

    def deliver(self, notice: Notice) -> None:
        """Send the notice's title and text.

        Raises
        ------
        DeliveryFailed
            If the service did not take it within the deadline; the address is not named.
        ConfigurationError
            If Apprise knows no such address; it is not shown.
        """
        token = _delivering.set(True)
        try:
            result = self._service.notify(
                body=_cut(notice.text),
                title=_cut(notice.title),
                notify_type=_kind(notice),
                body_format="text",
                timeout=self._seconds,
            )
        finally:
            _delivering.reset(token)
        if not result:
            status = _status(result)
            raise DeliveryFailed(
                f"channel {self.name} did not take the alert",
                found=f"HTTP {status}" if status else result.status.name.lower(),
                remedy="check the service and its address",
                refused=status is not None and 400 <= status < 500 and status not in _MAY_PASS,
            )

    @cached_property
    def _service(self) -> "Apprise":
        _keep_silent()
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(
            app_id="dsa-hcal",
            app_desc="Alerts of the dsa_hcal_assets platform",
            storage_mode="memory",
            image_url_mask="",
            image_url_logo="",
        )
        service = Apprise(asset=asset)
        if not service.add(self._url):
            raise ConfigurationError(
                f"setting {self._variable} is not valid",
                expected=f"for channel {self.name} an address in Apprise's form",
                remedy="https://appriseit.com lists the forms",
            )
        return service

    def check(self) -> None:
        """Return if Apprise knows the address.

        Raises
        ------
        ConfigurationError
            If it does not; the address is not shown.
        """
        _ = self._service


def mail_url(
    *,
    server: str,
    port: int,
    security: str,
    user: str | None,
    password: str | None,
    sender: str,
    recipients: str,
) -> str:
    """Return Apprise's address of an SMTP server and the recipients of its e-mail."""
    login = ""
    if user:
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "") + "@"
    query = {"smtp": server, "from": sender, "to": recipients, "mode": security, "format": "text"}
    return f"mailto://{login}{server}:{port}?{urlencode(query)}"


def _kind(notice: Notice) -> "NotifyType":
    from apprise import NotifyType

    if notice.event is Event.RECOVERED:
        return NotifyType.SUCCESS
    if notice.severity.rank >= Severity.ERROR.rank:
        return NotifyType.FAILURE
    return NotifyType.WARNING if notice.severity is Severity.WARNING else NotifyType.INFO


def _cut(text: str) -> str:
    return (
        text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " ... (the record has all of it)"
    )


def _status(result: "AppriseResult") -> int | None:
    """Return the HTTP status a service answered with, the one thing taken from Apprise's log."""
    found = [int(one[1]) for entry in result.logs() for one in _STATUS.finditer(str(entry.message))]
    return found[-1] if found else None


def _keep_silent() -> None:
    apprise = logging.getLogger("apprise")
    apprise.propagate = False
    if not apprise.handlers:
        # without a handler of its own, Python's last resort would print its warnings
        apprise.addHandler(logging.NullHandler())
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_not_of_a_delivery)


def _not_of_a_delivery(_: Any) -> bool:
    return not _delivering.get()
