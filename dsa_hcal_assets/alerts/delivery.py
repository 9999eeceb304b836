"""Delivering what is due: each channel in its own time, by however many processes.

Whoever raises an alert only enters what is to be told. It is delivered by the platform's service
`alerts` (`dsa-hcal alerts deliver --follow`), which the database wakes at once. So a channel that is
down or slow is in nobody's way, and what it did not take waits for it, also through a kill.
"""

import logging
import threading
from dataclasses import dataclass

import psycopg2

from dsa_hcal_assets.alerts import outbox
from dsa_hcal_assets.alerts.channels import Channel, DeliveryFailed
from dsa_hcal_assets.alerts.outlets import Limits, Outlets
from dsa_hcal_assets.alerts.waking import Alarm
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import DatabaseUnavailable, PlatformError

logger = logging.getLogger(__name__)

POLL_SECONDS = 5.0
"""Longest time to the next look for what is due: ends of windows and silences, pauses that are over."""
GATHER_SECONDS = 0.1
"""Shortest time between two looks: in a storm one look is for many alerts."""
PAUSE_SECONDS = 4.0
"""Shortest time to the next try after a channel was away, however much is raised meanwhile."""


@dataclass
class Tally:
    """What one look at a channel did."""

    notices: int = 0
    digests: int = 0
    failures: int = 0
    away: bool = False


def deliver_due(database: Database, channel: Channel, limits: Limits) -> Tally:
    """Send a channel all that is due now; stop when it is away, or another process sends to it.

    At least once: a notice is noted as sent in the transaction that holds the channel's lock, so only a
    process that ends between the two makes it be sent again.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer; what was not noted as sent stays due.
    """
    tally = Tally()
    with database.transaction() as cursor:
        if not outbox.lock(cursor, channel.name):
            return tally
        outbox.settle(cursor, channel.name)
    while not tally.away and _deliver_next(database, channel, limits, tally):
        pass
    return tally


def deliver_all(database: Database, outlets: Outlets) -> dict[str, Tally]:
    """Send every channel all that is due now, one after the other; return what was done by channel.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer; what was not noted as sent stays due.
    """
    return {
        name: deliver_due(database, channel, outlets.limits) for name, channel in outlets.channels.items()
    }


def follow(database: Database, outlets: Outlets, stop: threading.Event) -> None:
    """Deliver until told to stop; one thread a channel, so that none waits for another."""
    with Alarm(database.url) as alarm:
        threads = [
            threading.Thread(
                target=_follow_channel, args=(database, channel, outlets.limits, alarm, stop), name=name
            )
            for name, channel in outlets.channels.items()
        ]
        for thread in threads:
            thread.start()
        alarm.watch(stop)
        for thread in threads:
            thread.join()


def _follow_channel(
    database: Database, channel: Channel, limits: Limits, alarm: Alarm, stop: threading.Event
) -> None:
    seen = alarm.count
    while not stop.is_set():
        try:
            away = deliver_due(database, channel, limits).away
        except (DatabaseUnavailable, psycopg2.Error) as error:
            logger.warning("channel %s: %s", channel.name, error)
            away = True
        except Exception:  # the others must not end up without their teller
            logger.exception("channel %s could not be served", channel.name)
            away = True
        stop.wait(PAUSE_SECONDS if away else GATHER_SECONDS)
        seen = alarm.wait(seen, POLL_SECONDS)


def _deliver_next(database: Database, channel: Channel, limits: Limits, tally: Tally) -> bool:
    """Send what is due next; False when that is nothing, or another process sends to the channel."""
    with database.transaction() as cursor:
        if not outbox.lock(cursor, channel.name):
            return False
        job = outbox.next_due(cursor, channel.name, limits)
        if job is None:
            return False
        try:
            channel.deliver(job.notice)
        except Exception as error:  # noqa: BLE001 - recorded; a channel's fault must not stop the others
            reason = str(error) if isinstance(error, PlatformError) else type(error).__name__
            refused = isinstance(error, DeliveryFailed) and error.refused
            logger.error("%r was not delivered by %s: %s", job.notice.title, channel.name, reason)
            outbox.note_failure(cursor, channel.name, job, reason, refused=refused)
            tally.failures += 1
            tally.away = not refused
            return True
        outbox.note_sent(cursor, channel.name, job, limits)
        if isinstance(job, outbox.Digest):
            tally.digests += 1
        else:
            tally.notices += 1
        return True
