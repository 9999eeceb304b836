"""Settings of traces and profiles; both are off unless asked for."""

from pydantic import BaseModel, ConfigDict, Field

EVERY_STAGE = "all"


class ObservabilitySettings(BaseModel):
    """What is recorded of runs beyond metrics and logs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^/]+",
        description="OpenTelemetry collector that gets a trace of each run over OTLP/HTTP, such as "
        "http://127.0.0.1:4318; none: no traces (needs the extra `tracing`)",
    )
    profile: str = Field(
        "",
        description="Stages whose Python is profiled (cProfile), names separated by commas, or all; the "
        "profiles lie beside the logs of the run",
    )

    def profiles(self, stage: str) -> bool:
        """Tell whether a stage is to be profiled."""
        asked = {name.strip() for name in self.profile.split(",")}
        return stage in asked or EVERY_STAGE in asked
