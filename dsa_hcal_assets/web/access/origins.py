"""Whether a request is from this machine, and was meant for this server.

A browser on this machine reaches this server for any page it has open. A page of another origin cannot
read the answers (they carry no CORS headers), but could send actions: `is_own_origin` refuses those. A page
whose name an attacker lets point here (DNS rebinding) would be of the same origin: `HostNames` refuses it,
because the browser still sends the attacker's name.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from dsa_hcal_assets.access.binding import is_loopback
from dsa_hcal_assets.settings import Settings

# set by proxies: whoever they speak for need not be here
_FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class HostNames:
    """Names under which the API may be asked: addresses, localhost, this machine's name, the settings'."""

    def __init__(self, settings: Settings) -> None:
        given = settings.access.host_names.lower().split(",")
        own = {"localhost", socket.gethostname().lower(), settings.api_host.lower()}
        self._names = {name.strip() for name in given} | own - {""}

    def include(self, authority: str) -> bool:
        """Tell whether ``host[:port]`` is one of them."""
        name = host_name(authority)
        return bool(name) and (name in self._names or _is_address(name))


def host_name(authority: str) -> str:
    """Return the host of ``host[:port]`` in lower case, without brackets; empty if it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_own_origin(connection: HTTPConnection) -> bool:
    """Tell whether the request is from a page of this server, or from no page at all."""
    headers = connection.headers
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True  # browsers always say it, where something is to be changed
    found = urlsplit(origin)
    return found.scheme in ("http", "https") and found.netloc.lower() == headers.get("host", "").lower()


def is_local(connection: HTTPConnection) -> bool:
    """Tell whether the caller is on this machine, asked for it by that name, and speaks for itself."""
    headers = connection.headers
    return (
        connection.client is not None
        and is_loopback(connection.client.host)
        and is_loopback(host_name(headers.get("host", "")))
        and not any(name in headers for name in _FORWARDING)
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
