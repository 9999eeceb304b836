"""Job type `health_check`: watches live messages, raises alerts and says when the trouble is over."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

from pydantic import Field, field_validator

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.jobs import Job, JobConfig, JobContext
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.daq.shipped.conditions import Change, Condition, Watch


class HealthCheckConfig(JobConfig):
    """Keys of a health check; unless it says what to `subscribe`, its checks do."""

    topic: str = "alert.check"
    """Topic of its alerts."""
    check: tuple[Condition, ...] = Field(min_length=1)
    """The checks, each a `[[check]]`."""

    @field_validator("check")
    @classmethod
    def _names_are_unique(cls, checks: tuple[Condition, ...]) -> tuple[Condition, ...]:
        names = [check.name for check in checks]
        if len(set(names)) < len(names):
            raise ValueError("checks with distinct names")
        return checks


class HealthCheck(Job[HealthCheckConfig]):
    """Sends an alert when the trouble of a check begins, and another when it is over.

    Troubles are remembered on disk, so that the end of one is told though the job was down meanwhile.
    """

    Config = HealthCheckConfig
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, config: HealthCheckConfig, context: JobContext) -> None:
        items = tuple(dict.fromkeys(check.item for check in config.check))
        super().__init__(config.model_copy(update={"subscribe": config.subscribe or items}), context)

    def setup(self) -> None:
        """Begin to watch, with the troubles there were; those that no check is for any more are over."""
        self._memory = self.context.run_dir / f"troubles-{safe_name(self.config.id)}.json"
        known = json.loads(self._memory.read_bytes()) if self._memory.exists() else []
        self._watches = [Watch(check, self.clock, trouble=check.name in known) for check in self.config.check]
        for name in set(known) - {check.name for check in self.config.check}:
            self._send(name, AlertMessage("info", f"{name}: no longer watched", recovered=True))
        self._remember()

    def receive(self, message: Message) -> None:
        """Show a message to all checks."""
        value = decode(message) if message.kind is Kind.JSON else None
        for watch in self._watches:
            watch.see(message.topic, message.producer, value)

    def step(self) -> None:
        """Send what changed."""
        for watch in self._watches:
            if change := watch.judge():
                self._send(change.condition.name, _alert(change))
                self._remember()

    def _send(self, name: str, alert: AlertMessage) -> None:
        source = f"{self.context.supervisor}/{self.config.id}"
        self.send(self.config.topic, replace(alert, source=source, dedup_key=f"{source}/{name}"))

    def _remember(self) -> None:
        troubles = [watch.condition.name for watch in self._watches if watch.trouble]
        replace_durably(self._memory, json.dumps(troubles).encode())


def _alert(change: Change) -> AlertMessage:
    condition = change.condition
    return AlertMessage(
        severity=condition.severity if change.trouble else "info",
        title=change.text,
        details={"check": condition.name, "item": condition.item, "interval_s": condition.interval},
        recovered=not change.trouble,
    )
