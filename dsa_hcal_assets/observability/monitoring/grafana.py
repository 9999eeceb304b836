"""Dashboards in Grafana's own types (its Foundation SDK), and the files that provision them.

Only the generator imports this: the SDK is a tool of development (extra ``dev``), the JSON it writes is
kept in ``deploy/grafana``.
"""

import json
from typing import Any

import yaml
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import GraphDrawStyle
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dsa_hcal_assets.observability.monitoring.panels import Dashboard, Panel, PromQl, Sql, Variable
from dsa_hcal_assets.observability.monitoring.prometheus_files import GENERATED

POSTGRES = DataSourceRef("grafana-postgresql-datasource", "dsa-hcal-postgres")
PROMETHEUS = DataSourceRef("prometheus", "dsa-hcal-prometheus")
HEIGHTS = {"number": 4, "lines": 8, "bars": 8, "table": 9}
_Visualisation = timeseries.Panel | stat.Panel | table.Panel


class _PostgresQuery(Dataquery, Builder[Dataquery]):
    """A query of the PostgreSQL data source, for which the SDK has no type."""

    def __init__(self, query: Sql, form: str) -> None:
        self._query, self._form = query, form

    def build(self) -> Dataquery:
        """Return itself: there is nothing to be made."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return what Grafana stores."""
        return {
            "refId": "A",
            "datasource": POSTGRES.to_json(),
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": self._query.text.strip(),
            "format": self._form,
        }


def dashboard_file(content: Dashboard) -> str:
    """Return a dashboard as the JSON that Grafana loads."""
    built = (
        dashboard.Dashboard(content.title)
        .uid(content.uid)
        .description(content.text)
        .tags(["dsa-hcal"])
        .time(content.since, "now")
        .refresh("1m")
        .timezone("utc")
        .readonly()
    )
    for variable in content.variables:
        built = built.with_variable(_variable(variable))
    for title, panels in content.rows:
        built = built.with_row(dashboard.Row(title))
        for panel in panels:
            built = built.with_panel(_panel(panel))
    return json.dumps(built.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _panel(panel: Panel) -> _Visualisation:
    made = (
        _visualisation(panel)
        .title(panel.title)
        .unit(panel.unit)
        .span(panel.width)
        .height(HEIGHTS[panel.view])
        .thresholds(_limits(panel))
    )
    if panel.text:
        made = made.description(panel.text)
    if isinstance(panel.query, Sql):
        form = "time_series" if panel.view in ("lines", "bars") else "table"
        return made.datasource(POSTGRES).with_target(_PostgresQuery(panel.query, form))
    made = made.datasource(PROMETHEUS)
    for number, query in enumerate(panel.query):
        made = made.with_target(_prometheus_query(query, "ABCDEFGH"[number]))
    return made


def _visualisation(panel: Panel) -> _Visualisation:
    if panel.view == "table":
        return table.Panel()
    if panel.view == "number":
        last = common.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().reduce_options(last)
    lines = timeseries.Panel().legend(common.VizLegendOptions().show_legend(True)).span_nulls(False)
    return lines.draw_style(GraphDrawStyle.BARS).fill_opacity(60) if panel.view == "bars" else lines


def _limits(panel: Panel) -> dashboard.ThresholdsConfig:
    # Grafana's lowest step has no value: it holds below all others
    steps = [
        Threshold(value=None, color="green"),
        *(Threshold(value, color) for value, color in panel.limits),
    ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _prometheus_query(query: PromQl, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(name)


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(POSTGRES)
        .query(variable.query.text)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.NUMERICAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def datasources_file() -> str:
    """Return the provisioning of both data sources; Grafana's environment has addresses and password."""
    return _provisioning(
        {
            "datasources": [
                {
                    "name": "dsa-hcal Prometheus",
                    "type": PROMETHEUS.type_val,
                    "uid": PROMETHEUS.uid,
                    "access": "proxy",
                    "url": "http://${DSA_HCAL_PROMETHEUS}",
                },
                {
                    "name": "dsa-hcal database",
                    "type": POSTGRES.type_val,
                    "uid": POSTGRES.uid,
                    "access": "proxy",
                    "url": "${DSA_HCAL_POSTGRES}",
                    "user": "dsa_hcal_reader",
                    "secureJsonData": {"password": "${DSA_HCAL_READER_PASSWORD}"},
                    "jsonData": {"database": "dsa_hcal", "sslmode": "disable", "maxOpenConns": 4},
                },
            ]
        }
    )


def folders_file() -> str:
    """Return the provisioning of the dashboards' directory."""
    return _provisioning(
        {
            "providers": [
                {
                    "name": "dsa-hcal",
                    "folder": "DSA-110 and HCal",
                    "type": "file",
                    "allowUiUpdates": False,
                    "options": {"path": "${DSA_HCAL_DASHBOARDS}"},
                }
            ]
        }
    )


def _provisioning(content: dict[str, Any]) -> str:
    return GENERATED + yaml.safe_dump({"apiVersion": 1, **content}, sort_keys=False, width=110)
