"""A client that has the newest answer is told so, and gets no body."""

import os

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient

from dsa_hcal_assets.web.etags import Etags, TaggedFile, matches


@pytest.fixture
def numbers():
    return {"n": 1}


@pytest.fixture
def client(numbers, tmp_path):
    app = FastAPI()
    app.add_middleware(Etags)
    (tmp_path / "plot.png").write_bytes(b"0123456789")

    @app.get("/numbers")
    def _numbers():
        return numbers

    @app.post("/numbers")
    def _posted():
        return numbers

    @app.get("/absent")
    def _absent():
        return JSONResponse({"detail": "none"}, status_code=404)

    @app.get("/stream")
    def _stream():
        return StreamingResponse(iter([b"[1,", b"2]"]), media_type="application/json")

    @app.get("/file")
    def _file():
        return TaggedFile(tmp_path / "plot.png", {"X-Content-Type-Options": "nosniff"})

    with TestClient(app) as client:
        yield client


class TestJson:
    def test_the_same_answer_is_not_sent_twice(self, client):
        first = client.get("/numbers")
        again = client.get("/numbers", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert "content-length" not in again.headers

    def test_another_answer_is_sent(self, client, numbers):
        tag = client.get("/numbers").headers["etag"]
        numbers["n"] = 2
        again = client.get("/numbers", headers={"If-None-Match": tag})
        assert (again.status_code, again.json()) == (200, {"n": 2})

    def test_no_shared_cache_may_keep_it(self, client):
        assert client.get("/numbers").headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/numbers"), ("GET", "/absent"), ("GET", "/stream")]
    )
    def test_actions_errors_and_streams_carry_no_tag(self, client, method, path):
        assert "etag" not in client.request(method, path).headers

    def test_a_stream_arrives_whole(self, client):
        assert client.get("/stream").json() == [1, 2]


class TestFiles:
    def test_an_unchanged_file_is_not_sent_twice(self, client):
        first = client.get("/file")
        again = client.get("/file", headers={"If-None-Match": first.headers["etag"]})
        assert (first.content, again.status_code, again.content) == (b"0123456789", 304, b"")
        assert again.headers["x-content-type-options"] == "nosniff"

    def test_a_changed_file_is_sent(self, client, tmp_path):
        tag = client.get("/file").headers["etag"]
        (tmp_path / "plot.png").write_bytes(b"9876543210")
        os.utime(tmp_path / "plot.png", (1, 1))
        assert client.get("/file", headers={"If-None-Match": tag}).content == b"9876543210"

    def test_parts_of_a_file_can_be_had(self, client):
        answer = client.get("/file", headers={"Range": "bytes=2-4"})
        assert (answer.status_code, answer.content) == (206, b"234")


@pytest.mark.parametrize(
    ("condition", "same"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_conditions_are_compared_weakly(condition, same):
    assert matches(condition, 'W/"a"') is same
