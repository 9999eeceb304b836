"""Texts of the protocol: each is written once, and the same text goes to all clients."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from dsa_hcal_assets.clock import utc_now


def state(topic: str, number: int, data: str) -> str:
    """Return the message with state `number` of a topic; `data` is JSON already (`as_json`)."""
    # put together as text, because the data were written before, to see whether they had changed
    return f'{_head(topic)},"seq":{number},"data":{data}}}'


def hello(topics: Collection[str], heartbeat_seconds: float) -> str:
    """Return the greeting."""
    return _message("hello", topics=sorted(topics), heartbeat_seconds=heartbeat_seconds)


def heartbeat() -> str:
    """Return the sign of life."""
    return _message("heartbeat")


def outage(reasons: Mapping[str, str]) -> str:
    """Return the message that topics are not read for now, each for its reason."""
    return _message("outage", topics=sorted(reasons), reason="; ".join(sorted(set(reasons.values()))))


def recovered() -> str:
    """Return the message that all topics are read again."""
    return _message("recovered")


def missed(topics: Mapping[str, int]) -> str:
    """Return the message that states were left out for a client, and how many of each topic."""
    return _message("missed", topics=topics)


def refusal(reason: str) -> str:
    """Return the answer to a message that cannot be followed."""
    return _message("error", reason=reason)


def as_json(data: Any) -> str:
    """Return data as JSON; times in ISO 8601, NaN as null."""
    return msgspec.json.encode(data).decode()


def _message(kind: str, **values: Any) -> str:
    return as_json({"type": kind, "at": utc_now(), **values})


def _head(kind: str) -> str:
    return as_json({"type": kind, "at": utc_now()})[:-1]
