"""What a metric is called, what it counts, and the sample families made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

PREFIX = "dsa_hcal_"
Labels = tuple[str, ...]


class Kind(Enum):
    """What may be done with the values of a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class MetricName:
    """A metric of the catalogue.

    Parameters
    ----------
    name
        Its name as Prometheus shows it; ends with its base unit, or with ``_total`` when it only grows.
    text
        What it tells.
    labels
        Names of its labels.
    kind
        What may be done with its values.
    """

    name: str
    text: str
    labels: Labels = ()
    kind: Kind = Kind.GAUGE

    def __str__(self) -> str:
        return self.name

    def family(self, values: Mapping[Labels, float]) -> GaugeMetricFamily | CounterMetricFamily:
        """Return its samples: values by values of `labels`.

        Raises
        ------
        ValueError
            If the number of labels is another one.
        """
        for given in values:
            if len(given) != len(self.labels):
                raise ValueError(f"{self.name} has the labels {self.labels}, values came for {given}")
        made = CounterMetricFamily if self.kind is Kind.COUNTER else GaugeMetricFamily
        family = made(self.name, self.text, labels=self.labels)
        for given, value in values.items():
            family.add_metric(given, value)
        return family

    def one(self, value: float) -> GaugeMetricFamily | CounterMetricFamily:
        """Return its only sample, of a metric without labels."""
        return self.family({(): value})


def gauge(name: str, text: str, *labels: str) -> MetricName:
    """Return a metric that may rise and fall."""
    return MetricName(PREFIX + name, text, labels)


def counter(name: str, text: str, *labels: str) -> MetricName:
    """Return a metric that only rises; its name ends with ``_total``."""
    return MetricName(f"{PREFIX}{name}_total", text, labels, Kind.COUNTER)


def histogram(name: str, text: str, *labels: str) -> MetricName:
    """Return a metric that counts values by size."""
    return MetricName(PREFIX + name, text, labels, Kind.HISTOGRAM)
