"""Which channels an installation has, and which of them an alert is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dsa_hcal_assets.alerts.channels import Channel
from dsa_hcal_assets.alerts.model import Alert, Severity
from dsa_hcal_assets.alerts.services import ServiceChannel, mail_url
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings import Settings, environment_name
from dsa_hcal_assets.settings.alerts import AlertSettings, Route, parse_routes

# names routes may use whether or not these channels are set up
KNOWN = ("webhook", "slack", "mail", "log")


@dataclass(frozen=True)
class Limits:
    """How much of one category and severity a channel gets before a digest.

    Parameters
    ----------
    most
        Notices in a window.
    window_seconds
        Length of the window, from its first notice to its digest.
    """

    most: int = 10
    window_seconds: float = 300.0


@dataclass(frozen=True)
class Outlets:
    """The channels of an installation with their routes and limits."""

    channels: Mapping[str, Channel]
    routes: Sequence[Route]
    limits: Limits = Limits()

    @classmethod
    def of(cls, settings: Settings) -> "Outlets":
        """Return the outlets that the settings describe.

        Raises
        ------
        ConfigurationError
            If an address is none, a route names a channel there is not, or nothing goes to a channel;
            addresses are not shown.
        """
        wanted = settings.alerts
        found: list[Channel] = []
        if settings.webhook_url:
            found.append(WebhookChannel(settings.webhook_url))
        if wanted.slack_url:
            variable = environment_name("alerts.slack_url")
            found.append(ServiceChannel("slack", wanted.slack_url, variable=variable))
        if wanted.mail_server:
            found.append(_mail(wanted))
        found += _others(wanted.other_urls or "")
        channels = {channel.name: channel for channel in found}
        routes = parse_routes(wanted.routes)
        _require_sense(channels, routes)
        return cls(channels, routes, Limits(wanted.limit, wanted.window_seconds))

    def check(self) -> None:
        """Return if every service knows its address.

        Raises
        ------
        ConfigurationError
            If one does not; addresses are not shown.
        """
        for channel in self.channels.values():
            if isinstance(channel, ServiceChannel):
                channel.check()

    def channels_for(self, alert: Alert) -> list[Channel]:
        """Return the channels that `alert` goes to, besides the log."""
        named = [one for one in self.routes if "*" not in one.category and one.category == alert.category]
        routes = named or [one for one in self.routes if fnmatchcase(alert.category, one.category)]
        names = {
            name
            for route in routes
            if alert.severity.rank >= Severity(route.severity).rank
            for name in route.channels
        }
        return [channel for name, channel in self.channels.items() if name in names]


def _mail(wanted: AlertSettings) -> ServiceChannel:
    for setting in ("mail_from", "mail_to"):
        if not getattr(wanted, setting):
            raise ConfigurationError(
                f"setting {environment_name(f'alerts.{setting}')} is missing",
                expected=f"an address, because {environment_name('alerts.mail_server')} is set",
            )
    url = mail_url(
        server=wanted.mail_server or "",
        port=wanted.mail_port,
        security=wanted.mail_security,
        user=wanted.mail_user,
        password=wanted.mail_password,
        sender=wanted.mail_from or "",
        recipients=wanted.mail_to or "",
    )
    return ServiceChannel("mail", url, variable=environment_name("alerts.mail_server"))


def _others(text: str) -> list[ServiceChannel]:
    variable = environment_name("alerts.other_urls")
    channels = []
    for number, entry in enumerate(text.split(), 1):
        name, sign, url = entry.partition("=")
        if not sign or not url or not name.replace("-", "").replace("_", "").isalnum() or name in KNOWN:
            # the entry is not shown: it may be an address whose name was forgotten
            raise ConfigurationError(
                f"entry {number} of setting {variable} is not valid",
                expected=f"name=address, with a name that is not one of {', '.join(KNOWN)}",
            )
        channels.append(ServiceChannel(name, url, variable=variable))
    return channels


def _require_sense(channels: Mapping[str, Channel], routes: Sequence[Route]) -> None:
    variable = environment_name("alerts.routes")
    used = {name for route in routes for name in route.channels}
    unknown = sorted(used - set(channels) - set(KNOWN))
    if unknown:
        raise ConfigurationError(
            f"setting {variable} sends alerts to {', '.join(unknown)}",
            expected=f"channels among {', '.join(sorted({*channels, *KNOWN}))}",
            remedy=f"name its address in {environment_name('alerts.other_urls')}",
        )
    idle = sorted(set(channels) - used)
    if idle:
        raise ConfigurationError(
            f"setting {variable} sends nothing to {', '.join(idle)}",
            remedy="add a route, such as `*:error " + " ".join(idle) + "`",
        )
