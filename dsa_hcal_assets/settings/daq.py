"""Settings of the acquisition framework within the platform."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class DaqSettings(BaseModel):
    """Which acquisition jobs the platform runs; each job's own options are in its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jobs_dir: Path | None = Field(
        None,
        description="Directory of job files (TOML) the platform runs, instead of those it makes itself from "
        "DSA_HCAL_HCAL__BOARDS_FILE and DSA_HCAL_RIG__LOG_FILE",
    )
