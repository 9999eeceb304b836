"""The platform's long-lived processes: started in order, watched, restarted, ended without orphans.

Belongs here: one child process (`process`), the embedded database as a member of the group
(`postgres`), many of them (`supervisor`), which ones the platform has (`stack`), the process that
supervises them (`main`) and the handle others start and stop it with (`control`). Not here: what
the services do.
"""

from dsa_hcal_assets.services.control import Stack
from dsa_hcal_assets.services.status import StackStatus, read_status

__all__ = ["Stack", "StackStatus", "read_status"]
