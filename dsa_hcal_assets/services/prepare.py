"""The one job before the services start: schemas, Dagster's tables, and the end of runs nobody works on.

Run as ``python -m dsa_hcal_assets.services.prepare`` in the services' environment.
"""

import logging
import sys
import time
from pathlib import Path

from dsa_hcal_assets.database import migrations, roles
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.rig.compatibility import provide_view
from dsa_hcal_assets.settings import load_settings

log = logging.getLogger(__name__)

KEEP_RUN_LOGS_DAYS = 30


def main() -> None:
    """Prepare the database the environment names, then Dagster's instance."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings()
    if settings.database_url is None:
        raise SystemExit("DSA_HCAL_DATABASE_URL is not set")
    database = Database(settings.database_url)
    try:
        for name in migrations.apply(database):
            log.info("applied migration %s", name)
        provide_view(database, settings.rig.table_name)
        for one in roles.grant_access(database):
            if not one.granted:
                log.info("role %s is missing; `dsa-hcal db grant` says how to make it", one.role)
    finally:
        database.close()

    from dagster import DagsterInstance

    from dsa_hcal_assets.orchestration.orphans import end_orphaned_runs

    # Opening the instance makes its tables: once, here, rather than in three services at a time.
    with DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
        # at the start of the platform no worker of this machine is left
        ended = end_orphaned_runs(instance, "Ended at the start of the platform")
        removed = remove_old_logs(Path(instance.root_directory) / "run_logs", KEEP_RUN_LOGS_DAYS)
    log.info("prepared; ended %d orphaned runs, removed %d old run logs", ended, removed)


def remove_old_logs(directory: Path, days: float) -> int:
    """Remove files not written to for `days`; return how many."""
    oldest = time.time() - days * 86400
    old = [path for path in directory.glob("*.log") if path.stat().st_mtime < oldest]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


if __name__ == "__main__":
    main()
