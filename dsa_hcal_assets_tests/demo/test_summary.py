"""The table at the end of a demo: every product with verdict, seconds and a place to look."""

import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from rich.console import Console

from dsa_hcal_assets.demo.expectations import Seen, Standing
from dsa_hcal_assets.demo.summary import link, show, step_seconds

WEB, API = "http://127.0.0.1:3110", "http://127.0.0.1:8110"
GROUP = "2025-06-05T20:37:07"


def run(partition, **steps):
    return {
        "tags": [{"key": "dagster/partition", "value": partition}],
        "stepStats": [
            {"stepKey": key, "startTime": begun, "endTime": ended} for key, (begun, ended) in steps.items()
        ],
    }


@contextmanager
def dagster(status, *answers):
    """A server that answers queries like Dagster's: with each list of runs once, with the last for ever."""
    bodies = [json.dumps({"data": {"runsOrError": {"results": runs}}}).encode() for runs in answers]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            body = bodies.pop(0) if len(bodies) > 1 else bodies[0]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_newest_finished_execution_of_each_step_is_timed():
    runs = [
        run("2026-01-02", rig_clean=(100.0, None), rig_kpis=(100.0, 100.5)),
        run("2026-01-02", rig_clean=(10.0, 12.0), rig_kpis=(12.0, 20.0)),
        run("2026-01-03", rig_clean=(1.0, 8.0)),
    ]
    with dagster(200, runs) as address:
        assert step_seconds(address) == {
            ("rig_clean", "2026-01-02"): 2.0,
            ("rig_kpis", "2026-01-02"): 0.5,
            ("rig_clean", "2026-01-03"): 7.0,
        }


def test_the_end_of_a_step_that_is_just_being_recorded_is_waited_for():
    at_work, done = run("2026-01-02", rig_kpis=(1.0, None)), run("2026-01-02", rig_kpis=(1.0, 3.0))
    wanted = [("rig_kpis", "2026-01-02")]
    with dagster(200, [at_work], [at_work], [done]) as address:
        assert step_seconds(address, wanted) == {wanted[0]: 2.0}


def test_what_never_ended_is_left_out_after_a_while():
    with dagster(200, [run("2026-01-02", rig_kpis=(1.0, None))]) as address:
        assert step_seconds(address, [("rig_kpis", "2026-01-02")], patience=0.1) == {}


def test_a_refusal_is_no_empty_result():
    with dagster(500, []) as address, pytest.raises(httpx.HTTPStatusError):
        step_seconds(address)


def test_a_report_is_linked_as_a_page_everything_else_in_the_ui():
    report = Seen("radio_qa_report", GROUP, Standing.PASSED, 12)
    image = Seen("continuum_image", GROUP, Standing.PASSED, 11)
    assert link(report, webserver=WEB, api=API) == f"{API}/products/12/report.html"
    assert (
        link(image, webserver=WEB, api=API)
        == f"{WEB}/assets/continuum_image?partition=2025-06-05T20%3A37%3A07"
    )


def test_a_report_that_is_missing_is_looked_for_in_the_ui():
    missing = Seen("rig_kpis", "2026-01-02", Standing.MISSING)
    assert link(missing, webserver=WEB, api=API).startswith(f"{WEB}/assets/rig_kpis")


@pytest.mark.parametrize("standing", Standing)
def test_every_product_is_a_line_whatever_its_standing(standing):
    out = io.StringIO()
    seen = [Seen("rig_kpis", "2026-01-02", standing, 3), Seen("flags", GROUP, standing)]
    show(Console(file=out, width=160), seen, {("rig_kpis", "2026-01-02"): 1.25}, webserver=WEB, api=API)
    lines = [line for line in out.getvalue().splitlines() if "rig_kpis" in line or "flags" in line]
    assert len(lines) == 2
    assert f"{standing}" in lines[0]
    assert "1.2" in lines[0]
    assert "report.html" in lines[0]


def test_a_webserver_that_is_away_costs_the_times_and_nothing_else():
    with dagster(200, []) as address:
        pass
    assert step_seconds(address, [("rig_kpis", "2026-01-02")], patience=0.1) == {}
