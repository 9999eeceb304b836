"""What a dashboard shows, before it is anybody's format: panels of SQL or PromQL queries, in rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

View = Literal["lines", "number", "table", "bars"]
FULL, HALF, THIRD, QUARTER = 24, 12, 8, 6
"""Widths, of Grafana's 24 columns."""


@dataclass(frozen=True)
class Sql:
    """A query of the platform's database.

    Lines need the columns ``time``, ``metric`` (text, optional) and one number. Grafana replaces
    ``$__timeFilter(column)`` by the interval shown and ``$name`` by what was chosen of a variable.
    """

    text: str


@dataclass(frozen=True)
class PromQl:
    """A query of Prometheus; `legend` names the series, ``{{label}}`` is filled in."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel.

    Parameters
    ----------
    title
        What it shows, with the unit where `unit` has no sign for it.
    query
        Where its numbers come from: one query of the database, or some of Prometheus.
    view
        How they are shown.
    unit
        Grafana's name of the unit: s, bytes, celsius, volt, amp, percentunit, short ...
    width
        Columns of 24.
    limits
        Value and colour from which it is coloured otherwise than green, rising.
    text
        What has to be known to read it.
    """

    title: str
    query: Sql | Sequence[PromQl]
    view: View = "lines"
    unit: str = "short"
    width: int = HALF
    limits: Sequence[tuple[float, str]] = ()
    text: str = ""

    @property
    def queries(self) -> Sequence[Sql | PromQl]:
        """Its queries."""
        return [self.query] if isinstance(self.query, Sql) else self.query


@dataclass(frozen=True)
class Variable:
    """A choice on top of a dashboard: the rows of a query; at first all are chosen."""

    name: str
    label: str
    query: Sql


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: `rows` are titles with their panels; `since` is what is shown at first, as now-6h."""

    uid: str
    title: str
    text: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    variables: Sequence[Variable] = field(default=())
    since: str = "now-6h"

    @property
    def panels(self) -> list[Panel]:
        """Panels of all rows."""
        return [panel for _, panels in self.rows for panel in panels]
