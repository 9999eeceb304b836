"""Settings of the detector acquisition and state."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class HcalSettings(BaseModel):
    """Detector slow control: which boards are polled, how often, with which deadlines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    boards_file: Path | None = Field(
        None, description="TOML list of boards (id, host, port); none: no acquisition"
    )
    supplies_file: Path | None = Field(
        None, description="TOML list of power supplies (mpod, lv_crate, meter); none: they are not polled"
    )
    supply_seconds: float = Field(60.0, gt=0, description="Time between two cycles of the supplies")
    supply_report_seconds: float = Field(
        600.0, ge=0, description="Snapshots of the supplies wait so long to be loaded and reported together"
    )
    register_report_seconds: float = Field(
        600.0, ge=0, description="Snapshots of registers wait so long to be loaded and reported together"
    )
    channel_map_file: Path | None = Field(None, description="Channel map CSV (default: the one shipped)")
    supply_map_file: Path | None = Field(None, description="Supply map CSV (default: the one shipped)")
    emcal_board_map_file: Path | None = Field(
        None, description="EMCal board map CSV (default: the one shipped)"
    )
    emcal_layout_file: Path | None = Field(
        None, description="Layout of EMCal interface boards, CSV (default: the one shipped)"
    )
    poll_seconds: float = Field(600.0, gt=0, description="Time between the starts of two acquisition cycles")
    reply_seconds: float = Field(
        2.0, gt=0, description="Deadline of one command's reply; two misses end the board"
    )
    connect_seconds: float = Field(2.0, gt=0, description="Deadline of a connection attempt")
    board_seconds: float = Field(30.0, gt=0, description="Deadline of all readings of one board in one cycle")
    led_cycles: int = Field(
        6, ge=0, description="LED intensities are read every so many cycles, from the first one on; 0: never"
    )
    pin_diode_cycles: int = Field(6, ge=0, description="PIN diodes likewise")
    dac_cycles: int = Field(0, ge=0, description="DAC settings likewise")
    unsaved_snapshots: int = Field(
        500, ge=2, description="Snapshots held in memory while they cannot be written"
    )
    run_number_file: Path | None = Field(
        None, description="File with the current run number; none: unknown (-1)"
    )
    conditions_max_age_hours: float = Field(
        1.0, gt=0, le=24, description="How long a reading vouches for the state around it, in payload files"
    )
    conditions_tag: str = Field(
        "online", description="Running global tag that each day's conditions payloads go into"
    )
    local_zone: str = Field("America/New_York", description="Zone of the naive times in compatibility views")
