"""Alerts: telling people about trouble, and about its end, in the record and through channels.

Belongs here: what an alert is, its record in the database, who is told what through which channel and how
much at once. Not here: deciding that something is wrong (checks, sensors, services call `raise_alert`).
"""

from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.alerts.raising import raise_alert

__all__ = ["Alert", "Severity", "raise_alert"]
