"""Conditions over what passes: how often within a time something was seen, and what that means.

Belongs here: the decision. Not here: receiving messages and telling people (`health_check`, `alerts`).
"""

import string
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dsa_hcal_assets.daq.jobs.durations import Duration, written
from dsa_hcal_assets.daq.shipped.alert_message import Severity

PLACEHOLDERS = frozenset({"name", "item", "value", "amount", "interval"})


class Trigger(StrEnum):
    """Which of the two is the trouble."""

    SATISFIED = "satisfied"
    """Too much of it: seen `amount` times or more within the interval."""
    UNSATISFIED = "unsatisfied"
    """Too little of it: seen less than `amount` times within the interval, silence for example."""


class Condition(BaseModel):
    """One `[[check]]` of a health check."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1)
    """Name of the check, unique within the job."""
    item: str = Field(min_length=1)
    """Topic that is watched; `*` and `?` stand for any characters."""
    producer: str = "*"
    """Id of the job whose messages count; `*` and `?` as in `item`."""
    field: str = ""
    """Field of the message's value that the limits apply to, deeper ones with dots; empty: any message."""
    above: float | None = None
    """A message counts whose field is larger, in the field's unit."""
    below: float | None = None
    """A message counts whose field is smaller, in the field's unit."""
    equals: str | float | bool | None = None
    """A message counts whose field is this."""
    interval: Duration
    """Time looked back over, as `"30s"`, `"5m"`, `"1h"`."""
    condition: Trigger = Trigger.SATISFIED
    """Whether it is the trouble that the condition is `satisfied`, or that it is `unsatisfied`."""
    amount: int = Field(1, ge=1)
    """Messages that count within `interval`, for the condition to be satisfied."""
    severity: Severity = "warning"
    """Urgency of the alert."""
    message: str
    """Text of the alert; may hold {name} {item} {value} {amount} {interval}."""
    recovery_message: str = "{name}: over"
    """Text when the trouble is over."""

    @model_validator(mode="after")
    def _texts_and_limits_go_together(self) -> "Condition":
        for text in (self.message, self.recovery_message):
            for _, placeholder, _, _ in string.Formatter().parse(text):
                if placeholder is not None and placeholder not in PLACEHOLDERS:
                    raise ValueError(f"{{{placeholder}}} is none of {sorted(PLACEHOLDERS)}")
        if not self.field and (self.above, self.below, self.equals) != (None, None, None):
            raise ValueError("`above`, `below` and `equals` need the `field` they apply to")
        return self

    def counts(self, topic: str, producer: str, value: object) -> bool:
        """Return whether a message with this value satisfies the condition once."""
        if not (fnmatchcase(topic, self.item) and fnmatchcase(producer, self.producer)):
            return False
        if not self.field:
            return True
        found = field_of(value, self.field)
        if self.equals is not None and found != self.equals:
            return False
        if self.above is None and self.below is None:
            return found is not None
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        return (self.above is None or found > self.above) and (self.below is None or found < self.below)


@dataclass(frozen=True)
class Change:
    """A trouble began or is over."""

    condition: Condition
    trouble: bool
    text: str


class Watch:
    """Follows one condition.

    Parameters
    ----------
    condition
        What is followed.
    clock
        Monotonic seconds.
    trouble
        Whether there was trouble already, when it was last followed.
    """

    def __init__(self, condition: Condition, clock: Callable[[], float], *, trouble: bool = False) -> None:
        self.condition, self._clock = condition, clock
        self._began = clock()
        # the last `amount` times are all that the decision needs
        self._seen: deque[float] = deque(maxlen=condition.amount)
        self._value: object = None
        self.trouble = trouble

    def see(self, topic: str, producer: str, value: object) -> None:
        """Take a message into account."""
        if self.condition.counts(topic, producer, value):
            self._seen.append(self._clock())
            self._value = field_of(value, self.condition.field) if self.condition.field else None

    def judge(self) -> Change | None:
        """Return what changed since the last call, if anything did."""
        now, condition = self._clock(), self.condition
        enough = len(self._seen) == condition.amount and now - self._seen[0] <= condition.interval
        # before a whole interval has passed, that something was not seen proves nothing
        if enough or now - self._began >= condition.interval:
            trouble = enough is (condition.condition is Trigger.SATISFIED)
        else:
            trouble = self.trouble
        if trouble == self.trouble:
            return None
        self.trouble = trouble
        return Change(condition, trouble, self._text(trouble))

    def _text(self, trouble: bool) -> str:
        condition = self.condition
        return (condition.message if trouble else condition.recovery_message).format(
            name=condition.name,
            item=condition.item,
            value=self._value,
            amount=condition.amount,
            interval=written(condition.interval),
        )


def field_of(value: object, path: str) -> Any:
    """Return the field of nested dicts that a path with dots names, None if there is none.

    A key that holds dots itself is found too.
    """
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return value[path]
    first, _, rest = path.partition(".")
    return field_of(value.get(first), rest) if rest else None
