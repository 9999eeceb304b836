"""Services that fail and disks that fill are told by the supervisor, also while the database is away."""

import http.server
import json
import threading
from typing import ClassVar

import pytest

from dsa_hcal_assets.alerts.record import open_alerts
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.services.status import ServiceStatus, State
from dsa_hcal_assets.services.watching import FailingServices, Teller, Watcher
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.watch import WatchSettings

PATIENCE = 60.0
LARGER_THAN_ANY_DISK = 1e9


def failing(*states):
    """The seconds at which a service is told that is in these states, ten seconds apart."""
    services = FailingServices(PATIENCE)
    return [
        10 * number
        for number, state in enumerate(states)
        if services.conditions({"daemon": ServiceStatus("daemon", state)}, 10.0 * number)
    ]


def test_a_service_is_down_after_a_minute_of_failing_whatever_it_tries_in_between():
    up, bad, trying = State.READY, State.BACKING_OFF, State.STARTING
    assert failing(up, bad, trying, bad, trying, State.CRASH_LOOP, bad, trying, bad, up) == [70, 80]


def test_a_restart_that_succeeds_within_the_minute_is_nobodys_concern():
    up, bad = State.READY, State.UNHEALTHY
    assert failing(bad, bad, bad, bad, bad, bad, up, bad, bad, bad, bad) == []


def test_a_platform_that_is_slow_to_start_is_not_down():
    assert failing(*[State.WAITING] * 10, *[State.STARTING] * 10, State.READY) == []


def test_one_job_that_is_done_is_not_down():
    assert failing(*[State.DONE] * 20) == []


@pytest.fixture
def platform(database, tmp_path):
    """Make an installation whose disks are held to limits."""
    made = []

    def platform(gigabytes, **settings):
        limits = WatchSettings(disk_warning_gb=gigabytes, disk_critical_gb=gigabytes, service_down_seconds=0)
        chosen = {"state_dir": tmp_path, "database_url": database.url, "watch": limits} | settings
        made.append(Installation(Settings(**chosen)))
        return made[-1]

    yield platform
    for installation in made:
        installation.database.close()


def told(database):
    return {entry.alert.category: entry.alert for entry in open_alerts(database)}


def test_a_disk_without_room_and_a_dead_service_are_told_until_they_are_mended(platform, database):
    services = {"webserver": ServiceStatus("webserver", State.CRASH_LOOP, detail="exit code 1", log="w.log")}
    watcher = Watcher(platform(LARGER_THAN_ANY_DISK), lambda: services)
    watcher.look()
    watcher.look()
    alerts = told(database)
    assert set(alerts) == {"disk", "service"}
    assert {alert.severity.value for alert in alerts.values()} == {"critical"}
    assert alerts["service"].title == "service webserver is down"
    assert "crash loop: exit code 1" in alerts["service"].message
    services["webserver"] = ServiceStatus("webserver", State.READY)
    watcher.look()
    assert set(told(database)) == {"disk"}
    Watcher(platform(0), lambda: services).look()  # a later supervisor finds room
    assert told(database) == {}


def test_it_looks_by_itself_until_it_is_stopped(platform, database):
    looks = threading.Semaphore(0)

    def services():
        looks.release()
        return {}

    watcher = Watcher(platform(0), services, look_seconds=0.01)
    watcher.start()
    assert looks.acquire(timeout=20)
    assert looks.acquire(timeout=20)
    watcher.stop()


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes what a webhook sends."""

    taken: ClassVar[list[str]]

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.taken.append(body["title"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    class Own(Sink):
        taken: ClassVar[list[str]] = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", Own.taken
        server.shutdown()
        thread.join()


def test_without_the_database_people_hear_once_and_of_the_end_too(platform, database, sink):
    url, heard = sink
    installation = platform(0, webhook_url=url)
    down = FailingServices(0).conditions({"database": ServiceStatus("database", State.UNHEALTHY)}, 0.0)
    teller = Teller(installation)
    installation.database = Database("postgresql://nobody@127.0.0.1:9/none", connect_seconds=1)
    for _ in range(3):
        teller.tell("services", down)
    assert heard == ["service database is down"]
    installation.database = Database(database.url)
    for _ in range(2):
        teller.tell("services", [])
    assert database.rows("select severity, title from platform.alert") == [
        ("critical", "service database is down")
    ]
    told_and_due = [("raised", "sent"), ("recovered", "due")]
    assert database.rows("select kind, state from platform.alert_delivery order by id") == told_and_due
    assert told(database) == {}


def test_while_the_service_of_the_alerts_is_down_the_supervisor_tells_what_is_due(platform, database, sink):
    url, heard = sink
    services = {"alerts": ServiceStatus("alerts", State.CRASH_LOOP)}
    Watcher(platform(0, webhook_url=url), lambda: services).look()
    assert heard == ["service alerts is down"]
