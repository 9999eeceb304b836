"""The watch as Dagster runs it: a sensor that looks every minute, and what only Dagster knows of its runs."""

from dsa_hcal_assets.orchestration.watch.sensor import watch

ASSETS = ()
JOBS = ()
SCHEDULES = ()
SENSORS = (watch,)
