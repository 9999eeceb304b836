"""The page of a day shows its groups with what was made of them, and of no other day."""

from datetime import UTC, date, datetime

import pytest

from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets.web.pages.observing_day import groups_of, neighbours
from dsa_hcal_assets_tests.web.callers import local

DAY = date(2025, 6, 5)
FIRST, SECOND, NEXT_DAY = "2025-06-05T00:00:00", "2025-06-05T23:59:59", "2025-06-06T00:00:00"


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url)


@pytest.fixture
def publish(database, settings):
    store = ProductStore(settings.products, database)

    def publish(kind, key, files, *verdicts):
        with store.publishing(kind, key, Provenance({}, ())) as staged:
            for name in files:
                (staged.path / name).parent.mkdir(exist_ok=True)
                (staged.path / name).write_bytes(b"content")
        judged = [Verdict(kind, metric, value, level, True) for metric, value, level in verdicts]
        record(database, judged, product=staged.product, partition=key, run_id="r")
        return staged.product.product_id

    return publish


@pytest.fixture
def observed(database):
    moment = datetime(2025, 6, 5, tzinfo=UTC)
    with database.transaction() as cursor:
        for key in (FIRST, SECOND, NEXT_DAY):
            cursor.execute(
                "insert into radio.observation_group (group_key, profile, telescope, expected, first_sample, "
                "first_seen, last_seen) values (%s, 'dsa110', 'DSA-110', 16, %s, %s, %s)",
                (key, moment, moment, moment),
            )


def test_groups_of_the_day_come_in_order_and_no_others(database, settings, observed):
    assert [one.key for one in groups_of(database, settings.products, DAY)] == [FIRST, SECOND]
    assert neighbours(database, DAY) == (None, "2025-06-06")
    assert neighbours(database, date(2025, 6, 7)) == ("2025-06-06", None)


def test_a_group_shows_its_newest_products_grade_and_worst_verdict(database, settings, observed, publish):
    publish("continuum_image", FIRST, ["3C147/image.png"], ("rms", 9.0, Level.FAIL))
    image = publish(
        "continuum_image", FIRST, ["3C147/image.png"], ("rms", 1.0, Level.WARN), ("grade", 3.0, Level.PASS)
    )
    quick = publish("quicklook_image", FIRST, ["image.png"], ("rms", 1.0, Level.PASS))
    report = publish("radio_qa_report", FIRST, ["report.html"])
    first, second = groups_of(database, settings.products, DAY)
    assert first.pictures == {
        "image": f"/products/{image}/3C147/image.png",
        "quick look": f"/products/{quick}/image.png",
    }
    assert first.report == f"/products/{report}/report.html"
    assert (first.grade, first.level, first.verdicts) == ("B", "warn", {"warn": 1, "pass": 2})
    assert (second.grade, second.level, second.pictures) == ("", "", {})


def test_a_group_from_an_archive_is_shown_by_its_products(database, settings, publish):
    publish("continuum_image", FIRST, ["3C286/image.png"])
    assert [one.key for one in groups_of(database, settings.products, DAY)] == [FIRST]


def test_every_address_on_the_page_answers(settings, observed, publish):
    publish("continuum_image", FIRST, ["J1 + 2/image.png"], ("rms", 1.0, Level.PASS))
    publish("radio_qa_report", FIRST, ["report.html"])
    with local(create_app(settings)) as client:
        page = client.get(f"/radio/{DAY}").text
        addresses = {part.split('"')[0] for part in page.split('href="')[1:] + page.split('src="')[1:]}
        ours = {one for one in addresses if one.startswith("/")}
        assert len(ours) >= 5
        assert [one for one in ours if client.get(one).status_code != 200] == []
        assert all(one.startswith(("/", "#")) for one in addresses)


def test_what_is_no_day_is_refused(settings):
    with local(create_app(settings)) as client:
        assert client.get("/radio/yesterday").status_code == 422
