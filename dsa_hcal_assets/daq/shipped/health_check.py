"""Job type `health_check`: watches live messages, raises alerts and says when the trouble is over."""

import time
from collections.abc import Callable

from pydantic import Field, field_validator

from dsa_hcal_assets.daq.jobs import Job, JobConfig
from dsa_hcal_assets.daq.messages.message import Kind, Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.shipped.alert_message import AlertMessage
from dsa_hcal_assets.daq.shipped.conditions import Change, Condition, Watch


class HealthCheckConfig(JobConfig):
    """Keys of a health check; it also needs `subscribe` for the topics its checks watch."""

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
    """Sends an alert when the trouble of a check begins, and another when it is over."""

    Config = HealthCheckConfig
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def setup(self) -> None:
        """Begin to watch: checks for silence wait for one interval first."""
        self._watches = [Watch(check, self.clock) for check in self.config.check]

    def receive(self, message: Message) -> None:
        """Show a message to all checks."""
        value = decode(message) if message.kind is Kind.JSON else None
        for watch in self._watches:
            watch.see(message.topic, message.producer, value)

    def step(self) -> None:
        """Send what changed."""
        for watch in self._watches:
            if change := watch.judge():
                self.send(self.config.topic, self._alert(change))

    def _alert(self, change: Change) -> AlertMessage:
        condition = change.condition
        source = f"{self.context.supervisor}/{self.config.id}"
        return AlertMessage(
            severity=condition.severity if change.trouble else "info",
            title=change.text,
            source=source,
            details={"check": condition.name, "item": condition.item, "interval_s": condition.interval},
            dedup_key=f"{source}/{condition.name}",
            recovered=not change.trouble,
        )
