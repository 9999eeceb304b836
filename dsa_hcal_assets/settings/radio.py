"""Settings of the radio instrument that operators change; telescope facts live in profiles."""

import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RadioSettings(BaseModel):
    """Radio pipeline: ingest, conversion, calibration and imaging choices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle_seconds: float = Field(
        5.0, ge=0, description="A file is read after its size has been seen unchanged for so long"
    )
    name_tolerance_seconds: float = Field(
        120.0, ge=0, description="Names whose stamps are this close are told as one group until one is read"
    )
    incomplete: Literal["wait", "continue", "fail"] = Field(
        "wait",
        description="A group without a new subband for complete_minutes waits until collect_hours, goes on "
        "with min_subbands or more, or fails",
    )
    complete_minutes: float = Field(
        30.0, ge=0, description="Time without a new subband after which `incomplete` is applied"
    )
    min_subbands: float = Field(
        0.875,
        gt=0,
        description="Subbands a group needs to go on incomplete: up to 1 a fraction of all, above 1 a number",
    )
    collect_hours: float = Field(
        24.0, gt=0, description="A group still incomplete so long after its last new subband fails"
    )
    stalled_hours: float = Field(
        1.0,
        gt=0,
        description="A group that was taken up is asked for again when nothing was made of it for so long "
        "and no run of it is known",
    )
    scan_batch: int = Field(500, ge=1, description="New files whose headers are read in one look at incoming")
    scan_seconds: float = Field(10.0, gt=0, description="Time one look at incoming may take, about")
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
    phase_centre: Literal["midpoint", "meridian", "header", "calibrator"] | None = Field(
        None,
        description="Phase centre of a Measurement Set: the meridian at mid-time, that of each integration, "
        "the file's own fields, or the calibrator in the beam (default: the profile's)",
    )
    writer: Literal["auto", "direct", "pyuvdata"] = Field(
        "auto",
        description="Who writes Measurement Sets: direct streams and is quick; pyuvdata holds the group "
        "in memory; auto takes direct unless it cannot write a group",
    )
    weight_spectrum: bool | None = Field(
        None, description="Write WEIGHT_SPECTRUM into Measurement Sets (default: the profile's)"
    )
    scratch_columns: bool | None = Field(
        None,
        description="Write MODEL_DATA and CORRECTED_DATA into Measurement Sets (default: the profile's)",
    )
    ram_staging: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Write a Measurement Set in /dev/shm first, when it fits (auto: only if products are "
        "on a network file system)",
    )
    profiles_dir: Path | None = Field(None, description="Directory of extra telescope profiles (TOML)")
    calibrator_list: Path | None = Field(
        None,
        description="Calibrators besides the standard ones: the VLA calibrator list (text, CSV or SQLite), "
        "or a table of the form of standards.csv",
    )
    match_radius_deg: float | None = Field(
        None,
        gt=0,
        le=90,
        description="Largest distance of a calibrator from the pointing, deg (default: the profile's)",
    )
    match_top: int | None = Field(
        None, ge=1, description="Calibrators kept of those in a group, best first (default: the profile's)"
    )
    pointing_dec_deg: float | None = Field(
        None,
        ge=-90,
        le=90,
        description="Declination pointed to, deg, for schedules of transits (default: the newest group's)",
    )
    calibration_max_age_hours: float = Field(
        72.0,
        ge=0,
        description="Where no calibration set's range holds, the nearest one is used, with a warning, up to "
        "this many hours from the data; 0: never",
    )
    quicklook: Literal["on", "off"] = Field(
        "on",
        description="Make a quick look image of each group as soon as it is whole, beside its science run; "
        "takes about 30 s of one core a group",
    )
    imager: Literal["auto", "wsclean", "tclean"] = Field("auto", description="auto: WSClean when installed")
    image_preset: Literal["standard", "survey", "quicklook"] = Field(
        "standard", description="Which of the profile's images is made"
    )
    self_calibration: bool = Field(
        False,
        description="Self-calibrate each field before its image is made: phases, then amplitudes, while "
        "the image gets better",
    )
    compare_with: str | None = Field(
        None,
        description="Catalogue that images are compared with (default: of those loaded the one nearest in "
        "frequency that has sources in the field)",
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

    def least_subbands(self, expected: int) -> int:
        """Return how many of `expected` subbands a group needs to go on."""
        if self.incomplete != "continue":
            return expected
        # 0.7 of 10 is 7, whatever floats make of it
        least = (
            math.ceil(self.min_subbands * expected - 1e-9) if self.min_subbands <= 1 else self.min_subbands
        )
        return min(expected, math.ceil(least))

    @property
    def conversion(self) -> dict[str, str | bool | None]:
        """What takes the place of the profile's conversion choices; None leaves the profile's."""
        return {
            "spw_layout": self.spw_layout,
            "phase_centre": self.phase_centre,
            "weight_spectrum": self.weight_spectrum,
            "scratch_columns": self.scratch_columns,
        }
