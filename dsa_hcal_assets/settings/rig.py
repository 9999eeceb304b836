"""Settings of the propulsion test rig."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class RigSettings(BaseModel):
    """Rig: when a file is complete, generator shape and the alert thresholds of its rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_file: Path | None = Field(
        None,
        description="CSV the rig's logger appends to, for the platform to deliver",
    )
    processed_file: Path | None = Field(
        None, description="CSV that gets the newest day's cleaned readings, besides database and products"
    )
    table_name: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$",
        description="View of the cleaned readings in schema public under this name, for older programs",
    )
    settle_seconds: float = Field(2.0, ge=0, description="A file younger than this may still be growing")
    rows: int = Field(100, ge=1, description="Rows of a generated file")
    step_minutes: float = Field(6.0, gt=0, description="Time between two generated rows")
    temperature_high: float = Field(80.0, description="Temperature above which an alert is red, deg C")
    pressure_high: float = Field(1100.0, description="Pressure above which an alert is red, kPa")
    temperature_zscore: float = Field(2.0, gt=0, description="|z| above which a temperature alert is red")
    pressure_zscore: float = Field(2.5, gt=0, description="|z| above which a pressure alert is red")
    pressure_zscore_yellow: float = Field(1.5, gt=0, description="|z| above which a pressure alert is yellow")
