"""Settings of the radio instrument that operators change; telescope facts live in profiles."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RadioSettings(BaseModel):
    """Radio pipeline: ingest, conversion, calibration and imaging choices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle_seconds: float = Field(5.0, ge=0, description="A file younger than this may still be growing")
    collect_hours: float = Field(
        24.0, gt=0, description="A group still incomplete after this is reported failed"
    )
    scan_batch: int = Field(500, ge=1, description="New files whose headers are read in one look at incoming")
    live_days: float = Field(
        45.0, gt=0, description="Days a group's partition key stays in the Dagster UI after it was added"
    )
    most_live_keys: int = Field(
        20_000, ge=1, description="Most partition keys of groups in the Dagster UI; the oldest leave first"
    )
    header_seconds: float = Field(10.0, gt=0, description="Wall limit of reading one header")
    spw_layout: Literal["single", "per-subband"] | None = Field(
        None,
        description="Spectral windows of a Measurement Set (default: the profile's)",
    )
    profiles_dir: Path | None = Field(None, description="Directory of extra telescope profiles (TOML)")
    imager: Literal["auto", "wsclean", "tclean"] = Field("auto", description="auto: WSClean when installed")
    image_preset: Literal["standard", "quicklook"] = Field(
        "standard", description="Which of the profile's images is made"
    )
    imsize: int | None = Field(
        None, ge=64, le=16384, description="Image side in pixels (default: the profile's)"
    )
    robust: float | None = Field(None, ge=-2, le=2, description="Briggs robustness (default: the profile's)")
    niter: int | None = Field(None, ge=0, description="Clean iterations (default: the profile's)")
    threshold_jy: float | None = Field(
        None, ge=0, description="Clean threshold in Jy/beam (default: the profile's)"
    )
    task_wall_seconds: float = Field(1800.0, gt=0, description="Wall limit of one CASA or WSClean call")
