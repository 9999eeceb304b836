"""Every route of the application, whoever added it: its role, its parameters, its description."""

import re
import subprocess
import sysconfig
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dsa_hcal_assets.access import Role, tokens
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.web.access.declared import declared_routes
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import local, remote, token_of
from dsa_hcal_assets_tests.web.serving import served

# A route that anyone may ask is named here, after thought.
OPEN = {
    "/openapi.json",  # the product's own text
    "/api/health",
    "/api/session",
    "/sign-in",
    "/dashboard/assets/{version}/{name}",  # the product's own files
}
READING = {"GET", "HEAD"}
SCHEMATHESIS = Path(sysconfig.get_path("scripts")) / "schemathesis"


@pytest.fixture(scope="module")
def app(filled):
    return create_app(filled)


@pytest.fixture(scope="module")
def routes(app):
    return list(declared_routes(app))


@pytest.fixture(scope="module")
def shown(standing_database):
    """A token of each role, and some that are good for nothing."""
    shown = {role.value: token_of(standing_database, role) for role in Role}
    shown["revoked"] = token_of(standing_database, Role.ADMIN, "revoked")
    tokens.revoke(standing_database, "revoked", by="test")
    before = utc_now() - timedelta(seconds=1)
    expired = tokens.create(standing_database, "expired", Role.ADMIN, by="test", expires_at=before)
    return shown | {"expired": expired.text, "forged": shown["admin"][:-43] + "x" * 43, "none": None}


class TestRoles:
    def test_only_those_named_here_are_open(self, routes):
        assert {route.path for route in routes if route.role is None} == OPEN

    def test_what_may_change_something_needs_an_operator(self, routes):
        acting = [route for route in routes if route.methods - READING and route.path not in OPEN]
        assert acting
        assert [route for route in acting if not route.role.covers(Role.OPERATOR)] == []

    @pytest.mark.parametrize(
        "caller", ["none", "viewer", "operator", "admin", "revoked", "expired", "forged"]
    )
    def test_each_route_admits_whom_it_should(self, app, routes, shown, caller):
        role = Role(caller) if caller in list(Role) else None
        client, wrong = remote(app, shown[caller]), []
        for route in routes:
            if route.path in OPEN:
                continue
            expected = 401 if role is None else 200 if role.covers(route.role) else 403
            for method in route.methods or {"WEBSOCKET"}:
                found = standing(client, method, filled_in(route.path, "1"))
                if found != expected:
                    wrong.append((method, route.path, expected, found))
        assert wrong == []

    def test_the_document_says_so(self, app, routes):
        paths = app.openapi()["paths"]
        described = [(route, method) for route in routes for method in route.methods if route.path in paths]
        for route, method in described:
            operation = paths[route.path][method.lower()]
            assert ("security" in operation) == (route.role is not None), route
            assert {"400", "429", "503"} <= set(operation["responses"])


def filled_in(path, value):
    return re.sub(r"\{[^}]*\}", value, path)


def standing(client: TestClient, method: str, path: str) -> int:
    """Return 401 or 403 as the answer was; 200 for all that came after that."""
    if method == "WEBSOCKET":
        try:
            with client.websocket_connect(f"ws://192.0.2.1:8110{path}"):
                return 200
        except WebSocketDisconnect as refusal:
            return getattr(refusal, "status_code", 403)
    body = {"json": {}} if method not in READING else {}
    status = client.request(method, path, follow_redirects=False, **body).status_code
    return status if status in (401, 403) else 200


class TestParameters:
    """Values that mean something to SQL, paths, pages, formats and parsers, given to each parameter."""

    TO_ALL = ("'; drop table platform.audit; --", "\0", "-1", "9" * 30, "x" * 5000, "", "NaN")
    TO_TEXT = (
        "1 or 1=1",
        "%s %(x)s %",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "\u202e\ud7ff\uffff",
        "\N{ARABIC-INDIC DIGIT THREE}",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "2025-02-30",
        "\r\nX-Injected: 1",
    )
    NO_TEXT = ("%ff", "%ed%a0%80", "%c0%ae%c0%ae/")

    def test_each_is_refused_or_harmless(self, app, standing_database):
        client, before, wrong = local(app), tables(standing_database), []
        for path, operations in app.openapi()["paths"].items():
            for parameter in operations.get("get", {}).get("parameters", []):
                texts = self.TO_ALL + (self.TO_TEXT if takes_text(parameter) else ())
                for value in [quote(text, safe="") for text in texts] + list(self.NO_TEXT):
                    answer = client.get(asked(path, parameter, value))
                    if not harmless(answer):
                        wrong.append((path, parameter["name"], value[:40], answer.status_code))
        assert wrong == []
        assert tables(standing_database) == before


def takes_text(parameter):
    kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
    return any(kind.get("type") == "string" and not {"enum", "format"} & set(kind) for kind in kinds)


def asked(path, parameter, value):
    """Return the address that gives one parameter a value as it stands in addresses, the others 1."""
    if parameter["in"] == "path":
        return filled_in(path.replace(f"{{{parameter['name']}}}", value), "1")
    return f"{filled_in(path, '1')}?{quote(parameter['name'])}={value}"


def harmless(answer):
    # 503 is what an unexpected error of the database looks like
    return (
        answer.status_code < 500
        and "root:" not in answer.text
        and "x-injected" not in answer.headers
        and not ("html" in answer.headers["content-type"] and "<script>alert" in answer.text)
    )


def tables(database):
    return database.rows("select schemaname, tablename from pg_tables order by 1, 2")


class TestDocument:
    """What /openapi.json promises, asked by schemathesis of the application as it is served."""

    # a 503 is a server error too, as no outage is made; Starlette names one route's methods in Allow only
    CHECKS = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
    )

    @pytest.fixture(scope="class")
    @staticmethod
    def address(filled):
        with served(filled) as port:
            yield f"http://127.0.0.1:{port}"

    def test_every_operation_keeps_to_it(self, address, tmp_path):
        self.ask(
            address, tmp_path, "--phases=examples,fuzzing", "--max-examples=5", "--generation-deterministic"
        )

    @pytest.mark.verify
    @pytest.mark.timeout(7200)
    def test_every_operation_keeps_to_it_at_length(self, address, tmp_path):
        phases = "--phases=examples,coverage,fuzzing,stateful"
        self.ask(address, tmp_path, phases, "--max-examples=100", "--generation-database=none")

    def ask(self, address, place, *options):
        command = [str(SCHEMATHESIS), "run", f"{address}/openapi.json", f"--checks={','.join(self.CHECKS)}"]
        # that one asks Dagster, which is away here; its own tests have one
        command += [
            "--exclude-path=/api/reprocess/{group_id}",
            "--no-color",
            *options,
        ]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-20_000:]
        assert "Tested: " in done.stdout
