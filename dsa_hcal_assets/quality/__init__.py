"""Judging: numbers measured on data become verdicts by limits kept in one file.

Belongs here: metrics, limits, verdicts, robust statistics, expectation suites on tables, figures
and the QA report. Not here: what is measured on an instrument's data (that instrument's room) and
when a check runs (orchestration).
"""

from dsa_hcal_assets.quality.judging import judge
from dsa_hcal_assets.quality.thresholds import Threshold, Thresholds
from dsa_hcal_assets.quality.verdicts import Level, Metric, Verdict

__all__ = ["Level", "Metric", "Threshold", "Thresholds", "Verdict", "judge"]
