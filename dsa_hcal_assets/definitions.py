"""All that Dagster sees, wired on one page.

Importing this module imports no CASA, no Great Expectations and no pandas, opens no connection and
reads no environment: an `Installation` makes its parts when an asset or a sensor first asks.
"""

import dagster as dg

from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.orchestration import hcal, radio, rig, upkeep, watch


def build_definitions(installation: Installation | None = None) -> dg.Definitions:
    """Return the platform's definitions, working on `installation` (default: the environment's)."""
    parts = (radio, hcal, rig, upkeep, watch)
    return dg.Definitions(
        assets=[asset for part in parts for asset in part.ASSETS],
        jobs=[job for part in parts for job in part.JOBS],
        schedules=[schedule for part in parts for schedule in part.SCHEDULES],
        sensors=[sensor for part in parts for sensor in part.SENSORS],
        resources={"installation": installation or Installation()},
        # One process a run: light steps cost nothing to start, heavy tools run in worker processes.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the installation named by the environment."""
    return build_definitions()
