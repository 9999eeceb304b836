"""Accept files into the ledger: each new name is read once, verified and given its day.

Belongs here: what happens between a file landing in ``incoming/<source>`` and its row in the ledger,
for snapshots (`scan`) and for files of any other kind (`scan_files`). Not here: what is in the files
(the source's room) and loading them (loading.py).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX, S, SnapshotSource
from dsa_hcal_assets.ledger import Ledger, State
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.scanning import ScanReport, described, enter, kept_if_unavailable, names_in
from dsa_hcal_assets.products import Input

FIRST_DAY = datetime(2023, 1, 1, tzinfo=UTC)  # first daily partition; nothing earlier can be processed
LIVE = timedelta(days=1)  # how far back what is being taken now may lie
FUTURE_LIMIT = timedelta(hours=1)  # a clock this far ahead is wrong, not early
_AT_ONCE = 100  # files entered into the ledger in one transaction


class SnapshotTimeImpossible(BadInput):
    """A snapshot, or another record, claims a time that cannot be right."""


@dataclass(frozen=True)
class Identity:
    """What a file is to the ledger.

    Parameters
    ----------
    subject
        The effect it has; another content with the same effect is a conflict.
    moment
        Aware time it is about; its UTC day is the partition.
    digest
        Identity of its content; None takes the SHA-256 of its bytes.
    """

    subject: str
    moment: datetime
    digest: str | None = None


def check_time(moment: datetime, now: datetime, what: str = "snapshot") -> None:
    """Refuse a time in the future or before the first day the platform keeps.

    Parameters
    ----------
    moment
        Aware time a record claims: of a snapshot, the start of its cycle.
    what
        The kind of record, for the message.

    Raises
    ------
    SnapshotTimeImpossible
        If `moment` is more than an hour after `now` or before 2023.
    """
    if FIRST_DAY <= moment <= now + FUTURE_LIMIT:
        return
    raise SnapshotTimeImpossible(
        f"{what} of {moment.isoformat()}: the time cannot be right",
        expected=f"from {FIRST_DAY.date()} to {(now + FUTURE_LIMIT).isoformat(timespec='seconds')}",
        found=moment.isoformat(),
        remedy="check the clock of the machine it comes from; release the file if ours was wrong",
    )


def scan(
    incoming: Path,
    ledger: Ledger,
    source: SnapshotSource[S],
    *,
    limit: int = 500,
    now: datetime | None = None,
) -> ScanReport:
    """Bring the snapshot files of `incoming` that the ledger does not know into it; see `scan_files`.

    Those of the last day go first: what is being taken now never waits behind a backlog. Their checksums
    are verified here, what the boards said is looked at when they are loaded.

    Parameters
    ----------
    now
        Current time for the plausibility check.
    """

    def identify(path: Path) -> Identity:
        look = source.look(path)
        check_time(look.cycle, now or utc_now())
        return Identity(look.cycle.isoformat(), look.cycle, look.digest)

    live_from = source.file_name((now or utc_now()) - LIVE)
    return scan_files(
        incoming, ledger, source.name, identify, suffix=SUFFIX, limit=limit, live_from=live_from
    )


def scan_files(
    incoming: Path,
    ledger: Ledger,
    source: str,
    identify: Callable[[Path], Identity],
    *,
    suffix: str,
    limit: int = 500,
    live_from: str = "",
) -> ScanReport:
    """Bring the files of `incoming` that the ledger does not know into it.

    Names alone decide what is new, so a directory of many known files costs one listing and one
    query; at most `limit` new files are read, oldest first. Safe to repeat and to run twice at once.

    Parameters
    ----------
    incoming
        The directory of the source's files (``<incoming>/<source>``); need not exist yet.
    identify
        Reads and verifies a file; `BadInput` puts it into quarantine, OSError leaves it for later.
    suffix
        End of the names that belong to the source.
    live_from
        Names from this one on are read before the older ones.

    Raises
    ------
    DatabaseUnavailable
        If the ledger cannot be asked; every file stays where it is.
    """

    def describe(path: Path) -> Delivery:
        identity = identify(path)
        day = day_key(identity.moment)
        return Delivery(path, identity.subject, day, identity.moment, identity.digest)

    report = ScanReport()
    names = names_in(incoming, lambda name: name.endswith(suffix), report)
    unknown = ledger.unknown(source, names)
    live = bisect_left(unknown, live_from)
    unknown = unknown[live:] + unknown[:live]
    report.remaining = max(0, len(unknown) - limit)
    for some in _batched(unknown[:limit], _AT_ONCE):
        _accept([incoming / name for name in some], ledger, source, describe, report)
    return report


def day_inputs(ledger: Ledger, source: SnapshotSource[S], day: str) -> tuple[Input, ...]:
    """Return the snapshot files a source's state of a UTC day was loaded from, for provenance."""
    arrivals = ledger.of_partition(source.name, day)
    return tuple(Input(arrival.name, arrival.digest) for arrival in arrivals if arrival.state is State.LOADED)


def _accept(
    paths: Iterable[Path],
    ledger: Ledger,
    source: str,
    describe: Callable[[Path], Delivery],
    report: ScanReport,
) -> None:
    deliveries = []
    for path in paths:
        with kept_if_unavailable(path, source, report):
            if delivery := described(path, ledger, source, describe, report):
                deliveries.append(delivery)
    entered = ledger.accept_plain(source, deliveries)
    for delivery in deliveries:
        if delivery.path.name in entered:
            report.accepted.append(entered[delivery.path.name])
            continue
        with kept_if_unavailable(delivery.path, source, report):
            enter(delivery, ledger, source, report)


def _batched(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
