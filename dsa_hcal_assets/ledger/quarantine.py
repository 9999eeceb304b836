"""Where quarantined bytes go, what lies beside them, and the way back."""

import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.clock import day_key, utc_now
from dsa_hcal_assets.errors import BadInput, InputConflict
from dsa_hcal_assets.ledger import files, rows, trees
from dsa_hcal_assets.ledger.model import Arrival, FileUnavailable, Form, State
from dsa_hcal_assets.ledger.rows import Row

REASON_SUFFIX = ".reason.json"


def free_place(cursor: Cursor, root: Path, arrival: Arrival, now: datetime) -> Path:
    """Return ``<root>/<source>/<day>/<name>``, or with a number appended where that is taken."""
    directory = root / arrival.source / day_key(now)
    for number in itertools.count(1):
        name = arrival.name if number == 1 else files.fitting(arrival.name, f".{number}")
        place = directory / name
        if not files.exists(place) and not rows.place_taken(cursor, place):
            return place
    raise AssertionError("unreachable: itertools.count does not end")


def conflict_record(holder: Row, subject: str, identity: files.Identity) -> dict[str, Any]:
    """Return why a content is refused whose subject another one has: with both digests."""
    error = InputConflict(
        f"another content has been accepted for {holder.arrival.source} {subject}",
        expected=f"digest {holder.arrival.digest} of {holder.arrival.name}",
        found=f"digest {identity.digest}",
        remedy="find out which one is right; reject the accepted one before releasing this one",
    )
    digests = {"accepted_digest": holder.arrival.digest, "rejected_digest": identity.digest}
    return {**error.as_record(), **digests, "accepted_arrival": holder.arrival.arrival_id}


def reason_path(place: Path) -> Path:
    """Return where the reason of the file quarantined at `place` is written."""
    return place.with_name(files.fitting(place.name, REASON_SUFFIX))


def move(here: Row, checkpoint: Callable[[str], None]) -> bool:
    """Bring the bytes of an unsettled arrival where its state says; False if they are nowhere.

    Raises
    ------
    FileUnavailable
        If a directory or disk refuses, or the place was taken by a stranger's file meanwhile.
    """
    place = here.quarantine
    if place is None:
        return files.exists(here.incoming)
    carry = trees.move if here.form is Form.TREE else files.move
    try:
        if here.arrival.state is State.QUARANTINED:
            files.make_directory(place.parent)
            files.write_record(reason_path(place), _record(here))
            checkpoint("explained")
            return carry(here.incoming, place, checkpoint)
        there = carry(place, here.incoming, checkpoint)
        reason_path(place).unlink(missing_ok=True)
    except FileExistsError as error:
        raise FileUnavailable(
            f"{here.arrival.name} cannot be moved",
            found=f"{error.filename} holds another file",
            kept="left where it was",
            remedy="move that file away",
        ) from error
    return there


def require_way_back(here: Row) -> None:
    """Refuse a release that would find no bytes, or overwrite another file.

    Raises
    ------
    BadInput
        If the bytes are gone.
    InputConflict
        If another content lies in incoming under the name.
    """
    place = here.quarantine
    same_content = trees.same_content if here.form is Form.TREE else files.same_content
    held = place is not None and files.exists(place)
    back = files.exists(here.incoming)
    if not held and not (back and not here.settled):
        raise BadInput(
            f"the bytes of {here.arrival.name} are gone",
            expected=str(place),
            kept="its row stays as it is",
            remedy="deliver the file again",
        )
    if held and back and place is not None and not same_content(place, here.incoming):
        raise InputConflict(
            f"{here.arrival.name} cannot be released: {here.incoming} holds another content",
            kept=f"in quarantine at {place}",
            remedy="move that file away first",
        )


def _record(here: Row) -> dict[str, object]:
    arrival = here.arrival
    return {
        "arrival_id": arrival.arrival_id,
        "source": arrival.source,
        "name": arrival.name,
        "subject": arrival.subject,
        "partition": arrival.partition,
        "digest": arrival.digest,
        "bytes": arrival.bytes,
        "incoming_path": str(here.incoming),
        "received_at": arrival.received_at.isoformat(),
        "written_at": utc_now().isoformat(),
        "reason": arrival.reason,
        "release": f"dsa-hcal quarantine release {arrival.arrival_id}",
    }
