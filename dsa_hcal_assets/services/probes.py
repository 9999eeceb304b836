"""Is a service ready, and is it still? Each probe answers None, or a sentence that says what is missing.

Every probe has a deadline of a few seconds; they run outside the supervisor's own loop.
"""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PlatformError
from dsa_hcal_assets.workers.own_host import ping

Probe: TypeAlias = Callable[[], str | None]

SECONDS = 10.0

_LOCATIONS = """{workspaceOrError {__typename ... on PythonError {message} ... on Workspace {locationEntries {
  name loadStatus locationOrLoadError {__typename ... on PythonError {message}}}}}}"""
_DAEMONS = "{instance {daemonHealth {allDaemonStatuses {daemonType required healthy}}}}"


def always() -> str | None:
    """Answer for a service that is ready as soon as it runs."""
    return None


def socket_open(path: Path) -> Probe:
    """Return a probe for a server on a unix socket that accepts connections once it is ready."""

    def probe() -> str | None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            try:
                connection.connect(str(path))
            except OSError as error:
                return f"{path}: {error.strerror}"
        return None

    return probe


def worker_host(path: Path) -> Probe:
    """Return a probe for a worker host that has imported its modules."""

    def probe() -> str | None:
        try:
            return None if ping(path, SECONDS) is not None else "the host hung up"
        except OSError as error:
            return f"{path}: {error}"

    return probe


def http_ok(url: str) -> Probe:
    """Return a probe for a page that answers with status 200."""

    def probe() -> str | None:
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own http address
                return None if answer.status == 200 else f"{url}: status {answer.status}"
        except (OSError, urllib.error.HTTPError) as error:
            return f"{url}: {error}"

    return probe


def locations_loaded(base: str) -> Probe:
    """Return a probe for a Dagster webserver that has loaded every code location."""

    def probe() -> str | None:
        try:
            found = graphql(base, _LOCATIONS)["workspaceOrError"]
        except (OSError, ValueError, KeyError) as error:
            return f"{base}: {error}"
        if found["__typename"] != "Workspace":
            return str(found.get("message", found))
        for entry in found["locationEntries"]:
            loaded = entry["locationOrLoadError"] or {"__typename": "nothing yet"}
            if loaded["__typename"] != "RepositoryLocation":
                return f"code location {entry['name']}: {loaded.get('message', entry['loadStatus'])}"
        return None if found["locationEntries"] else "no code location"

    return probe


def daemons_healthy(base: str) -> Probe:
    """Return a probe for a Dagster daemon, asked through the webserver."""

    def probe() -> str | None:
        try:
            statuses = graphql(base, _DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        except (OSError, ValueError, KeyError) as error:
            return f"{base}: {error}"
        missing = [
            status["daemonType"] for status in statuses if status["required"] and not status["healthy"]
        ]
        return f"no heartbeat of {', '.join(missing)}" if missing else None

    return probe


def database(url: str) -> Probe:
    """Return a probe for a database that answers a statement."""

    def probe() -> str | None:
        connection = Database(url, connect_seconds=SECONDS / 2, statement_seconds=SECONDS / 2)
        try:
            connection.ping()
        except PlatformError as error:
            return error.what
        finally:
            connection.close()
        return None

    return probe


def graphql(base: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the data a Dagster webserver answers to a GraphQL query.

    Raises
    ------
    OSError
        If it does not answer within `SECONDS`.
    ValueError
        If the answer is an error.
    """
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"{base}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - our own http address
        found = json.load(answer)
    if "errors" in found:
        raise ValueError(str(found["errors"]))
    data: dict[str, Any] = found["data"]
    return data
