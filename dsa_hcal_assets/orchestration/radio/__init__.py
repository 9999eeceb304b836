"""Radio observations on the lineage graph: from a whole group to images and a QA report."""

from dsa_hcal_assets.orchestration.radio.calibration import calibrated_ms, calibration_tables, flags
from dsa_hcal_assets.orchestration.radio.imaging import continuum_image, radio_qa_report
from dsa_hcal_assets.orchestration.radio.ingest import archived_ms, measurement_set, uvh5_group
from dsa_hcal_assets.orchestration.radio.ms_sensor import archive_job, ms_sensor
from dsa_hcal_assets.orchestration.radio.quicklook import quicklook_image
from dsa_hcal_assets.orchestration.radio.quicklook_sensor import quicklook_job, radio_quicklook_sensor
from dsa_hcal_assets.orchestration.radio.recovery import radio_recovery
from dsa_hcal_assets.orchestration.radio.sensor import radio_job, radio_sensor
from dsa_hcal_assets.orchestration.radio.transits import transit_plan_job, transit_plan_schedule
from dsa_hcal_assets.orchestration.radio.upkeep import live_window_job, live_window_schedule

ASSETS = (
    archived_ms,
    uvh5_group,
    measurement_set,
    flags,
    calibration_tables,
    calibrated_ms,
    continuum_image,
    radio_qa_report,
    quicklook_image,
)
JOBS = (radio_job, quicklook_job, archive_job, live_window_job, transit_plan_job)
SCHEDULES = (live_window_schedule, radio_recovery, transit_plan_schedule)
SENSORS = (radio_sensor, radio_quicklook_sensor, ms_sensor)
