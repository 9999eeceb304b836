"""People sign in with a token, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, expect

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets_tests.web.callers import token_of
from dsa_hcal_assets_tests.web.serving import served

pytestmark = pytest.mark.browser


def test_a_token_opens_the_pages_until_it_is_revoked(browser: Browser, database: Database, tmp_path):
    settings = Settings(
        state_dir=tmp_path, database_url=database.url, access=AccessSettings(local_role="none")
    )
    token = token_of(database, Role.OPERATOR)
    with served(settings) as port, browser.new_context(base_url=f"http://127.0.0.1:{port}") as context:
        page = context.new_page()
        page.goto("/dashboard")
        expect(page).to_have_url(re.compile("/sign-in$"))
        page.get_by_label("Token").fill("a guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not valid")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile(r":\d+/$"))
        page.goto("/dashboard")
        expect(page.locator("#live")).to_have_text(re.compile("live"))
        assert page.evaluate("document.cookie") == ""
        assert page.evaluate("fetch('/api/session').then(one => one.json())")["role"] == "operator"
        tokens.revoke(database, "operator", by="test")
        page.goto("/dashboard")
        expect(page).to_have_url(re.compile("/sign-in$"))
