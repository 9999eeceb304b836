"""Ways an alert reaches people: the log, and a webhook that takes JSON.

Belongs here: delivering one alert within a deadline. Not here: what failed delivery means
(`raising` records it).

A webhook's address often is its secret. It is never logged, never part of an error and never shown;
the transport is used below httpx's client because the client logs the address of every request.
"""

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.errors import ConfigurationError, TransientError

logger = logging.getLogger(__name__)

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class DeliveryFailed(TransientError):
    """A channel did not take an alert; the record of it is in the database."""


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """Name under which the delivery is recorded."""
        ...

    @property
    def minimum(self) -> Severity:
        """Alerts below this severity are not for this channel."""
        ...

    def deliver(self, alert: Alert) -> None:
        """Deliver `alert` or raise `DeliveryFailed` within a bounded time."""
        ...


class LogChannel:
    """Alerts as log records of the severity's level."""

    name = "log"

    def __init__(self, minimum: Severity = Severity.DEBUG) -> None:
        self.minimum = minimum

    def deliver(self, alert: Alert) -> None:
        """Log the alert; control characters in its texts are escaped."""
        where = " ".join(part for part in (alert.source, alert.partition) if part)
        text = f"[{alert.category}] {alert.title}" + (f": {alert.message}" if alert.message else "")
        line = f"{text} ({where})" if where else text
        logger.log(alert.severity.rank, "%s", line.encode("unicode_escape").decode("ascii"))


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"HTTP {status}")


class WebhookChannel:
    """Alerts as JSON, POSTed to an address.

    Parameters
    ----------
    url
        Receiver, http or https.
    attempts
        Tries in all; another one follows a connection error, a time-out, HTTP 429 or 5xx.
    try_seconds, total_seconds
        Deadlines of one try and of all with the pauses between.
    """

    name = "webhook"

    def __init__(
        self,
        url: str,
        *,
        minimum: Severity = Severity.WARNING,
        attempts: int = 3,
        try_seconds: float = 5.0,
        total_seconds: float = 15.0,
    ) -> None:
        self.minimum = minimum
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise _bad_address() from error
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise _bad_address()
        self._attempts = attempts
        self._try_seconds = try_seconds
        self._total_seconds = total_seconds

    def __repr__(self) -> str:
        return f"WebhookChannel(minimum={self.minimum.value!r})"

    def deliver(self, alert: Alert) -> None:
        """POST the alert.

        Raises
        ------
        DeliveryFailed
            If no try was answered with a 2xx status within the deadlines; the address is not named.
        """
        body = json.dumps(alert.as_json(), default=str).encode()
        # A loop of its own in a thread of its own: callers may run inside an event loop.
        with ThreadPoolExecutor(1, thread_name_prefix="webhook") as thread:
            try:
                thread.submit(asyncio.run, self._post_within_deadline(body)).result()
            except (TimeoutError, httpx.HTTPError, _Refused) as error:
                reason = str(error) if isinstance(error, _Refused) else type(error).__name__
                # `from None`: errors of the transport may carry the address.
                raise DeliveryFailed(
                    "webhook did not take the alert", found=reason, remedy="check the receiver"
                ) from None

    async def _post_within_deadline(self, body: bytes) -> None:
        async with asyncio.timeout(self._total_seconds):
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._attempts),
                wait=wait_exponential_jitter(multiplier=0.2, max=2.0, jitter=0.2),
                retry=retry_if_exception(_may_pass),
                reraise=True,
            ):
                with attempt:
                    async with asyncio.timeout(self._try_seconds):
                        await self._post(body)

    async def _post(self, body: bytes) -> None:
        request = httpx.Request("POST", self._url, content=body, headers={"content-type": "application/json"})
        async with httpx.AsyncHTTPTransport() as transport:
            response = await transport.handle_async_request(request)
            try:
                if not response.is_success:
                    raise _Refused(response.status_code)
            finally:
                await response.aclose()


def channels(webhook_url: str | None) -> list[Channel]:
    """Return the channels of an installation: the log, and the webhook when there is one."""
    log: list[Channel] = [LogChannel()]
    return [*log, WebhookChannel(webhook_url)] if webhook_url else log


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, _Refused):
        return error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR
    return isinstance(error, TimeoutError | httpx.TransportError)


def _bad_address() -> ConfigurationError:
    return ConfigurationError(
        "setting DSA_HCAL_WEBHOOK_URL is not valid", expected="an http or https address"
    )
