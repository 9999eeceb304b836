"""Candidates are those in the table, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

FIRST = datetime(2025, 6, 5, tzinfo=UTC)


@pytest.fixture
def enter(database):
    def enter(source, days, sigma=5.0, status="active"):
        with database.transaction() as cursor:
            cursor.execute(
                "insert into radio.ese_candidate (source_id, ra_deg, dec_deg, first_detection_at,"
                " last_detection_at, max_sigma_dev, baseline_flux_jy, flagged_by, status)"
                " values (%s, 202.78, 30.51, %s, %s, %s, 0.2, 'a test', %s)",
                (source, FIRST, FIRST + timedelta(days=days), sigma, status),
            )

    return enter


@pytest.fixture
def ask(client):
    def ask(query=""):
        return [one["source_id"] for one in client.get(f"/api/ese/candidates?{query}").json()["items"]]

    return ask


def test_without_a_search_there_are_none(client):
    answer = client.get("/api/ese/candidates").json()
    assert answer == {"items": [], "next": None, "total": None}


def test_those_on_record_are_told_as_they_are(client, enter):
    enter("J1331+3030", 40, 6.5)
    (found,) = client.get("/api/ese/candidates").json()["items"]
    assert (found["source_id"], found["ra_deg"], found["max_sigma_dev"]) == ("J1331+3030", 202.78, 6.5)
    assert (found["current_flux_jy"], found["baseline_flux_jy"], found["status"]) == (None, 0.2, "active")
    assert datetime.fromisoformat(found["last_detection_at"]) == FIRST + timedelta(days=40)


def test_they_are_asked_for_by_status_source_and_strength_page_by_page(client, enter, ask):
    for source, days, sigma, status in [
        ("a", 1, 3, "active"), ("b", 2, 9, "dismissed"), ("c", 2, 5, "active"), ("a", 3, 8, "confirmed"),
    ]:  # fmt: skip
        enter(source, days, sigma, status)
    assert ask() == ["a", "c", "b", "a"]
    assert ask("status=active") == ["c", "a"]
    assert ask("source=a") == ["a", "a"]
    assert ask("min_sigma=8") == ["a", "b"]
    first = client.get("/api/ese/candidates?limit=2").json()
    assert ask(f"limit=2&cursor={first['next']}") == ["b", "a"]
    assert client.get("/api/ese/candidates?min_sigma=nan").status_code == 422
