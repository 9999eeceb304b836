"""Every page of the dashboard in a real browser, over a platform at work."""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from dsa_hcal_assets.alerts import Alert, Severity, raise_alert
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets_tests.web.pages import filled
from dsa_hcal_assets_tests.web.pages.browsing import PAGES, Opened, faults, opened
from dsa_hcal_assets_tests.web.pages.conftest import Platform

pytestmark = pytest.mark.browser

YESTERDAY = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
HOT, HIGH_GAIN = "O-02S", "O-20S"


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_page_can_be_read_by_everybody(
    browser: Browser, platform: Platform, address: str, theme: str, width: int
):
    with opened(browser, theme=theme, width=width) as tab:
        page = tab.go(platform.address + address)
        assert faults(page) == []
        assert tab.complaints == []
        expect(page.locator(".notice.error")).to_have_count(0)


class TestOverview:
    @pytest.fixture
    def page(self, tab: Opened, platform: Platform) -> Page:
        return tab.go(platform.address + "/dashboard")

    def test_it_tells_the_queue_the_images_and_what_is_wrong(self, page: Page):
        expect(page.locator("#groups tbody tr")).to_have_count(5)
        expect(page.locator("#groups tbody tr").first).to_contain_text("12 of 16")
        expect(page.locator("#images img")).to_have_count(3)
        expect(page.locator("#images")).to_contain_text("warning")
        expect(page.locator("#alerts tbody tr").first).to_contain_text("critical")
        expect(page.locator("#detector")).to_contain_text("temperature error")
        expect(page.locator("#incoming")).to_contain_text("30 files")
        assert page.locator("#images img").first.evaluate("one => one.naturalWidth") > 1

    def test_news_are_shown_as_they_come(self, page: Page, platform: Platform):
        expect(page.locator("#live")).to_have_text(re.compile("live"))
        told = Alert(Severity.ERROR, "check", "A gate closed while you looked", message="Look at it.")
        raise_alert(platform.database, told, [])
        expect(page.locator("#alerts")).to_contain_text("A gate closed while you looked")


class TestShifters:
    @pytest.fixture
    def page(self, tab: Opened, platform: Platform) -> Page:
        return tab.go(platform.address + "/dashboard/hcal")

    def test_lights_say_how_many_half_sectors_are_in_which_state(self, page: Page):
        def light(aspect: str, column: int) -> str:
            return page.locator("#lights tr", has_text=aspect).locator("td").nth(column).inner_text()

        assert light("Temperature", 0).split() == ["✓", "OK"]
        assert light("Temperature", 1).split() == ["✖", "1", "in", "error", "?", "8", "not", "read"]
        assert light("Gain", 1).split()[:3] == ["▲", "1", "warning"]
        assert light("Boards", 1).split() == ["✖", "8", "in", "error"]
        expect(page.locator("#lights")).to_contain_text(f"{filled.SILENT_BOARD} down")

    def test_128_tiles_show_gain_led_and_pin_diodes_with_a_sign_and_a_word(self, page: Page):
        assert page.locator(".tile").count() == 128
        tile = page.get_by_role("button", name=re.compile("^O-08N"))
        expect(tile).to_have_accessible_name("O-08N: bias, error")
        page.locator("input[value=gain]").check()
        tile = page.get_by_role("button", name=re.compile(f"^{HIGH_GAIN}"))
        expect(tile).to_have_accessible_name(f"{HIGH_GAIN}: gain high, warning")
        assert tile.inner_text().split() == [f"{HIGH_GAIN}▲", "high"]
        page.locator("input[value=led]").check()
        expect(page.get_by_role("button", name="I-05N: LED On, intensity 2,100")).to_be_visible()
        expect(
            page.get_by_role("button", name=re.compile("I-08N: LED Incorrect config.*warning"))
        ).to_be_visible()
        page.locator("input[value=pin]").check()
        expect(page.get_by_role("button", name="I-31S: PIN diodes not read, not read")).to_be_visible()

    def test_the_first_of_the_worst_is_told_about_until_one_is_chosen(self, page: Page):
        expect(page.locator("#chosen-title")).to_have_text(f"Half-sector {HOT}")
        expect(page.locator("#chosen")).to_contain_text("temperature outside its limits")

    def test_tiles_are_walked_with_the_keyboard(self, page: Page):
        page.get_by_role("button", name=re.compile("^I-00N")).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("button", name=re.compile("^I-01S"))).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#chosen-title")).to_have_text("Half-sector I-01S")
        page.keyboard.press("End")
        expect(page.get_by_role("button", name=re.compile("^I-31S"))).to_be_focused()

    def test_a_map_is_walked_with_the_keyboard_and_says_what_it_shows(self, page: Page):
        outer = page.locator("#maps canvas.heat").nth(1)
        assert "1 error" in (outer.get_attribute("aria-label") or "")
        outer.focus()
        for key in ("ArrowRight", "ArrowUp"):
            page.keyboard.press(key)
        readout = page.locator("#maps .readout").nth(1)
        expect(readout).to_have_text(re.compile(r"^O-00S · tower \d+ · ieta 1, iphi 1 · 2\d\.\d\d °C$"))
        page.keyboard.press("Enter")
        expect(page.locator("#chosen-title")).to_have_text("Half-sector O-00S")

    def test_an_earlier_time_can_be_looked_at(self, page: Page):
        earlier = utc_now() - timedelta(hours=3)
        page.locator("#at").fill(f"{earlier:%Y-%m-%dT%H:%M}")
        page.get_by_role("button", name="Show", exact=True).click()
        expect(page.locator("#lights")).to_contain_text("All 16 controllers answered.")
        expect(page.locator("#anomalies")).to_contain_text("Everything was in order")
        page.get_by_role("button", name="Back to now").click()
        expect(page.locator("#lights")).to_contain_text(f"{filled.SILENT_BOARD} down")


