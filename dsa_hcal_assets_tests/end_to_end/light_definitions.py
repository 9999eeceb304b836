"""The platform's own definitions with the radio job cut after its first step.

For tests of arrival: sensors, ledger and assets are the real ones; nothing is converted or imaged.
"""

import dagster as dg

from dsa_hcal_assets.definitions import build_definitions

RADIO_JOB = "radio_group"


@dg.definitions
def defs() -> dg.Definitions:
    whole = build_definitions()
    short = dg.define_asset_job(RADIO_JOB, dg.AssetSelection.assets("uvh5_group"))
    kept = [job for job in whole.jobs or () if job.name != RADIO_JOB]
    return dg.Definitions(
        assets=whole.assets,
        jobs=[*kept, short],
        schedules=whole.schedules,
        sensors=whole.sensors,
        resources=whole.resources,
        executor=whole.executor,
    )
