"""The example shows a processed file with the standard library alone, on a free port, in the browser."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dsa_hcal_assets.rig.acquisition import acquire
from dsa_hcal_assets.rig.cleaning import PROCESSED_COLUMNS, clean
from dsa_hcal_assets.rig.csv_text import processed_text
from dsa_hcal_assets.rig.kpis import kpis
from dsa_hcal_assets.rig.readings import read_file
from dsa_hcal_assets.settings.rig import RigSettings
from dsa_hcal_assets.simulation.rig import simulate

SCRIPT = Path(__file__).parents[2] / "examples" / "rig" / "static_page.py"
# -I: nothing of the user's; -S: no installed package
PYTHON = [sys.executable, "-I", "-S", str(SCRIPT)]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    readings = simulate(datetime(2025, 6, 5, tzinfo=UTC), rows=240, step_minutes=6, seed=1, anomalies=0.05)
    (raw,) = acquire(readings, tmp_path_factory.mktemp("raw"))
    return clean(read_file(raw).frame, RigSettings())


@pytest.fixture
def processed(result, tmp_path):
    path = tmp_path / "processed.csv"
    path.write_bytes(processed_text(result.frame))
    return path


def run(*words):
    return subprocess.run(
        [*PYTHON, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


class Elements(HTMLParser):
    """All elements of a page, and the texts of key figures."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.figures, self._open = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data):
        if self._open == "dd":
            self.figures.append(data)
        self._open = ""


def test_the_page_has_the_key_figures_and_every_alert_as_a_dot(processed, result):
    assert run(processed, "--only-write").returncode == 0
    page = Elements(processed.with_suffix(".html").read_text())
    figures = kpis(result)
    assert page.figures == [
        f"{figures.avg_temp:.2f} °C", f"{figures.avg_pressure:.1f} kPa", str(figures.alert_count),
        f"{figures.uptime_hours:.1f} h", str(result.kept),
    ]  # fmt: skip
    dots = [attributes["class"] for tag, attributes in page.tags if tag == "circle"]
    assert dots.count("red") == figures.alert_count > 0
    assert dots.count("yellow") == (result.frame["pressure_alert"] == "yellow").sum() > 0


def test_the_page_needs_nothing_from_elsewhere(processed, tmp_path):
    output = tmp_path / "page.html"
    run(processed, "-o", output, "--only-write")
    page = Elements(output.read_text())
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe"}
    assert not [name for _, attributes in page.tags for name in attributes if name in ("src", "href")]
    assert "url(" not in output.read_text()


def test_a_year_of_readings_is_a_line_that_keeps_its_extremes(tmp_path):
    path = tmp_path / "long.csv"
    rows = [
        f"2025-01-{1 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00Z,60,1000,1,0,0,none,none"
        for n in range(40_000)
    ]
    rows[31_234] = rows[31_234].replace(",60,", ",99,")
    path.write_text("\n".join([",".join(PROCESSED_COLUMNS), *rows]))
    run(path, "--only-write")
    temperature = re.search(r'points="([^"]*)"', path.with_suffix(".html").read_text())[1].split()
    assert len(temperature) <= 2000
    heights = [float(point.split(",")[1]) for point in temperature]
    assert min(heights) < 0.2 * max(heights)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("timestamp,temperature\n", "no processed file of the rig: column pressure, uptime"),
        (None, "cannot be read"),
        ("{head}\n", "has no readings"),
        ("{head}\n2025-06-05T00:00:00Z,warm,1,1,0,0,none,none\n", "row 2: could not convert"),
        ("{head}\n2025-06-05T00:00:00Z,inf,1,1,0,0,none,none\n", "row 2: a value is no number"),
        ("{head}\n2025-06-05T00:00:00Z,1\n", "row 2"),
    ],
)
def test_what_is_no_processed_file_is_refused_in_words(tmp_path, processed, content, said):
    path = tmp_path / "other.csv"
    if content is not None:
        path.write_text(content.format(head=processed.read_text().partition("\n")[0]))
    found = run(path, "--only-write")
    assert found.returncode == 1
    assert said in found.stderr
    assert "Traceback" not in found.stderr
    assert not path.with_suffix(".html").exists()


def test_it_is_served_on_a_free_port_and_opened_until_it_is_interrupted(processed, tmp_path):
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    environment = {**os.environ, "BROWSER": str(browser)}
    with subprocess.Popen(
        [*PYTHON, str(processed)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        # tests that a script started with "&" ignore the signal, and so would their children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as serving:
        try:
            lines = [serving.stdout.readline() for _ in range(2)]
            address = re.search(r"http://127\.0\.0\.1:\d+/", lines[1])[0]
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert answer.read() == processed.with_suffix(".html").read_bytes()
            assert opened.read_text() == address
        finally:
            serving.send_signal(signal.SIGINT)
        assert serving.wait(20) == 0
