"""Addresses of the dashboard: the rig's known one with a date, and a status that says what the page says."""

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import local
from dsa_hcal_assets_tests.web.pages import filled


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url)


def title(answer) -> str:
    return answer.text.split("<title>")[1].split("</title>")[0]


def test_the_overview_has_the_address_and_the_rig_has_it_with_a_date(database, settings):
    now = utc_now()
    filled.fill_rig(database, settings, now)
    client = local(create_app(settings))
    day = client.get("/api/kpis").json()["date"]
    assert title(client.get("/dashboard")) == "Overview"
    rig = client.get(f"/dashboard?date={day}")
    assert (rig.status_code, title(rig)) == (200, "Test rig")
    assert f'data-day="{day}"' in rig.text
    assert rig.text == client.get(f"/dashboard/rig?date={day}").text


@pytest.mark.parametrize(
    ("asked", "status"), [("2001-01-01", 404), ("yesterday", 400), ("", 400), ("20250605", 400)]
)
def test_a_date_without_data_is_404_and_what_is_no_date_is_400(settings, asked, status):
    client = local(create_app(settings))
    for address in ("/dashboard", "/dashboard/rig"):
        answer = client.get(address, params={"date": asked})
        assert (answer.status_code, title(answer)) == (status, "Test rig")


def test_what_is_asked_for_is_not_put_on_the_page_as_markup(settings):
    answer = local(create_app(settings)).get("/dashboard", params={"date": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text


def test_without_a_database_the_page_is_there_and_says_503(tmp_path):
    away = Settings(state_dir=tmp_path, database_url="postgresql://user@127.0.0.1:9/d")
    client = local(create_app(away))
    assert client.get("/dashboard?date=2025-06-05").status_code == 503
    assert client.get("/dashboard/hcal").status_code == 200
