"""What is counted, and its arithmetic: everything here adds up, over jobs and over restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dsa_hcal_assets.daq.statistics.latency import LatencyHistogram


class Direction(StrEnum):
    """Which way messages went, seen from the job that counts."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages that went one way.

    Attributes
    ----------
    messages
        How many.
    bytes
        Lengths of their payloads, summed: what was really moved, not handles to it.
    last_ns
        When the last one went, UTC, nanoseconds since 1970; 0: never.
    """

    messages: int = 0
    bytes: int = 0
    last_ns: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.messages + other.messages, self.bytes + other.bytes, max(self.last_ns, other.last_ns)
        )

    def __sub__(self, earlier: "Traffic") -> "Traffic":
        return Traffic(self.messages - earlier.messages, self.bytes - earlier.bytes, self.last_ns)


@dataclass(frozen=True, slots=True)
class Route:
    """Where messages come from or go to.

    Attributes
    ----------
    direction
        In or out.
    producer
        Who made them; the job itself for those going out.
    topic
        Their topic; `OTHER_TOPICS` once a job has had too many to list.
    """

    direction: Direction
    producer: str
    topic: str


OTHER_TOPICS = "(other topics)"


@dataclass(frozen=True, slots=True)
class RouteTraffic:
    """A route, and what went along it."""

    route: Route
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Counters:
    """All that a job counts since its process began.

    Attributes
    ----------
    routes
        Traffic by route, each route once.
    latency
        From `send` to this job's receiving it, over all it received.
    dropped
        Live messages this job could not hand to the broker.
    gaps
        Live messages of a producer that this job missed, by producer.
    """

    routes: tuple[RouteTraffic, ...] = ()
    latency: LatencyHistogram = field(default_factory=LatencyHistogram)
    dropped: int = 0
    gaps: Mapping[str, int] = field(default_factory=dict)

    def total(self, direction: Direction) -> Traffic:
        """Return the traffic of all routes of one direction."""
        return sum((one.traffic for one in self.routes if one.route.direction is direction), start=Traffic())

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(
            _added(self.routes, other.routes),
            self.latency + other.latency,
            self.dropped + other.dropped,
            _sum(self.gaps, other.gaps, 1),
        )

    def __sub__(self, earlier: "Counters") -> "Counters":
        """Return what was counted after `earlier`, a record of the same process."""
        before = {one.route: one.traffic for one in earlier.routes}
        return Counters(
            tuple(
                RouteTraffic(one.route, one.traffic - before.get(one.route, Traffic())) for one in self.routes
            ),
            self.latency - earlier.latency,
            self.dropped - earlier.dropped,
            _sum(self.gaps, earlier.gaps, -1),
        )


def _added(first: tuple[RouteTraffic, ...], second: tuple[RouteTraffic, ...]) -> tuple[RouteTraffic, ...]:
    sums: dict[Route, Traffic] = {}
    for one in (*first, *second):
        sums[one.route] = sums.get(one.route, Traffic()) + one.traffic
    return tuple(RouteTraffic(route, traffic) for route, traffic in sums.items())


def _sum(first: Mapping[str, int], second: Mapping[str, int], sign: int) -> dict[str, int]:
    return {name: first.get(name, 0) + sign * second.get(name, 0) for name in first.keys() | second.keys()}
