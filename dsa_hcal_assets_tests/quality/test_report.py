"""The QA report tells verdict, evidence and origin, offline and without trusting any text."""

import math
import re
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.figures import data_uri, figure, png
from dsa_hcal_assets.quality.report import Figure, Section, Table, quantity, render

GOOD = Verdict("clean", "kept_fraction", 0.985, Level.PASS, True, "1", "warn < 0.9", "Share kept")
BAD = Verdict("kpis", "avg_temp", math.nan, Level.FAIL, True, "deg C", "fail > 150", "Mean", "not measured")


def one_pixel() -> bytes:
    plot = figure(2, 1)
    plot.add_subplot().plot([1, 2], [1, 2])
    return png(plot)


def report(*sections: Section, provenance=None) -> str:
    return render("Test rig", "2025-06-05", sections, provenance or {})


class TestContent:
    PAGE = render(
        "Test rig",
        "2025-06-05",
        [
            Section("Cleaning", [GOOD], [Figure("Temperature over the day", one_pixel())], text="All read."),
            Section("KPIs", [BAD], tables=[Table("Alerts", ["when", "count"], [["06:00", 3]], "red only")]),
        ],
        {
            "run_id": "abc",
            "parameters": {"high": 80},
            "inputs": [{"name": "day.csv", "checksum": "sha256:9f"}],
        },
    )

    @pytest.mark.parametrize(
        "text",
        [
            *("Test rig", "2025-06-05", "Share kept", "clean.kept_fraction", "0.985", "warn &lt; 0.9"),
            *("All read.", "Temperature over the day", "not measured", "red only", "06:00"),
            *("stops everything downstream", "run_id", "abc", "parameters.high", "80", "day.csv  sha256:9f"),
        ],
    )
    def test_everything_a_reader_needs_is_on_the_page(self, text):
        assert text in self.PAGE

    def test_the_head_shows_the_worst_verdict_and_sections_their_own(self):
        assert re.findall(r'class="badge (\w+)', self.PAGE) == ["fail", "pass", "pass", "fail", "fail"]

    def test_figures_are_inside_the_file(self):
        assert data_uri(one_pixel()) in self.PAGE

    def test_nothing_is_fetched_and_nothing_runs(self):
        assert not re.search(r"(src|href)=\"(?!data:|#)", self.PAGE)
        assert "<script" not in self.PAGE
        assert "@import" not in self.PAGE
        assert "url(" not in self.PAGE

    def test_it_follows_the_readers_theme_and_prints(self):
        assert "prefers-color-scheme: dark" in self.PAGE
        assert "@media print" in self.PAGE


class Elements(HTMLParser):
    """Counts elements, so that text which became markup shows."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def handle_starttag(self, tag, attrs):
        self.count += 1


def elements(page: str) -> int:
    parser = Elements()
    parser.feed(page)
    return parser.count


def hostile(text: str) -> str:
    verdict = Verdict("s", text, 1.0, Level.PASS, False, text, text, text, text)
    table = Table(text, [text], [[text]], text)
    section = Section(text, [verdict], [Figure(text, b"")], [table], text)
    return render(text, text, [section], {"key": text})


@settings(deadline=None, max_examples=50)
@given(
    st.text(min_size=1) | st.sampled_from(["<script>alert(1)</script>", '"><img src=x onerror=y>', "{{7*7}}"])
)
def test_text_never_becomes_markup(text):
    assert elements(hostile(f"a{text}")) == elements(hostile("a"))


def test_a_report_without_verdicts_or_provenance_is_still_a_report():
    assert "<h1>Test rig</h1>" in report(Section("Empty", tables=[Table("Nothing", ["a", "b"], [])]))


def test_provenance_may_be_a_dataclass():
    @dataclass(frozen=True)
    class Input:
        name: str
        checksum: str

    @dataclass(frozen=True)
    class Provenance:
        parameters: dict
        inputs: tuple
        run_id: str = ""

    page = report(
        provenance=Provenance({"a": {"b": [1, 2]}}, (Input("x.csv", "ab12"), Input("y.csv", "cd34")))
    )
    assert "<dt>parameters.a.b</dt><dd>1, 2</dd>" in page
    assert "<dd>x.csv  ab12</dd>" in page
    assert "<dd>y.csv  cd34</dd>" in page
    assert "run_id" not in page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.123456, "1", "0.1235"),
        (3072, "1", "3 072"),
        (-4.5, "deg C", "−4.5 deg C"),
        (0.0, "", "0"),
        (1.5e-7, "A", "1.500e−07 A"),
        (12345.678, "", "12345.7"),
        (math.nan, "K", "–"),
        (math.inf, "K", "∞ K"),
        (-math.inf, "1", "−∞"),
        ("text", "K", "text"),
        (True, "", "True"),
        (None, "", "None"),
    ],
)
def test_numbers_are_written_for_people(value, unit, text):
    assert quantity(value, unit) == text


def test_equal_figures_have_equal_bytes():
    assert one_pixel() == one_pixel()
    assert one_pixel().startswith(b"\x89PNG")


@pytest.mark.parametrize(("inches", "wide"), [(8.2, False), (11.0, True)])
def test_a_broad_picture_gets_the_whole_width(inches, wide):
    picture = Figure("maps", png(figure(inches, 2)))
    assert picture.wide is wide
    assert ('<figure class="wide">' in report(Section("s", figures=[picture]))) is wide


def test_each_limit_stands_on_a_line_of_its_own():
    verdict = Verdict("s", "m", 1.0, Level.PASS, blocking=False, limit="warn > 2, fail > 3")
    page = report(Section("s", [verdict]))
    assert '<span class="limit">warn &gt; 2</span><span class="limit">fail &gt; 3</span>' in page
