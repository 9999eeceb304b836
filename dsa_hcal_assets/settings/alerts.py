"""Settings of alerts: who is told what, and how much at once."""

import re
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

SEVERITIES = ("debug", "info", "warning", "error", "critical")
ROUTES = "*:warning slack webhook; *:error mail; summary:info slack mail webhook"
_ROUTE = re.compile(r"(?P<category>[\w*.-]+):(?P<severity>\w+)(?P<channels>(\s+[\w-]+)+)")


@dataclass(frozen=True)
class Route:
    """Alerts of a category from a severity on, and the channels they go to."""

    category: str
    severity: str
    channels: tuple[str, ...]


class AlertSettings(BaseModel):
    """Alerts: whom to tell; none need be set, the record and the log have every alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slack_url: str | None = Field(
        None, description="Incoming webhook of a Slack channel (channel `slack`)", repr=False
    )
    mail_server: str | None = Field(None, description="SMTP server that takes e-mail (channel `mail`)")
    mail_port: int = Field(587, ge=1, le=65535, description="Port of the SMTP server")
    mail_security: Literal["starttls", "ssl", "insecure"] = Field(
        "starttls", description="How the connection to the SMTP server is protected"
    )
    mail_user: str | None = Field(None, description="User at the SMTP server, if it asks for one")
    mail_password: str | None = Field(None, description="Password at the SMTP server", repr=False)
    mail_from: str | None = Field(None, description="Address e-mail comes from")
    mail_to: str | None = Field(None, description="Addresses e-mail goes to, with commas between")
    other_urls: str | None = Field(
        None,
        description="Other services, each as name=address in Apprise's form, with blanks between",
        repr=False,
    )
    routes: str = Field(
        ROUTES,
        description="Which alerts go where: `category:least severity channel ...`, with semicolons between. "
        "`*` stands for any text; entries that name a category replace those with `*` for it; the log has "
        "every alert",
    )
    limit: int = Field(
        10, ge=1, description="Most alerts of one category and severity a channel gets in a window"
    )
    window_seconds: float = Field(
        300.0, gt=0, description="Length of a window, s; at its end one digest tells the others"
    )

    @field_validator("routes")
    @classmethod
    def _form_of_routes(cls, text: str) -> str:
        parse_routes(text)
        return text


def parse_routes(text: str) -> tuple[Route, ...]:
    """Return the routes that a setting describes.

    Raises
    ------
    ValueError
        If an entry has another form or names a severity there is not.
    """
    entries = [entry.strip() for entry in text.split(";") if entry.strip()]
    return tuple(_route(entry) for entry in entries)


def _route(entry: str) -> Route:
    found = _ROUTE.fullmatch(entry)
    if found is None:
        raise ValueError(f"{entry!r} is not of the form `category:severity channel ...`")
    if found["severity"] not in SEVERITIES:
        raise ValueError(f"{entry!r} has no severity of {', '.join(SEVERITIES)}")
    return Route(found["category"], found["severity"], tuple(found["channels"].split()))