class TestExperts:
    @pytest.fixture
    def page(self, tab: Opened, platform: Platform) -> Page:
        return tab.go(platform.address + "/dashboard/hcal/expert?half_sector=O-08N")

    def test_a_trip_stands_out_and_its_sector_is_shown_on_request(self, page: Page):
        expect(page.locator("#supplies-note")).to_have_text("63 of 64 on")
        row = page.locator("#supplies tbody tr", has_text="Tripped")
        with page.expect_request(re.compile(r"half-sectors/O-09N/series\?quantity=bias&")):
            row.get_by_role("button").click()
        expect(row.get_by_role("button")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#sector")).to_have_value("O-09")

    def test_charts_say_what_they_show(self, page: Page):
        charts = page.locator(".series-chart")
        expect(charts).to_have_count(5)
        assert "north from 0.000 to 6" in (charts.first.get_attribute("aria-label") or "")
        assert page.locator(".series-chart canvas").count() == 5

    def test_a_year_is_shown_without_supplies(self, page: Page):
        page.locator("#span").select_option("8760")
        expect(page.locator("#series-note")).to_contain_text("31 days")
        expect(page.locator("#series .note")).to_have_text("")

    def test_zooming_asks_for_points_of_that_span(self, page: Page):
        def hours(url: str) -> float:
            asked = parse_qs(urlsplit(url).query)
            start, end = (datetime.fromisoformat(asked[name][0]) for name in ("start", "end"))
            return (end - start) / timedelta(hours=1)

        asked = re.compile("half-sectors/O-08N/series.*quantity=bias&")
        page.locator(".series-chart").first.focus()
        with page.expect_request(asked) as zoomed:
            page.keyboard.press("+")
        assert hours(zoomed.value.url) == pytest.approx(12)
        # six hours of data lie in the last quarter of the day
        expect(page.locator(".series-chart").first).to_contain_text("Nothing in this span")
        with page.expect_request(asked) as whole:
            page.get_by_role("button", name="Show all of the span").click()
        assert hours(whole.value.url) == pytest.approx(24)
        expect(page.locator(".series-chart .u-over")).to_have_count(5)
        box = page.locator(".series-chart .u-over").first.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"], box["y"] + 20, steps=4)
        with page.expect_request(asked) as dragged:
            page.mouse.up()
        assert 5.8 < hours(dragged.value.url) < 6.2


class TestRig:
    def test_the_address_its_users_know_shows_the_day(self, tab: Opened, platform: Platform):
        page = tab.go(f"{platform.address}/dashboard?date={YESTERDAY}")
        expect(page.locator("#kpis-title")).to_have_text(f"Key figures of {YESTERDAY}")
        expect(page.locator("#trends .series-chart")).to_have_count(3)
        alerts = int(page.locator("#kpis dd").nth(2).inner_text())
        table = page.locator("#unusual tbody tr", has_text="red").count()
        assert alerts == table > 0

    def test_days_and_spans_are_chosen(self, tab: Opened, platform: Platform):
        page = tab.go(f"{platform.address}/dashboard/rig")
        expect(page.locator("#points")).to_contain_text("240 readings")
        page.locator("#span").select_option("7")
        expect(page.locator("#points")).to_contain_text("480 readings")
        page.get_by_role("button", name="Day before").click()
        expect(page).to_have_url(re.compile(r"\?date="))
        expect(page.locator("#points")).to_contain_text("240 readings")

    def test_the_readings_that_are_shown_can_be_taken_along(self, tab: Opened, platform: Platform):
        page = tab.go(f"{platform.address}/dashboard/rig")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert lines[0].startswith("read_at,temperature,pressure")
        assert len(lines) == 241

    @pytest.mark.parametrize(
        ("date", "status", "words"),
        [("2001-01-01", 404, "No key figures of this day"), ("soon", 400, "YYYY-MM-DD")],
    )
    def test_a_day_without_data_says_so(
        self, browser: Browser, platform: Platform, date: str, status: int, words: str
    ):
        with opened(browser) as tab:
            answer = tab.page.goto(f"{platform.address}/dashboard?date={date}")
            assert answer is not None
            assert answer.status == status
            expect(tab.page.locator("#kpis")).to_contain_text(words)


class TestTheme:
    def test_it_is_the_systems_until_another_is_chosen_and_is_remembered(
        self, tab: Opened, platform: Platform
    ):
        page = tab.go(platform.address + "/dashboard/rig")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        for _ in range(2):
            page.get_by_role("button", name=re.compile("^Theme")).click()
        dark = page.evaluate(ground)
        assert dark != light
        page.reload()
        expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
        assert page.evaluate(ground) == dark
