"""Heal what crashes left between two steps, and report what is overdue, every ten minutes."""

import dagster as dg

from dsa_hcal_assets.orchestration.failures import typed_failures
from dsa_hcal_assets.orchestration.stage import InstallationParam


@dg.op(description="Finish moves and registrations that a crash had cut; name bytes that are gone.")
def reconcile(context: dg.OpExecutionContext, installation: InstallationParam) -> None:
    """Reconcile ledger and products with the disk."""
    with typed_failures():
        products = installation.products.reconcile()
        arrivals = installation.ledger.reconcile()
    found = {
        "products registered": [product.name for product in products.registered],
        "products missing": [product.name for product in products.missing],
        "products returned": [product.name for product in products.returned],
        "damaged": [str(path) for path in products.damaged],
        "staging removed": [str(path) for path in products.removed],
        "arrivals settled": [arrival.name for arrival in arrivals.settled],
        "arrivals gone": [arrival.name for arrival in arrivals.gone],
    }
    for what, names in found.items():
        if names:
            context.log.warning("%s: %s", what, ", ".join(names))


@dg.job(description="Reconcile ledger and products with the disk.", executor_def=dg.in_process_executor)
def reconcile_job() -> None:
    """Reconcile ledger and products with the disk."""
    reconcile()


reconcile_schedule = dg.ScheduleDefinition(
    name="reconcile_schedule",
    job=reconcile_job,
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
