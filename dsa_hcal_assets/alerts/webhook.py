"""Notices as JSON, POSTed to an address that takes them.

A webhook's address often is its secret. It is never logged, never part of an error and never shown;
the transport is used below httpx's client because the client logs the address of every request.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from dsa_hcal_assets.alerts.channels import DeliveryFailed
from dsa_hcal_assets.alerts.notices import Notice
from dsa_hcal_assets.errors import ConfigurationError

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"HTTP {status}")


class WebhookChannel:
    """Notices as JSON, POSTed to an address.

    Parameters
    ----------
    url
        Receiver, http or https.
    attempts
        Tries in all; another one follows a connection error, a time-out, HTTP 429 or 5xx.
    try_seconds, total_seconds
        Deadlines of one try and of all with the pauses between.

    Raises
    ------
    ConfigurationError
        If `url` is none; it is not shown.
    """

    name = "webhook"

    def __init__(
        self, url: str, *, attempts: int = 3, try_seconds: float = 5.0, total_seconds: float = 15.0
    ) -> None:
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
        return "WebhookChannel()"

    def deliver(self, notice: Notice) -> None:
        """POST the notice's facts.

        Raises
        ------
        DeliveryFailed
            If no try was answered with a 2xx status within the deadlines; the address is not named.
        """
        body = json.dumps(dict(notice.facts), default=str).encode()
        # A loop of its own in a thread of its own: callers may run inside an event loop.
        with ThreadPoolExecutor(1, thread_name_prefix="webhook") as thread:
            try:
                thread.submit(asyncio.run, self._post_within_deadline(body)).result()
            except (TimeoutError, httpx.HTTPError, _Refused) as error:
                reason = str(error) if isinstance(error, _Refused) else type(error).__name__
                # `from None`: errors of the transport may carry the address.
                raise DeliveryFailed(
                    "webhook did not take the alert",
                    found=reason,
                    remedy="check the receiver",
                    refused=isinstance(error, _Refused) and not _may_pass(error),
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


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, _Refused):
        return error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR
    return isinstance(error, TimeoutError | httpx.TransportError)


def _bad_address() -> ConfigurationError:
    return ConfigurationError(
        "setting DSA_HCAL_WEBHOOK_URL is not valid", expected="an http or https address"
    )
