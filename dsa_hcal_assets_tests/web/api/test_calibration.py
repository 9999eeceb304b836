"""Which set applies when is answered by the pipeline's own rule, and says why."""

from datetime import datetime, timedelta

import pytest

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.radio.calibration.registry import pin_set, register_set, take_out
from dsa_hcal_assets.radio.catalogues.schedule import store_plan
from dsa_hcal_assets_tests.radio.calibration.test_registry import DECLINATION, HOUR, NOON, described, register
from dsa_hcal_assets_tests.web.api.calibrators import match


@pytest.fixture
def applicable(client):
    def ask(hours, **options):
        at = (NOON + hours * HOUR).isoformat()
        return client.get("/api/calibration/applicable", params={"at": at, "profile": "dsa110", **options})

    return ask


def test_sets_are_listed_newest_first_by_state_and_page(client, database):
    early, late = register(database), register(database, NOON + 10 * HOUR)
    out = take_out(database, register(database, NOON + 20 * HOUR).set_id, "retired", "too noisy")

    def ask(query):
        return [one["set_id"] for one in client.get(f"/api/calibration/sets?{query}").json()["items"]]

    assert ask("") == [out.set_id, late.set_id, early.set_id]
    assert ask("state=active") == [late.set_id, early.set_id]
    assert ask("profile=vla") == []
    first = client.get("/api/calibration/sets?limit=2").json()
    assert ask(f"limit=2&cursor={first['next']}") == [early.set_id]
    retired = first["items"][0]
    assert (retired["state"], retired["reason"], retired["valid_from"]) == ("retired", "too noisy", None)


def test_a_set_is_told_with_its_tables_and_history(client, database, store):
    with store.publishing("calibration_tables", "2025-06-05T12:00:00", Provenance({}, ())) as staged:
        described().save(staged.path)
        (staged.path / "bandpass.cal").mkdir()
        (staged.path / "bandpass.cal" / "table.dat").write_text("")
    made = register_set(database, staged.product.product_id, described(), "pass")
    pin_set(database, made.set_id, "the best we have")
    answer = client.get(f"/api/calibration/sets/{made.set_id}").json()
    assert [(one["kind"], one["file"]) for one in answer["tables"]] == [("bandpass", "bandpass.cal")]
    assert [(one["state"], one["reason"]) for one in answer["history"]] == [
        ("active", "solved"),
        ("pinned", "the best we have"),
    ]
    assert (answer["pinned"], answer["problem"]) == (True, None)
    assert client.get(answer["href"]).json()["kind"] == "calibration_tables"


def test_tables_that_are_gone_are_told_and_an_unknown_set_is_404(client, database):
    answer = client.get(f"/api/calibration/sets/{register(database).set_id}").json()
    assert (answer["tables"], answer["problem"]) == ([], "the tables of this set cannot be read")
    assert client.get("/api/calibration/sets/4711").status_code == 404


def test_the_nearest_set_whose_range_holds_applies(applicable, database):
    early, late = register(database), register(database, NOON + 10 * HOUR)
    near = applicable(4.9).json()
    assert (near["set"]["set_id"], near["standing"]) == (early.set_id, "valid")
    assert near["staleness_hours"] == pytest.approx(4.9)
    assert applicable(5.1).json()["set"]["set_id"] == late.set_id


def test_a_set_passed_over_is_told_with_the_reason(applicable, database):
    far = register(database)
    near = take_out(database, register(database, NOON + 2 * HOUR).set_id, "blacklisted", "RFI")
    answer = applicable(2).json()
    assert answer["set"]["set_id"] == far.set_id
    (told,) = answer["passed_over"]
    assert f"set {near.set_id}" in told
    assert "RFI" in told


def test_pointing_and_age_count_as_they_do_in_the_pipeline(applicable, database, settings):
    made = register(database)
    assert applicable(1, declination_deg=DECLINATION + 1).json()["set"]["set_id"] == made.set_id
    assert applicable(1, declination_deg=DECLINATION + 9).status_code == 404
    assert applicable(1, declination_deg=DECLINATION + 9, tolerance_deg=10).status_code == 200
    beyond = 24 + settings.radio.calibration_max_age_hours + 1
    assert applicable(beyond).status_code == 404
    assert applicable(beyond, max_age_hours=beyond).json()["standing"] == "stale"


def test_that_none_applies_is_404_and_says_what_there_is(applicable, database):
    assert "no set at all" in applicable(0).json()["detail"]
    made = register(database)
    assert f"set {made.set_id}" in applicable(1000).json()["detail"]
    assert applicable(0, profile="nothing").status_code == 404


def test_the_next_transits_come_first_and_past_ones_never(client, database):
    now = utc_now()
    plan = [match(name, 0.5, now + hours * HOUR) for name, hours in (("late", 5), ("soon", 1), ("past", -1))]
    store_plan(database, "dsa110", DECLINATION, now - timedelta(hours=2), plan)
    answer = client.get("/api/calibration/transits").json()
    assert [one["calibrator"] for one in answer] == ["soon", "late"]
    assert datetime.fromisoformat(answer[0]["transit"]) == now + HOUR
    assert answer[0]["pointing_dec_deg"] == DECLINATION
    assert [one["calibrator"] for one in client.get("/api/calibration/transits?limit=1").json()] == ["soon"]
    assert client.get("/api/calibration/transits?profile=vla").json() == []


@pytest.mark.parametrize(
    "path", ["sets", "sets/1", "transits", "applicable?profile=dsa110&at=2025-06-05T12:00Z"]
)
def test_an_outage_is_no_empty_list(away, path):
    assert away.get(f"/api/calibration/{path}").status_code == 503
