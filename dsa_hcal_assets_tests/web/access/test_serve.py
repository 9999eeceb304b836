"""The API as it is really served: clients that stand still, large requests, and what gets into its log."""

import socket
import subprocess
import sys
from contextlib import closing

import httpx
import pytest

from dsa_hcal_assets.access import Role
from dsa_hcal_assets.access.secrets import TOKEN_PREFIX, Secret
from dsa_hcal_assets.products import ProductStore, Provenance
from dsa_hcal_assets.services.environment import settings_environment
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets.web.access.rates import Rates
from dsa_hcal_assets_tests.web.callers import bearer, token_of
from dsa_hcal_assets_tests.web.serving import served
from dsa_hcal_assets_tests.workers.test_client import until

IMPATIENT = 0.3
GET = b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def database(standing_database):
    return standing_database


@pytest.fixture(scope="module")
def settings(database, tmp_path_factory):
    access = AccessSettings(max_header_kib=8)
    return Settings(state_dir=tmp_path_factory.mktemp("state"), database_url=database.url, access=access)


@pytest.fixture(scope="module")
def impatient(settings):
    return settings.model_copy(
        update={"access": settings.access.model_copy(update={"stalled_seconds": IMPATIENT})}
    )


@pytest.fixture(scope="module")
def impatient_port(impatient):
    with served(impatient) as port:
        yield port


@pytest.fixture(scope="module")
def port(settings):
    with served(settings) as port:
        yield port


def connected(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    return closing(connection)


def everything(connection):
    """Read until the server closes; a reset is an end too."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def is_gone(connection):
    """Tell whether there is nobody any more who would take what is sent."""
    try:
        connection.sendall(b"x")
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /api/he",
        GET + b"X-Slow: 1\r\n",
        POST + b"Content-Length: 100\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
        GET + b"\r\n" + GET,  # a second request that does not come to its end
    ],
    ids=["nothing", "request line", "headers", "body", "chunks", "next request"],
)
def test_a_client_that_stands_still_is_cut_and_others_are_served(impatient_port, sent):
    with connected(impatient_port) as slow:
        slow.sendall(sent)
        assert httpx.get(f"http://127.0.0.1:{impatient_port}/api/health").status_code == 200
        everything(slow)  # returns: the server has ended it


def test_a_client_that_takes_nothing_is_cut(impatient, impatient_port, database):
    store = ProductStore(impatient.products, database)
    with store.publishing("rig_kpis", "2025-06-05", Provenance({}, ())) as staged:
        (staged.path / "large.bin").write_bytes(bytes(64 << 20))
    address = f"/products/{staged.product.product_id}/large.bin"
    with connected(impatient_port) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert slow.recv(12) == b"HTTP/1.1 200"
        until(lambda: is_gone(slow))


class TestLargeRequests:
    @pytest.mark.parametrize(
        "head",
        [
            GET + b"X-Large: " + b"x" * 9000 + b"\r\n\r\n",
            GET + b"".join(b"X-%d: xxxxxxxxxxxxxxxx\r\n" % number for number in range(500)) + b"\r\n",
            b"GET /api/health?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            GET + b"X-Endless: " + b"x" * 100_000,
        ],
        ids=["a header", "many headers", "the address", "a header without end"],
    )
    def test_heads_are_refused(self, port, head):
        with connected(port) as client:
            client.sendall(head)
            assert everything(client).startswith(b"HTTP/1.1 431 ")

    @pytest.mark.parametrize("size", [1024 * 1024 + 1, 5 * 1024 * 1024, 2**60])
    def test_bodies_are_refused_by_what_they_announce(self, port, size):
        with connected(port) as client:
            client.sendall(POST + f"Content-Length: {size}\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 413 ")

    def test_bodies_are_refused_by_what_they_have(self, port):
        parts = (b" " * 65536 for _ in range(64))
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(f"http://127.0.0.1:{port}/api/session", content=parts, headers=headers)
        assert answer.status_code == 413

    @pytest.mark.parametrize(
        "sent",
        [
            b"\x16\x03\x01\x02\x00\x01\x00",  # TLS
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET /\0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\0b\r\n\r\n",
        ],
        ids=["TLS", "two hosts", "smuggled", "no host", "NUL in the address", "NUL in a header"],
    )
    def test_what_is_no_proper_request_is_refused(self, port, sent):
        with connected(port) as client:
            client.sendall(sent)
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_more_connections_than_allowed_are_told_so(settings):
    few = settings.model_copy(update={"access": settings.access.model_copy(update={"max_connections": 10})})
    with served(few) as port:
        held = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(10)]
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/api/health").status_code == 503
        finally:
            for connection in held:
                connection.close()


def test_forwarded_addresses_are_believed_of_trusted_proxies_only(settings, database):
    claims = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https"} | bearer("wrong")
    seen = []
    for proxies in ("", "127.0.0.1"):
        trusting = settings.access.model_copy(update={"trusted_proxies": proxies})
        with served(settings.model_copy(update={"access": trusting})) as port:
            httpx.get(f"http://127.0.0.1:{port}/api/status", headers=claims)
        ((address,),) = database.rows("select address from platform.audit order by audit_id desc limit 1")
        seen.append(address)
    assert seen == ["127.0.0.1", "198.51.100.9"]


class TestProcess:
    def serve(self, settings, log):
        return subprocess.Popen(
            [sys.executable, "-m", "dsa_hcal_assets.web.serve"],
            env=settings_environment(settings),
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def test_no_secret_gets_into_its_log(self, settings, database, tmp_path):
        settings = settings.model_copy(update={"api_port": free_port()})
        token, wrong = token_of(database, Role.VIEWER), Secret.new(TOKEN_PREFIX).text
        base = f"http://127.0.0.1:{settings.api_port}"
        with (tmp_path / "log").open("wb") as log, self.serve(settings, log) as process:
            try:
                with httpx.Client(base_url=base, transport=httpx.HTTPTransport(retries=100)) as client:
                    cookie = client.post("/api/session", json={"token": token}).cookies["dsa_hcal_session"]
                    for secret in (token, wrong, cookie):
                        client.get(f"/api/status?token={secret}")
                        client.get(f"/{secret}")
                        client.get("/api/status", headers=bearer(secret))
                        client.post("/api/session", json={"token": secret})
                        client.post("/api/session", content=secret)
                        client.post("/sign-in", data={"token": secret})
            finally:
                process.terminate()
        written = (tmp_path / "log").read_text()
        assert "/api/status?token=dsahcal_" in written  # it is a log of requests
        for secret in (token, wrong, cookie):
            assert Secret.parse(secret).private not in written

    def test_it_does_not_start_where_others_reach_it(self, settings, tmp_path):
        settings = settings.model_copy(update={"api_host": "0.0.0.0", "api_port": free_port()})
        with (tmp_path / "log").open("wb") as log, self.serve(settings, log) as process:
            assert process.wait(60) == 1
        assert "tokens create" in (tmp_path / "log").read_text()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_rates_hold_by_address_and_by_kind():
    rates = Rates(AccessSettings(requests_per_minute=3, actions_per_minute=1, refusals_per_minute=1))
    assert [rates.request_after("a") for _ in range(3)] == [0, 0, 0]
    assert 1 <= rates.request_after("a") <= 60
    assert rates.request_after("b") == 0
    assert (rates.action_after("a"), rates.refusal_after("a")) == (0, 0)
    assert rates.action_after("a") > 0
