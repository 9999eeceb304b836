"""What client and host say to each other: one request, one answer, both JSON.

A request is four bytes of length and a JSON object. An answer is the bytes the job wrote itself
(its JSON reply, possibly cut off by its death), a NUL byte, the host's verdict as JSON and a line
feed. JSON holds neither raw NUL nor raw line feed, so an answer without the last part means that
the host died, and nothing a job writes can be mistaken for a verdict.
"""

import importlib
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

from dsa_hcal_assets.errors import PermanentError, PlatformError

# what json.loads returns; spelled out it would have to be narrowed at every use
JSON: TypeAlias = Any

_LENGTH = struct.Struct("!I")
LONGEST_REQUEST = 64 * 2**20


class WorkerFailed(PermanentError):
    """The code that ran in a worker process raised something the platform did not expect."""


class Verdict(dict[str, JSON]):
    """What the host says about a job: ``pid`` when started, ``status`` or ``deadline`` at its end."""


def request_bytes(request: Mapping[str, JSON]) -> bytes:
    """Return a request as it travels."""
    body = json.dumps(request).encode()
    return _LENGTH.pack(len(body)) + body


def parse_request(received: bytes) -> dict[str, JSON] | None:
    """Return the request in `received`, or None while bytes are missing.

    Raises
    ------
    ValueError
        If it is not a JSON object or longer than a request may be.
    """
    if len(received) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(received)
    if length > LONGEST_REQUEST:
        raise ValueError(f"request of {length} bytes")
    if len(received) < _LENGTH.size + length:
        return None
    request = json.loads(received[_LENGTH.size : _LENGTH.size + length])
    if not isinstance(request, dict):
        raise ValueError("request is not an object")
    return request


def verdict_bytes(verdict: Mapping[str, JSON]) -> bytes:
    """Return the host's verdict as it travels."""
    return b"\0" + json.dumps(verdict).encode() + b"\n"


def receive_answer(connection: socket.socket) -> tuple[bytes, Verdict | None]:
    """Read until the verdict; return the job's own bytes and the verdict (None: the host died).

    Raises
    ------
    TimeoutError
        If the connection's time-out passes without a byte.
    """
    received = bytearray()
    while True:
        chunk = _receive(connection)
        received += chunk
        if chunk and not received.endswith(b"\n"):
            continue
        reply, mark, rest = bytes(received).partition(b"\0")
        if mark and rest.endswith(b"\n"):
            return reply, Verdict(json.loads(rest))
        if not chunk:
            return reply, None


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(2**20)
    except ConnectionError:
        return b""


def error_record(error: PlatformError) -> dict[str, JSON]:
    """Return an error so that `error_from_record` can raise the same one in another process."""
    return {**error.as_record(), "class": f"{type(error).__module__}:{type(error).__qualname__}"}


def error_from_record(record: Mapping[str, JSON]) -> PlatformError:
    """Return the error a record was made from, as the same class where that class is ours."""
    error = PlatformError.__new__(_error_class(str(record["class"])))
    # not the class's own constructor, whose signature may differ
    PlatformError.__init__(
        error,
        record["what"],
        expected=record["expected"],
        found=record["found"],
        kept=record["kept"],
        remedy=record["remedy"],
    )
    return error


def _error_class(address: str) -> type[PlatformError]:
    module, _, name = address.partition(":")
    if module.partition(".")[0] not in ("dsa_hcal_assets", "dsa_hcal_assets_tests"):
        return WorkerFailed
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return WorkerFailed
    return found if isinstance(found, type) and issubclass(found, PlatformError) else WorkerFailed
