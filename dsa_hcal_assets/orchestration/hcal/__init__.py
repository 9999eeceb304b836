"""Detector state on the lineage graph: snapshots of a day, towers, boards, rollups, QA report."""

from dsa_hcal_assets.orchestration.hcal.assets import (
    board_state,
    detector_anomalies,
    detector_qa_report,
    half_sector_rollup,
    hcal_snapshots,
    sector_rollup,
    tower_state,
)
from dsa_hcal_assets.orchestration.hcal.emcal import emcal_job, emcal_sensor, emcal_state
from dsa_hcal_assets.orchestration.hcal.events import control_events, events_job, events_sensor
from dsa_hcal_assets.orchestration.hcal.sensor import hcal_job, hcal_sensor
from dsa_hcal_assets.orchestration.hcal.spool_watch import spool_watch

ASSETS = (
    hcal_snapshots,
    tower_state,
    board_state,
    half_sector_rollup,
    sector_rollup,
    detector_anomalies,
    detector_qa_report,
    control_events,
    emcal_state,
)
JOBS = (hcal_job, emcal_job, events_job)
SCHEDULES = ()
SENSORS = (hcal_sensor, emcal_sensor, spool_watch, events_sensor)
