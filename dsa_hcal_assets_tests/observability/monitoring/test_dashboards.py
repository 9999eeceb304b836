"""Every query of every dashboard is run: SQL on a filled database, PromQL by Prometheus' own parser.

Grafana itself does not run here; its macros and variables are put in by the few lines of `expanded`.
"""

import re
import subprocess
from datetime import datetime, timedelta
from itertools import combinations
from numbers import Number

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database import roles
from dsa_hcal_assets.observability.catalogue import CATALOGUE
from dsa_hcal_assets.observability.metric import PREFIX, Kind
from dsa_hcal_assets.observability.monitoring.dashboards import DASHBOARDS
from dsa_hcal_assets.observability.monitoring.grafana import dashboard_file
from dsa_hcal_assets.observability.monitoring.panels import PromQl, Sql
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets_tests.observability import filled
from dsa_hcal_assets_tests.programs import program_of

SHOWN = timedelta(hours=26)
SQL_PANELS = {
    f"{one.title}: {panel.title}": (one, panel)
    for one in DASHBOARDS
    for panel in one.panels
    if isinstance(panel.query, Sql)
}
PROMQL = [
    query
    for one in DASHBOARDS
    for panel in one.panels
    for query in panel.queries
    if isinstance(query, PromQl)
]


@pytest.fixture(scope="module")
def reader(server, migrated_template):
    """Connections of the role that Grafana gets, to a filled database."""
    with filled.filled_database(server, migrated_template, "test_dashboards") as database:
        reader = roles.reading(database)
        yield reader
        reader.close()


def expanded(query, dashboard, reader, now):
    """Return a query as Grafana sends it: of the time that is shown, with all of each variable chosen."""
    text = re.sub(
        r"\$__timeFilter\(([\w.:]+)\)", rf"\1 between '{now - SHOWN:%FT%TZ}' and '{now:%FT%TZ}'", query
    )
    for variable in dashboard.variables:
        values = [value for (value,) in reader.rows(variable.query.text)]
        assert values, variable.name
        text = text.replace(f"${variable.name}", ", ".join(f"'{value}'" for value in values))
    assert "$" not in text, text
    return text


@pytest.mark.parametrize("name", SQL_PANELS)
def test_a_query_of_the_database_gives_what_its_panel_needs(reader, name):
    dashboard, panel = SQL_PANELS[name]
    now = utc_now()
    with reader.transaction() as cursor:
        cursor.execute(expanded(panel.query.text, dashboard, reader, now))
        columns = [one.name for one in cursor.description]
        rows = cursor.fetchall()
    assert rows, "nothing is shown"
    if panel.view in ("lines", "bars"):
        assert columns[0] == "time"
        assert columns[1:-1] in ([], ["metric"])
        assert all(now - SHOWN <= row[0] <= now and row[0].tzinfo for row in rows)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        assert all(isinstance(row[1], str) for row in rows if len(row) == 3)
        assert all(isinstance(row[-1], Number | None) for row in rows)
        assert any(row[-1] is not None for row in rows)
    if panel.view == "number":
        assert (len(rows), len(columns)) == (1, 1)
        assert not isinstance(rows[0][0], datetime)


def test_what_is_shown_is_what_is_there(reader):
    """Truth of some panels, from how the database was filled."""

    def shown(name):
        dashboard, panel = SQL_PANELS[name]
        return reader.rows(expanded(panel.query.text, dashboard, reader, utc_now()))

    half_sectors = shown("HCal shifter: Half-sectors now")
    assert len(half_sectors) == 128
    label, gain, temperature, leakage, bias, offsets, led, pin_diode = half_sectors[127]
    assert (label, gain, float(temperature), float(leakage)) == ("I-31S", "normal", 21.27, 0.5)
    assert (float(bias), offsets, led, float(pin_diode)) == (66, 0, "On", 72)
    assert shown("HCal shifter: Boards that give no readings") == [(1,)]
    assert shown("HCal shifter: Bias channels tripped") == [(1,)]
    trips = shown("HCal expert: bias: Trips")
    assert {row[1] for row in trips} == {"O-05"}
    over_set = shown("HCal expert: bias: Measured minus set")
    assert max(value for _, _, value in over_set) == pytest.approx(0.063, abs=1e-4)
    ages = {
        row[1]
        for row in shown("DSA operations: Quick looks: from the landing of the last subband")
        if row[2] == 22
    }
    assert ages == {"judged"}
    stages = {row[0]: row for row in shown("Platform: Stages")}
    assert stages["continuum_image"][1:6] == (40, 0, 20, 20, 20)


def test_measured_numbers_are_those_that_are_judged():
    """A panel of a metric that nobody measures would stay empty for ever."""
    judged = Thresholds.load()
    for name, (_, panel) in SQL_PANELS.items():
        for stage, metric in re.findall(r"stage = '(\w+)' and metric = '(\w+)'", panel.query.text):
            assert metric in {one.metric for one in judged.of_stage(stage)}, name


@pytest.mark.promtool
def test_prometheus_parses_every_query(tmp_path):
    rules = [{"record": f"query:{number}", "expr": query.expr} for number, query in enumerate(PROMQL)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    command = [program_of("promtool"), "check", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(PROMQL)} rules found" in checked.stdout


def test_queries_of_prometheus_use_names_and_labels_of_the_catalogue_only():
    known = {one.name: set(one.labels) for one in CATALOGUE}
    for one in CATALOGUE:
        if one.kind is Kind.HISTOGRAM:
            known |= {f"{one.name}_bucket": {*one.labels, "le"}, f"{one.name}_count": set(one.labels)}
    for query in PROMQL:
        for name, labels in re.findall(rf"({PREFIX}\w+)(?:{{([^}}]*)}})?", query.expr):
            assert name in known
            assert set(re.findall(r"(\w+)=", labels)) <= known[name]
            wanted = set(re.findall(r"{{(\w+)}}", query.legend))
            grouped = set(
                re.findall(r"by \(([\w, ]+)\)", query.expr)[-1].split(", ") if "by (" in query.expr else []
            )
            assert wanted <= (grouped or known[name]), query


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)
def test_grafana_gets_panels_side_by_side(dashboard):
    loaded = GrafanaDashboard.from_json(yaml.safe_load(dashboard_file(dashboard)))
    panels = [one for one in loaded.panels if one.type_val != "row"]
    assert [one.title for one in panels] == [one.title for one in dashboard.panels]
    places = [(one.grid_pos.x, one.grid_pos.y, one.grid_pos.w, one.grid_pos.h) for one in loaded.panels]
    assert all(x + width <= 24 for x, _, width, _ in places)
    for (x, y, width, height), (x2, y2, width2, height2) in combinations(places, 2):
        assert x + width <= x2 or x2 + width2 <= x or y + height <= y2 or y2 + height2 <= y
