"""A platform that has nothing yet, or no database, or stops answering: pages say so, in words."""

import re

import pytest
from playwright.sync_api import Browser, expect

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.web.pages.browsing import Opened, faults, opened
from dsa_hcal_assets_tests.web.pages.conftest import Platform
from dsa_hcal_assets_tests.web.serving import served

pytestmark = pytest.mark.browser

EMPTY = {
    "/dashboard": [
        "No open alerts",
        "No group yet",
        "No image yet",
        "No detector state yet",
        "No day of the rig yet",
    ],
    "/dashboard/hcal": ["No detector state yet"],
    "/dashboard/hcal/expert": ["No supply was read"],
    "/dashboard/rig": ["No key figures of this day", "No day yet"],
}


def test_a_new_platform_says_what_will_be_shown(browser: Browser, database: Database, tmp_path):
    with served(Settings(state_dir=tmp_path, database_url=database.url)) as port:
        for address, words in EMPTY.items():
            with opened(browser) as tab:
                page = tab.go(f"http://127.0.0.1:{port}{address}")
                for text in words:
                    expect(page.locator("main")).to_contain_text(text)
                expect(page.locator(".notice.error")).to_have_count(0)
                assert faults(page) == []


def test_without_a_database_every_panel_says_that_nothing_is_known(browser: Browser, tmp_path):
    away = Settings(state_dir=tmp_path, database_url="postgresql://user@127.0.0.1:9/d")
    with served(away) as port, opened(browser) as tab:
        page = tab.go(f"http://127.0.0.1:{port}/dashboard")
        expect(page.locator("#groups")).to_contain_text("Not known.")
        expect(page.locator("#groups")).to_contain_text("127.0.0.1:9")
        expect(page.locator("main")).not_to_contain_text("No group yet")
        expect(page.locator("#outage")).to_contain_text("What is shown is old.")
        expect(page.locator("#live")).to_have_text(re.compile("no data"))


def test_what_could_not_be_renewed_is_shown_with_its_age(browser: Browser, platform: Platform):
    with opened(browser) as tab:
        page = tab.go(platform.address + "/dashboard/hcal")
        outage = {"status": "unavailable", "database": "down", "reason": "the database does not answer"}
        page.route("**/api/**", lambda route: route.fulfill(status=503, json=outage))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        note = page.locator("#lights .note")
        expect(note).to_have_text(re.compile(r"^▲ as of [\d:]+, \d+ s old: the database does not answer$"))
        expect(page.locator("#lights")).to_contain_text("1 in error")
        page.unroute("**/api/**")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(note).to_have_text("")


def test_without_the_link_pages_ask_by_themselves_and_say_so(browser: Browser, platform: Platform):
    with opened(browser) as tab:
        tab.page.route_web_socket("**/ws/data", lambda socket: socket.close())
        tab.page.clock.install()
        page = tab.go(platform.address + "/dashboard")
        expect(page.locator("#live")).to_have_text(re.compile("not live"))
        with page.expect_request("**/api/status**"):
            page.clock.run_for(16_000)


def test_an_old_snapshot_is_no_present_one(tab: Opened, platform: Platform):
    page = tab.go(platform.address + "/dashboard/hcal")
    expect(page.locator("#old")).to_have_count(0)
    page.route("**/api/hcal/shift*", lambda route: _older(route))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#old")).to_contain_text("the acquisition or the loading stands still")


def _older(route):
    answer = route.fetch()
    told = answer.json()
    route.fulfill(response=answer, json=told | {"age_seconds": told["stale_after_seconds"] + 1})
