"""What a job is: its base class, its TOML file, its process.

Belongs here: the life of one job, from its file to its last heartbeat. Not here: which jobs run
(`daq.supervisor`), what stores and shipped jobs do (`daq.stores`, `daq.shipped`).
"""

from dsa_hcal_assets.daq.jobs.config import InputConfig, JobConfig
from dsa_hcal_assets.daq.jobs.context import Input, JobContext
from dsa_hcal_assets.daq.jobs.durations import Duration
from dsa_hcal_assets.daq.jobs.job import Job, JobStopping
from dsa_hcal_assets.daq.jobs.reading import ReadingJob

__all__ = ["Duration", "Input", "InputConfig", "Job", "JobConfig", "JobContext", "JobStopping", "ReadingJob"]
