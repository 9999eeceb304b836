"""A real Prometheus with the generated files scrapes the real API, fires on trouble, answers dashboards."""

import threading
import time

import httpx
import pytest
import uvicorn
import yaml

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.observability.monitoring.dashboards import DASHBOARDS
from dsa_hcal_assets.observability.monitoring.panels import PromQl
from dsa_hcal_assets.observability.monitoring.prometheus_files import (
    RULES_FILE,
    configuration_file,
    rules_file,
)
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.observability import filled
from dsa_hcal_assets_tests.private_servers import HOST, prometheus

pytestmark = pytest.mark.prometheus
SECONDS = 60


@pytest.fixture
def api(database, tmp_path):
    """Address of the API over a filled database, served by a real server."""
    filled.fill(database, utc_now())
    app = create_app(Settings(state_dir=tmp_path, database_url=database.url))
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(SECONDS)


@pytest.fixture
def asked(api, tmp_path):
    """Ask a Prometheus that has the generated rules and looks each second."""
    home = tmp_path / "prometheus"
    home.mkdir()
    (home / RULES_FILE).write_text(rules_file())
    content = yaml.safe_load(configuration_file(Settings(api_host=HOST, api_port=api)))
    content["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration = home / "prometheus.yml"
    configuration.write_text(yaml.safe_dump(content))
    server = prometheus(home, configuration)
    server.start()
    with httpx.Client(base_url=f"http://{HOST}:{server.port}/api/v1", timeout=SECONDS) as client:

        def asked(path, **parameters):
            answer = client.get(path, params=parameters).json()
            assert answer["status"] == "success", answer
            return answer["data"]

        yield asked
    server.stop()


def until(reached):
    deadline = time.monotonic() + SECONDS
    while not (found := reached()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)
    return found


def test_it_scrapes_fires_and_answers_every_panel(asked):
    until(lambda: [one for one in asked("query", query="up")["result"] if one["value"][1] == "1"])
    (target,) = asked("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")

    def firing():
        return {
            one["labels"]["alertname"]: one for one in asked("alerts")["alerts"] if one["state"] == "firing"
        }

    tripped = until(lambda: firing().get("SupplyTripped"))
    assert tripped["labels"]["severity"] == "critical"
    assert tripped["annotations"]["summary"] == "1 channels of the bias supplies have tripped"
    assert "DatabaseDown" not in firing()
    # a board that does not answer is no trouble before two cycles are over
    states = {one["labels"]["alertname"]: one["state"] for one in asked("alerts")["alerts"]}
    assert states["BoardDown"] == "pending"

    for query in (one for panel in _panels() for one in panel.queries if isinstance(one, PromQl)):
        asked("query", query=query.expr)
    (margin,) = asked("query", query=_query("Real-time margin"))["result"]
    assert float(margin["value"][1]) == pytest.approx(24 * 12.885 - filled.PROCESSING_SECONDS, abs=0.01)


def _panels():
    return [panel for one in DASHBOARDS for panel in one.panels]


def _query(title):
    (panel,) = [one for one in _panels() if one.title == title]
    return panel.query[0].expr
