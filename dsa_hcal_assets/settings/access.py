"""Settings of who may use the API, and how much of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AccessSettings(BaseModel):
    """Access: callers without a token, names the API answers to, limits of rate and size."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local_role: Literal["none", "viewer", "operator", "admin"] = Field(
        "viewer",
        description="What callers on this machine may do without a token; behind a proxy: none",
    )
    host_names: str = Field(
        "",
        description="Names, separated by commas, under which the API is reached besides addresses, localhost "
        "and this machine's own name; requests for others are refused (DNS rebinding)",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses, separated by commas, of proxies whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed",
    )
    requests_per_minute: int = Field(12_000, ge=1, description="Requests of one address in a minute")
    actions_per_minute: int = Field(
        120, ge=1, description="Requests of one caller in a minute that change state"
    )
    refusals_per_minute: int = Field(
        20, ge=1, description="Wrong tokens of one address in a minute that are answered and recorded"
    )
    session_hours: float = Field(12.0, gt=0, le=24 * 30, description="How long a browser stays signed in")
    max_body_kib: int = Field(1024, ge=1, description="Largest body of a request, KiB")
    max_header_kib: int = Field(16, ge=4, description="Largest request line and headers, KiB")
    stalled_seconds: float = Field(
        20.0, gt=0, description="A client that sends or takes nothing for so long within a request is dropped"
    )
    max_connections: int = Field(
        2000, ge=10, description="Connections held at once; more are answered with 503"
    )
