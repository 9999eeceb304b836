"""Settings of the watch: from when on a condition is trouble."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("a time zone's name, such as America/Los_Angeles") from error
    return name


class WatchSettings(BaseModel):
    """Watch: limits of what is looked at every minute, and when a night is summed up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    disk_warning_gb: float = Field(200.0, ge=0, description="Free space below which a disk is a warning, GB")
    disk_critical_gb: float = Field(100.0, ge=0, description="Free space below which a disk is critical, GB")
    service_down_seconds: float = Field(60.0, ge=0, description="A service that fails for so long is told")
    groups_waiting_warning: int = Field(
        10, ge=1, description="Groups of the last day that wait to be processed: from so many on a warning"
    )
    groups_waiting_error: int = Field(30, ge=1, description="The same: from so many on an error")
    runs_queued_warning: int = Field(
        20, ge=1, description="Queued runs of data that have just arrived: from so many on a warning"
    )
    runs_queued_error: int = Field(100, ge=1, description="The same: from so many on an error")
    run_silent_minutes: float = Field(60.0, gt=0, description="A run that says nothing for so long is stuck")
    left_failed_minutes: float = Field(
        60.0,
        ge=0,
        description="Partitions not made for so long after they failed are told together",
    )
    observing_hours: float = Field(
        24.0, gt=0, description="A telescope with a group this recent is held to have a calibration set"
    )
    silent_cycles: int = Field(
        3, ge=1, description="A device of which nothing was read in so many cycles does not answer"
    )
    reading_minutes: float = Field(
        60.0, gt=0, description="Older readings of devices and supplies say nothing about now"
    )
    night_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Zone in which a night goes from noon to noon"
    )
    night_settle_minutes: float = Field(
        60.0, ge=0, description="A night is summed up so long after its end and its last file"
    )
    night_wait_hours: float = Field(
        6.0, ge=0, description="How long the summary waits for groups that are still being processed"
    )
