"""Whether a request is from this machine, and was meant for this server."""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

# set by proxies: whoever they speak for need not be here
_FORWARDING = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine and no other can reach it."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def host_name(authority: str) -> str:
    """Return the host of ``host[:port]`` in lower case, without brackets; empty if it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_local(connection: HTTPConnection) -> bool:
    """Tell whether the caller is on this machine, asked for it by that name, and speaks for itself."""
    headers = connection.headers
    return (
        connection.client is not None
        and is_loopback(connection.client.host)
        and is_loopback(host_name(headers.get("host", "")))
        and not any(name in headers for name in _FORWARDING)
    )
