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
from dsa_hcal_assets.orchestration.hcal.conditions import conditions_payload
from dsa_hcal_assets.orchestration.hcal.corrections import (
    corrections_job,
    corrections_sensor,
    gain_corrections,
)
from dsa_hcal_assets.orchestration.hcal.emcal import emcal_job, emcal_sensor, emcal_state
from dsa_hcal_assets.orchestration.hcal.events import control_events, events_job, events_sensor
from dsa_hcal_assets.orchestration.hcal.registers import register_state, registers_job, registers_sensor
from dsa_hcal_assets.orchestration.hcal.runs import (
    led_runs,
    pedestal_runs,
    retire_runs_job,
    retire_runs_schedule,
    runs_job,
    runs_sensor,
)
from dsa_hcal_assets.orchestration.hcal.sensor import hcal_job, hcal_sensor
from dsa_hcal_assets.orchestration.hcal.supplies import supplies_job, supplies_sensor, supply_state

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
    register_state,
    supply_state,
    led_runs,
    pedestal_runs,
    gain_corrections,
    conditions_payload,
)
JOBS = (
    hcal_job,
    emcal_job,
    registers_job,
    events_job,
    supplies_job,
    runs_job,
    retire_runs_job,
    corrections_job,
)
SCHEDULES = (retire_runs_schedule,)
SENSORS = (
    hcal_sensor,
    emcal_sensor,
    registers_sensor,
    events_sensor,
    supplies_sensor,
    runs_sensor,
    corrections_sensor,
)
