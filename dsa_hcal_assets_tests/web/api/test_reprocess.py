"""A group is processed again when that makes sense, when the caller may, and never twice at once.

That a run is launched, and refused while one is at work, is tested on a running platform
(end_to_end/test_faults.py).
"""

import socket
import threading

import pytest
from fastapi import HTTPException

from dsa_hcal_assets.definitions import build_definitions
from dsa_hcal_assets.orchestration import incoming, lost, partitions
from dsa_hcal_assets.orchestration.radio import quicklook_sensor
from dsa_hcal_assets.radio.reprocessing import origin_of
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web import dagster_runs
from dsa_hcal_assets.web.api import reprocess
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import OPERATING, local

ARCHIVED = "1995-04-13T09:18:31"


@pytest.fixture
def closed_port():
    """A port of this machine nobody answers at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def operator(database, tmp_path, closed_port):
    settings = Settings(
        state_dir=tmp_path, database_url=database.url, webserver_port=closed_port, access=OPERATING
    )
    with local(create_app(settings)) as client:
        yield client


def archive(database, tmp_path, site):
    (tmp_path / "set.ms").write_text("set")
    arrival = site.ledger.accept(
        "ms", tmp_path / "set.ms", subject=ARCHIVED, partition=ARCHIVED, digest="d"
    ).arrival
    with database.transaction() as cursor:
        cursor.execute(
            "update platform.arrival set settled = true where arrival_id = %s", (arrival.arrival_id,)
        )


def test_it_takes_an_operator(client, site):
    assert client.post(f"/api/reprocess/{site.land(12)}").status_code == 403


def test_a_group_nobody_knows_is_404_and_what_is_no_key_422(operator):
    assert operator.post("/api/reprocess/2001-01-01T00:00:00").status_code == 404
    assert operator.post("/api/reprocess/everything").status_code == 422
    assert operator.get("/api/reprocess/2001-01-01T00:00:00").status_code == 405


def test_a_group_that_lacks_subbands_is_refused_with_what_to_do(operator, site, database):
    collecting = site.land(12, range(14))
    answer = operator.post(f"/api/reprocess/{collecting}")
    assert (answer.status_code, "still collecting" in answer.json()["detail"]) == (409, True)
    with database.transaction() as cursor:
        cursor.execute("update radio.observation_group set state = 'failed', failed_at = now()")
    answer = operator.post(f"/api/reprocess/{collecting}")
    assert answer.status_code == 409
    assert f"dsa-hcal groups retry {collecting}" in answer.json()["detail"]


def test_without_dagster_the_answer_is_503_and_says_so(operator, client, site, closed_port):
    answer = operator.post(f"/api/reprocess/{site.land(12)}")
    assert answer.status_code == 503
    assert "Dagster did not take the request" in answer.json()["detail"]
    assert f"127.0.0.1:{closed_port}" in answer.json()["detail"] or "refused" in answer.json()["detail"]


def test_without_a_port_of_dagster_the_answer_names_the_setting(database, tmp_path, site):
    settings = Settings(state_dir=tmp_path, database_url=database.url, webserver_port=0, access=OPERATING)
    with local(create_app(settings)) as client:
        answer = client.post(f"/api/reprocess/{site.land(12)}")
    assert (answer.status_code, "DSA_HCAL_WEBSERVER_PORT" in answer.json()["detail"]) == (503, True)


def test_without_the_database_the_answer_is_503(tmp_path):
    settings = Settings(state_dir=tmp_path, database_url="postgresql://user@127.0.0.1:9/d", access=OPERATING)
    with local(create_app(settings)) as client:
        assert client.post(f"/api/reprocess/{ARCHIVED}").status_code == 503


def test_a_set_from_an_archive_is_processed_from_that(database, tmp_path, site):
    archive(database, tmp_path, site)
    assert origin_of(database, ARCHIVED) == "archive"
    assert origin_of(database, site.land(12)) == "subbands"


def test_one_group_is_asked_for_by_one_request_at_a_time():
    asking, entered, leave = reprocess._Asking(), threading.Event(), threading.Event()

    def hold():
        with asking.alone("a"):
            entered.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(10)
    with pytest.raises(HTTPException) as refused, asking.alone("a"):
        pass
    with asking.alone("b"):
        leave.set()
    holder.join()
    assert refused.value.status_code == 409
    with asking.alone("a"):
        pass


def test_jobs_sensors_and_tags_are_those_of_the_graph():
    repository = build_definitions().get_repository_def()
    for origin, job in reprocess.JOBS.items():
        sensor = repository.get_sensor_def(reprocess.SENSORS[origin])
        assert sensor.job_name == job
        assert repository.has_job(job)
    assert quicklook_sensor.quicklook_job.name == reprocess.BESIDE
    assert partitions.GROUP_SET == reprocess.KEY_SET
    assert (lost.PARTITION_TAG, incoming.BACKLOG_PRIORITY) == ("dsa_hcal/partition", reprocess.PRIORITY)
    assert {one.value for one in incoming.UNFINISHED} == set(dagster_runs._UNFINISHED)
