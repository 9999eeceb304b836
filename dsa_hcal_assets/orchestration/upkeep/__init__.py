"""The platform's own house-keeping: failed runs told, crash windows healed, overdue input reported."""

from dsa_hcal_assets.orchestration.upkeep.failed_runs import failed_runs
from dsa_hcal_assets.orchestration.upkeep.lost_backfills import lost_backfill_days, lost_backfill_groups
from dsa_hcal_assets.orchestration.upkeep.reconcile import reconcile_job, reconcile_schedule

ASSETS = ()
JOBS = (reconcile_job,)
SCHEDULES = (reconcile_schedule,)
SENSORS = (failed_runs, lost_backfill_days, lost_backfill_groups)
