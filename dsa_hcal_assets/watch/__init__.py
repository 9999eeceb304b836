"""What is wrong now: conditions of data, devices and machine that become alerts and end by themselves.

Belongs here: functions that look at database, disk or files and return what is wrong at this moment, the
one loop that compares it with the alerts that are open, and the summary of a night. Not here: what runs
them (orchestration/watch, services/watching), delivering alerts (alerts/), and troubles that are known the
moment they happen and told there (a failed run, a check, a file in quarantine).
"""

from dsa_hcal_assets.watch.condition import Condition
from dsa_hcal_assets.watch.following import follow

__all__ = ["Condition", "follow"]
