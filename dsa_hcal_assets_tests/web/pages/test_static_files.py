"""Scripts and styles: kept by browsers for ever, found by every page, and nothing from elsewhere."""

import re

import pytest
from fastapi.testclient import TestClient

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets.web.pages import static_files
from dsa_hcal_assets_tests.web.callers import local

SCRIPTS = sorted(name for name in static_files.assets() if name.startswith("js/"))


@pytest.fixture
def client(tmp_path) -> TestClient:
    return local(create_app(Settings(state_dir=tmp_path, database_url="postgresql://user@127.0.0.1:9/d")))


def test_an_asset_may_be_kept_for_ever_because_its_address_names_its_content(client):
    answer = client.get(static_files.address("css/design.css"))
    assert answer.content == static_files.assets()["css/design.css"].content
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/dashboard/assets/000000000000/css/design.css").status_code == 404


@pytest.mark.parametrize(
    "name", ["", "../static_files.py", "%2e%2e/static_files.py", "js", "css/%00", "js/none.js"]
)
def test_there_is_nothing_else(client, name):
    assert client.get(f"/dashboard/assets/{static_files.digest()}/{name}").status_code == 404


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_only_what_is_there(name):
    text = static_files.assets()[name].content.decode()
    for imported in re.findall(r'from "([^"]+)"', text):
        assert f"js/{imported.removeprefix('./')}" in SCRIPTS


@pytest.mark.parametrize(
    "page", ["/dashboard", "/dashboard/hcal", "/dashboard/hcal/expert", "/dashboard/rig", "/"]
)
def test_a_page_has_its_scripts_and_styles_from_here_and_none_inside(client, page):
    answer = client.get(page)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', answer.text)
    assert len(loaded) >= 3
    for one in loaded:
        assert one.startswith(static_files.ROOT), one
        assert client.get(one).status_code == 200, one
    assert not re.search(r"<style|style=|<script>|\son[a-z]+=", answer.text)


def test_nothing_is_fetched_from_another_host():
    foreign = {
        (name, found)
        for name, asset in static_files.assets().items()
        for found in re.findall(r"https?://[^\s\"'`)]+", asset.content.decode())
        if not name.endswith(".LICENSE") and not name.startswith("vendor/")
    }
    # a namespace is a name
    assert {address for _, address in foreign} <= {"http://www.w3.org/2000/svg"}
