"""The ledger: what arrived from which source, where it stands, and why it is quarantined.

Belongs here: accepting files, counting them, quarantine and release. Not here: how a source's
files are read (its instrument's room decides subject, partition and digest).
"""

from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.ledger.model import Accepted, Arrival, Balance, Outcome, Reconciled, State

__all__ = ["Accepted", "Arrival", "Balance", "Ledger", "Outcome", "Reconciled", "State"]
