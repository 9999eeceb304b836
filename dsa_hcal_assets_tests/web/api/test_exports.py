"""Tables and views leave over HTTP as CSV and Parquet, whole or recognisably not."""

import io
import socket
import time
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.rig.stored_days import store_days
from dsa_hcal_assets_tests.web.callers import local
from dsa_hcal_assets_tests.web.serving import served

PROCESSED = "/api/exports/rig.processed"


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url)


@pytest.fixture
def client(settings):
    with local(create_app(settings)) as client:
        yield client


@pytest.fixture
def readings(database):
    return store_days(database)


def as_frame(answer):
    assert answer.status_code == 200, answer.text
    frame = pd.read_csv(io.StringIO(answer.text))
    return frame.assign(timestamp=pd.to_datetime(frame["timestamp"], format="ISO8601", utc=True))


class TestRows:
    def test_a_day_of_the_rig_is_its_processed_file(self, client, readings):
        answer = client.get(PROCESSED, params={"date": "2025-06-06"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert 'filename="rig.processed_2025-06-06.csv"' in answer.headers["content-disposition"]
        day = readings[240:480].reset_index(drop=True)
        frame = as_frame(answer).astype({"timestamp": day["timestamp"].dtype})
        pd.testing.assert_frame_equal(frame.fillna("none"), day)

    def test_parquet_has_the_same_rows(self, client, readings):
        span = {"start": "2025-06-05T12:00:00Z", "end": "2025-06-06T12:00:00Z"}
        answer = client.get(PROCESSED, params=span | {"format": "parquet"})
        table = parquet.read_table(pa.BufferReader(answer.content))
        assert table["temperature"].to_pylist() == readings["temperature"][120:360].tolist()
        assert table["timestamp"][0].as_py() == readings["timestamp"][120]

    def test_the_limit_is_kept_and_told(self, client, readings):
        answer = client.get(PROCESSED, params={"limit": 5})
        assert len(as_frame(answer)) == int(answer.headers["x-row-limit"]) == 5
        assert client.get(PROCESSED, params={"limit": 10_000_001}).status_code == 422


class TestChoice:
    def test_what_may_be_exported_is_listed_with_its_columns(self, client):
        found = {one["name"]: one for one in client.get("/api/exports").json()}
        assert found["hcal.tower_reading"]["time_column"] == "ts"
        assert found["rig.kpi"]["columns"]["avg_temp"] == "double precision"

    def test_everything_listed_can_be_exported(self, client):
        for one in client.get("/api/exports").json():
            answer = client.get(f"/api/exports/{one['name']}", params={"limit": 1})
            assert answer.status_code == 200, (one["name"], answer.text)
            assert len(next(iter(answer.text.splitlines())).split(",")) == len(one["columns"])

    @pytest.mark.parametrize(
        "name",
        [
            "platform.access_token",
            "pg_catalog.pg_authid",
            "public.hcal_heartbeat",
            "rig.nothing",
            "dagster.runs",
        ],
    )
    def test_nothing_else_can(self, client, name):
        assert client.get(f"/api/exports/{name}").status_code == 404

    @pytest.mark.parametrize("name", ["rig.kpi;drop", "rig.kpi'--", 'rig."kpi"', "kpi", "rig.kpi%00"])
    def test_names_are_names(self, client, name):
        assert client.get(f"/api/exports/{name}").status_code == 422

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"date": "June"}, 400),
            ({"date": "2025-06-05", "start": "2025-06-05T00:00:00Z"}, 422),
            ({"start": "2025-06-06T00:00:00Z", "end": "2025-06-05T00:00:00Z"}, 422),
            ({"format": "xlsx"}, 422),
        ],
    )
    def test_what_cannot_be_answered_is_refused(self, client, asked, status):
        assert client.get(PROCESSED, params=asked).status_code == status

    def test_rows_without_times_cannot_be_chosen_by_time(self, client):
        answer = client.get("/api/exports/hcal.tower", params={"date": "2025-06-05"})
        assert answer.status_code == 422
        assert "hcal.tower" in answer.json()["detail"]


class TestTrouble:
    @pytest.fixture
    def broken(self, database):
        """A view whose 90,000th row cannot be computed."""
        with database.transaction() as cursor:
            cursor.execute(
                "create view rig.broken as select 1000 / (90000 - g) as x, repeat('x', 50) as words"
                " from (select generate_series(1, 100000) as g) numbers"
            )

    def test_an_export_that_fails_halfway_breaks_off(self, settings, broken):
        with served(settings) as port, asking(port, "/api/exports/rig.broken") as wire:
            received = b"".join(iter(lambda: wire.recv(1 << 20), b""))
        assert received.startswith(b"HTTP/1.1 200")
        assert received.count(b"\n") > 50_000
        assert not received.endswith(b"0\r\n\r\n")  # the end of chunks is missing: nobody takes it for whole

    def test_one_that_fails_before_its_first_row_is_an_error(self, client, database):
        with database.transaction() as cursor:
            cursor.execute("create view rig.broken as select 1 / (select 0 where now() > '2000-01-01') as x")
        answer = client.get("/api/exports/rig.broken")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")

    def test_a_client_that_goes_ends_its_query(self, settings, database):
        with database.transaction() as cursor:
            cursor.execute(
                "create view rig.endless as select generate_series(1, 2000000000) as g, repeat('x', 100) as x"
            )
        running = (
            "select count(*) from pg_stat_activity where query like 'copy%endless%' and state = 'active'"
        )
        with served(settings) as port:
            with asking(port, "/api/exports/rig.endless?limit=10000000") as wire:
                wire.recv(1 << 16)
                assert database.rows(running) == [(1,)]
            deadline = time.monotonic() + 30
            while database.rows(running) != [(0,)]:
                assert time.monotonic() < deadline, "the query goes on for nobody"
                time.sleep(0.1)


@contextmanager
def asking(port, path):
    """A socket on which a path was asked for."""
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        yield wire
