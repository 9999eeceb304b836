"""Heavy work in processes of its own: a crash, leak, lock, thread or log flood stays in there.

Belongs here: the host that pre-imports modules and forks one process a job, the client that
calls a function through it, external programs under the same guarantees, and CASA's site
configuration. Not here: what is computed (radio/, hcal/) and which long-lived services the
platform runs (services/).
"""

from dsa_hcal_assets.workers.client import WorkerClient
from dsa_hcal_assets.workers.program import run_program

__all__ = ["WorkerClient", "run_program"]
