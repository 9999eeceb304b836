"""Detector state on the lineage graph: snapshots of a day, towers, boards, rollups, QA report."""

from dsa_hcal_assets.orchestration.hcal.assets import (
    board_state,
    detector_qa_report,
    half_sector_rollup,
    hcal_snapshots,
    sector_rollup,
    tower_state,
)
from dsa_hcal_assets.orchestration.hcal.sensor import hcal_job, hcal_sensor

ASSETS = (hcal_snapshots, tower_state, board_state, half_sector_rollup, sector_rollup, detector_qa_report)
JOBS = (hcal_job,)
SCHEDULES = ()
SENSORS = (hcal_sensor,)
