"""A storm of 10,000 events: all in the history, the limits hold, and one digest tells the rest."""

import subprocess
import sys
from collections import Counter

from dsa_hcal_assets.alerts.delivery import deliver_due
from dsa_hcal_assets.alerts.outlets import Limits
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets_tests.alerts.receivers import http_receiver, wait_until

EVENTS, RAISERS, LIMIT = 10_000, 4, 10
CATEGORIES, SEVERITIES = ("check", "disk", "run", "trip"), ("warning", "error", "critical")

RAISE = f"""
import sys
from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.database.connection import Database
url, first, step, last = sys.argv[1], *map(int, sys.argv[2:])
database, channel = Database(url), WebhookChannel("http://127.0.0.1:9/")
categories, severities = {CATEGORIES}, {SEVERITIES}
for number in range(first, last, step):
    severity = Severity(severities[number // len(categories) % len(severities)])
    alert = Alert(severity, categories[number % len(categories)], f"event {{number}}")
    raise_alert(database, alert, [channel])
"""

DELIVER = """
import sys, threading
from dsa_hcal_assets.alerts.delivery import follow
from dsa_hcal_assets.alerts.outlets import Outlets
from dsa_hcal_assets.alerts.webhook import WebhookChannel
from dsa_hcal_assets.database.connection import Database
url, receiver = sys.argv[1:]
follow(Database(url), Outlets({"webhook": WebhookChannel(receiver)}, []), threading.Event())
"""


def test_a_storm_of_events_from_several_processes(database):
    with http_receiver() as receiver:
        deliverers = [python(DELIVER, database.url, receiver.url) for _ in range(2)]
        raisers = [
            python(RAISE, database.url, str(first), str(RAISERS), str(EVENTS)) for first in range(RAISERS)
        ]
        try:
            for one in raisers:
                assert one.wait(200) == 0, one.stderr.read()
            kinds = len(CATEGORIES) * len(SEVERITIES)
            wait_until(lambda: len(receiver.taken) >= kinds * LIMIT, 60)
            with database.transaction() as cursor:
                cursor.execute("update platform.alert_window set ends_at = clock_timestamp()")
            wait_until(lambda: windows(database) == [(kinds, kinds)], 60)
        finally:
            for one in (*raisers, *deliverers):
                one.kill()
                one.communicate(timeout=10)
        deliver_due(database, WebhookChannel(receiver.url), Limits())

    titles = {title for (title,) in database.rows("select title from platform.alert")}
    assert titles == {f"event {number}" for number in range(EVENTS)}
    of_kind = Counter((body["event"], body["category"], body["severity"]) for body in receiver.taken)
    kinds_told = [(category, severity) for category in CATEGORIES for severity in SEVERITIES]
    assert of_kind == {
        **{("raised", *kind): LIMIT for kind in kinds_told},
        **{("digest", *kind): 1 for kind in kinds_told},
    }
    assert sum(body.get("count", 1) for body in receiver.taken) == EVENTS
    assert database.rows(
        "select state, count(*) from platform.alert_delivery group by state order by state"
    ) == [("digested", EVENTS - len(kinds_told) * LIMIT), ("sent", len(kinds_told) * LIMIT)]


def windows(database) -> list[tuple]:
    return database.rows(
        "select count(*), count(*) filter (where closed_at is not null) from platform.alert_window"
    )


def python(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stderr=subprocess.PIPE if program is RAISE else subprocess.DEVNULL,
        text=True,
    )
