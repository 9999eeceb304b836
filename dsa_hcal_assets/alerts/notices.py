"""What a channel is given to tell: a trouble, its end, or a digest of many; in words and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dsa_hcal_assets.alerts.model import Alert, Severity


class Event(StrEnum):
    """What a notice is about."""

    RAISED = "raised"
    RECOVERED = "recovered"
    DIGEST = "digest"
    TEST = "test"


@dataclass(frozen=True)
class Notice:
    """One message to people.

    Parameters
    ----------
    event, severity
        What it is about, and how urgent.
    title
        One line, without control characters.
    text
        What follows.
    facts
        The same for machines, JSON.
    """

    event: Event
    severity: Severity
    title: str
    text: str
    facts: Mapping[str, Any]


def raised(alert: Alert, alert_id: int | None = None) -> Notice:
    """Return the notice of a trouble; without `alert_id` it is not in the record."""
    return _about(Event.RAISED, alert.severity.name, alert, alert_id, {})


def recovered(alert: Alert, alert_id: int, resolved_at: datetime) -> Notice:
    """Return the notice of a trouble's end."""
    return _about(Event.RECOVERED, "OVER", alert, alert_id, {"resolved_at": resolved_at.isoformat()})


def test(alert: Alert) -> Notice:
    """Return the notice of a trial, which nothing records."""
    title = f"TEST [{_one_line(alert.category)}] {_one_line(alert.title)}"
    return Notice(
        Event.TEST, alert.severity, title, alert.message, {"event": Event.TEST.value, **alert.as_json()}
    )


def digest(
    severity: Severity,
    category: str,
    *,
    count: int,
    over: int,
    since: datetime,
    until: datetime,
    titles: Sequence[str],
) -> Notice:
    """Return the notice that stands for many that were held back.

    Parameters
    ----------
    severity, category
        What they have in common.
    count, over
        Troubles told by it, and ends of troubles.
    since, until
        When the first and the last was noticed.
    titles
        Of the first troubles (of the first ended ones if there are none), in order.
    """
    ends = f"{over} {'trouble is' if over == 1 else 'troubles are'} over"
    more = f"{count} more {'alert' if count == 1 else 'alerts'}"
    what = " and ".join(text for number, text in ((count, more), (over, ends)) if number)
    listed = [f"- {_one_line(title)}" for title in titles]
    left = (count or over) - len(listed)
    if left:
        listed.append(f"- and {left} more; `dsa-hcal alerts list` shows all")
    return Notice(
        Event.DIGEST,
        severity,
        f"{severity.name} [{_one_line(category)}] {what}",
        "\n".join([f"From {since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC:", *listed]),
        {
            "event": Event.DIGEST.value,
            "severity": severity.value,
            "category": category,
            "count": count,
            "recovered": over,
            "since": since.isoformat(),
            "until": until.isoformat(),
            "titles": list(titles),
        },
    )


def _about(event: Event, word: str, alert: Alert, alert_id: int | None, more: dict[str, Any]) -> Notice:
    where = " ".join(part for part in (alert.source, alert.partition) if part)
    run = f"run {alert.run_id}" if alert.run_id else ""
    known = "not recorded: the database did not answer" if alert_id is None else f"alert {alert_id}"
    about = ", ".join(
        part for part in (where, run, known, f"{alert.raised_at:%Y-%m-%d %H:%M:%S} UTC") if part
    )
    return Notice(
        event,
        alert.severity,
        f"{word} [{_one_line(alert.category)}] {_one_line(alert.title)}",
        "\n".join(part for part in (alert.message, f"({about})") if part),
        {"event": event.value, "id": alert_id, **alert.as_json(), **more},
    )


def _one_line(text: str) -> str:
    """Return `text` with control characters escaped: a title must not forge a header or a line."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
