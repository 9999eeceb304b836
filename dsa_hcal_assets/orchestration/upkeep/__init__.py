"""The platform's own house-keeping: failed runs told, crash windows healed, overdue input reported."""

from dsa_hcal_assets.orchestration.lost import lost_backfills
from dsa_hcal_assets.orchestration.upkeep.failed_runs import failed_runs
from dsa_hcal_assets.orchestration.upkeep.reconcile import reconcile_job, reconcile_schedule

ASSETS = ()
JOBS = (reconcile_job,)
SCHEDULES = (reconcile_schedule,)
SENSORS = (failed_runs, lost_backfills)
