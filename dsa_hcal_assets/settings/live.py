"""Settings of live data, `/ws/data`."""

from pydantic import BaseModel, ConfigDict, Field


class LiveSettings(BaseModel):
    """Live data: how often it is looked for, to how many it is sent, and to whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_seconds: float = Field(
        1.0, gt=0, description="Time between two looks for changes, for all clients together, s"
    )
    refresh_seconds: float = Field(
        30.0, gt=0, description="Time after which the rig's key figures are sent, changed or not, s"
    )
    heartbeat_seconds: float = Field(10.0, gt=0, description="Time between two signs of life, s")
    stalled_seconds: float = Field(
        30.0, gt=0, description="A client that takes nothing for this long is dropped, s"
    )
    admission_seconds: float = Field(
        60.0, gt=0, description="Time after which a client's token or session is looked at again, s"
    )
    clients: int = Field(1500, ge=1, description="Most clients at one time")
