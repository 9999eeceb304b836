"""How long the API's own answers take."""

import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dsa_hcal_assets.observability import catalogue

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 30)
# What was asked for is the asker's to choose, so it is no label unless it is known here.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"


class RequestTimes:
    """Middleware: measures each answer from the request to its last byte.

    Parameters
    ----------
    app
        What answers.
    registry
        Where the times are kept.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        name = catalogue.REQUEST_SECONDS
        self._times = Histogram(name.name, name.text, name.labels, registry=registry, buckets=_BUCKETS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # routing has put the route, whose path is a template, into the scope
            route = getattr(scope.get("route"), "path", _OTHER)
            method = scope["method"] if scope["method"] in _METHODS else _OTHER
            self._times.labels(method, route, str(status)).observe(time.perf_counter() - began)
