"""What a crash has cut is finished; bytes that are gone are told."""

import logging
from collections.abc import Callable

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger import files, rows
from dsa_hcal_assets.ledger.model import Arrival, FileUnavailable, NotAFile, Reconciled
from dsa_hcal_assets.ledger.rows import Row

logger = logging.getLogger(__name__)


def reconciled(database: Database, settle: Callable[[int], Row]) -> Reconciled:
    """Let `settle` finish the move of each arrival that is between two places, and look for all bytes."""
    settled: list[Arrival] = []
    stuck: list[tuple[int, str]] = []
    for (arrival_id,) in database.rows(rows.UNSETTLED):
        try:
            settled.append(settle(arrival_id).arrival)
        except (FileUnavailable, NotAFile) as error:
            # One unwritable directory must not keep the others from being healed.
            logger.warning("the move of arrival %d cannot be finished: %s", arrival_id, error)
            stuck.append((arrival_id, str(error)))
    found = [rows.row(values).arrival for values in database.rows(rows.WITH_BYTES)]
    gone = [arrival for arrival in found if not files.exists(arrival.path)]
    for arrival in gone:
        logger.warning(
            "the bytes of %s arrival %s are gone from %s", arrival.state, arrival.name, arrival.path
        )
    return Reconciled(tuple(settled), tuple(stuck), tuple(gone))
