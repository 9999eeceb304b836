"""Job type `alerts`: keeps alerts on disk and tells people."""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path

from dsa_hcal_assets.daq.jobs import JobConfig, ReadingJob
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage, BadAlert
from dsa_hcal_assets.daq.shipped.json_lines import JsonLines
from dsa_hcal_assets.errors import ConfigurationError, PlatformError

CHANNELS = "dsa_hcal_assets.daq.alert_channels"
"""Entry points: a name of a channel, and a function that takes an `AlertMessage` and tells it."""

Channel = Callable[[AlertMessage], None]


class AlertsConfig(JobConfig):
    """Keys of the alerts' job; its `[[input]]` says whose kept alerts it reads (`topics = ["alert.*"]`)."""

    subscribe: tuple[str, ...] = ("alert.*",)
    """Topics of alerts that are only published live, by stores for example."""
    directory: Path | None = None
    """Where `alerts-YYYY-MM-DD.jsonl` are kept; None: `alerts` in the run directory."""
    tell: tuple[str, ...] = ()
    """Channels that are told, by name: `platform` for the platform's own record, log and webhook."""


class Alerts(ReadingJob[AlertsConfig]):
    """Writes every alert durably, then tells it to the channels; acknowledged after both.

    After a kill the last alerts may be told twice, with the same `dedup_key`; none is told never.
    """

    Config = AlertsConfig

    def setup(self) -> None:
        """Open the record and find the channels."""
        directory = self.config.directory or self.context.run_dir / "alerts"
        self._record = JsonLines(directory, "alerts")
        self._channels = {name: alert_channel(name) for name in self.config.tell}

    def receive_kept(self, messages: Sequence[Message]) -> None:
        """Keep and tell alerts."""
        self._record.append(messages)
        for message in messages:
            try:
                alert = AlertMessage.from_value(decode(message))
            except BadAlert as error:
                # it is in the record as it came; a job that cannot spell must not silence the others
                self.log.error("message %d of %s: %s", message.sequence, message.producer, error)
                continue
            for name, tell in self._channels.items():
                self._tell(name, tell, alert)

    def receive(self, message: Message) -> None:
        """Keep and tell a live alert, unless it is the copy of one that is read from its stream."""
        if all(one.producer != message.producer for one in self.context.inputs):
            self.receive_kept((message,))

    def _tell(self, name: str, tell: Channel, alert: AlertMessage) -> None:
        try:
            tell(alert)
        except PlatformError as error:
            self.log.error("alert %r was not told by %s, it is on record: %s", alert.title, name, error)


def alert_channel(name: str) -> Channel:
    """Return the function of a channel.

    Raises
    ------
    ConfigurationError
        If no installed package offers it.
    """
    known = {point.name: point for point in entry_points(group=CHANNELS)}
    if name not in known:
        raise ConfigurationError(
            f"there is no alert channel {name!r}", expected=f"one of {', '.join(sorted(known)) or 'none'}"
        )
    channel: Channel = known[name].load()
    return channel
