"""The test rig on the lineage graph: readings of a day, cleaned, summed up."""

from dsa_hcal_assets.orchestration.rig.assets import rig_clean, rig_kpis, rig_readings
from dsa_hcal_assets.orchestration.rig.sensor import rig_job, rig_sensor

ASSETS = (rig_readings, rig_clean, rig_kpis)
JOBS = (rig_job,)
SCHEDULES = ()
SENSORS = (rig_sensor,)
