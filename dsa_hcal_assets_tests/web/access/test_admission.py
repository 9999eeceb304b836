"""Who gets in, by which door, and what is written down about it."""

import pytest
from fastapi import Depends

from dsa_hcal_assets.access import Role, audit, sessions, tokens
from dsa_hcal_assets.access.secrets import SESSION_PREFIX, TOKEN_PREFIX, Secret
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets.settings.access import AccessSettings
from dsa_hcal_assets.web.access import Caller, needs
from dsa_hcal_assets.web.access.admission import COOKIE
from dsa_hcal_assets.web.app import create_app
from dsa_hcal_assets_tests.web.callers import bearer, local, remote, token_of

READ, ACT = "/api/groups", "/acted/{thing}"


@pytest.fixture
def settings(database, tmp_path):
    return Settings(state_dir=tmp_path, database_url=database.url)


@pytest.fixture
def app(settings):
    """The application with one action, which says who did it."""
    return with_action(create_app(settings))


def with_action(app):
    @app.post(ACT)
    def act(thing: str, caller: Caller = Depends(needs(Role.OPERATOR))) -> str:  # noqa: B008 - as FastAPI has it
        if thing == "broken":
            raise RuntimeError(thing)
        return f"{thing} by {caller.name}"

    return app


def entries(database, **chosen):
    return audit.entries(database, **chosen)


class TestCallersOnThisMachine:
    def test_they_read_but_do_not_act(self, app):
        caller = local(app)
        assert caller.get(READ).status_code == 200
        assert caller.post("/acted/now").status_code == 403

    @pytest.mark.parametrize(("role", "read", "act"), [("none", 401, 401), ("operator", 200, 200)])
    def test_the_settings_say_otherwise(self, settings, role, read, act):
        chosen = settings.model_copy(update={"access": AccessSettings(local_role=role)})
        caller = local(with_action(create_app(chosen)))
        assert (caller.get(READ).status_code, caller.post("/acted/now").status_code) == (read, act)

    def test_a_proxy_speaks_for_others(self, app):
        signs = ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"]
        assert [local(app).get(READ, headers={name: "x"}).status_code for name in signs] == [401] * 5

    def test_a_name_for_others_is_not_this_machine(self, app):
        assert local(app).get(READ, headers={"Host": "192.0.2.1:8110"}).status_code == 401

    def test_a_token_counts_more_than_the_place_even_a_wrong_one(self, app, database):
        token = token_of(database, Role.OPERATOR)
        assert local(app).post("/acted/now", headers=bearer(token)).json() == "now by operator"
        assert local(app).get(READ, headers=bearer("wrong")).status_code == 401


class TestCallersFromElsewhere:
    def test_they_need_a_token(self, app):
        answer = remote(app).get(READ)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert remote(app).get("/api/health").status_code == 200

    def test_a_token_is_taken_and_refused_at_once_when_revoked(self, app, database):
        caller = remote(app, token_of(database, Role.VIEWER))
        assert caller.get(READ).status_code == 200
        tokens.revoke(database, "viewer", by="test")
        assert caller.get(READ).status_code == 401

    def test_other_headers_are_refused(self, app, database):
        token = token_of(database, Role.ADMIN)
        wrong = ["Bearer", "Bearer ", "Basic dTpw", "Bearer x", token, f"Token {token}", f"Bearer {token}x"]
        answers = [remote(app).get(READ, headers={"Authorization": header}) for header in wrong]
        assert [answer.status_code for answer in answers] == [401] * len(wrong)

    def test_a_token_in_the_address_is_none(self, app, database):
        token = token_of(database, Role.ADMIN)
        for name in ("token", "access_token", "authorization"):
            assert remote(app).get(READ, params={name: token}).status_code == 401

    def test_a_sessions_secret_is_no_token(self, app, database):
        caller = tokens.caller(database, Secret.parse(token_of(database, Role.ADMIN)))
        session = sessions.start(database, caller, app.state.admission.lifetime, "x")
        assert remote(app, session.text).get(READ).status_code == 401
        assert remote(app).get(READ, headers={"Cookie": f"{COOKIE}={session.text}"}).status_code == 200


class TestBrowsers:
    @pytest.fixture
    def browser(self, app):
        return remote(app)

    @pytest.fixture
    def token(self, database):
        return token_of(database, Role.OPERATOR)

    def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(self, browser, token):
        answer = browser.post("/api/session", json={"token": token})
        assert answer.json() == {"name": "operator", "role": "operator"}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert token not in cookie
        assert browser.get("/api/session").json() == {"name": "operator", "role": "operator"}
        assert browser.post("/acted/now").json() == "now by operator"

    def test_over_tls_the_cookie_stays_there(self, browser, token):
        answer = browser.post("https://192.0.2.1/api/session", json={"token": token})
        assert "Secure" in answer.headers["set-cookie"]

    def test_signing_out_ends_it_also_for_who_copied_the_cookie(self, app, browser, token):
        browser.post("/api/session", json={"token": token})
        copied = browser.cookies[COOKIE]
        assert browser.delete("/api/session").status_code == 204
        assert browser.get("/api/session").json() == {"name": None, "role": None}
        assert remote(app).get(READ, headers={"Cookie": f"{COOKIE}={copied}"}).status_code == 401

    def test_people_are_asked_to_sign_in_and_get_in(self, browser, token):
        page = browser.get("/dashboard", headers={"Accept": "text/html"})
        assert page.url.path == "/sign-in"
        wrong = browser.post("/sign-in", data={"token": "<script>"})
        assert wrong.status_code == 401
        assert "<script>" not in wrong.text
        assert browser.post("/sign-in", data={"token": token}).url.path == "/"

    def test_a_foreign_cookie_is_nobody(self, browser):
        for value in ("", "x", Secret.new(SESSION_PREFIX).text, Secret.new(TOKEN_PREFIX).text):
            assert browser.get(READ, headers={"Cookie": f"{COOKIE}={value}"}).status_code == 401


class TestPagesOfOthers:
    """What a page somewhere else makes a browser on this machine do."""

    @pytest.fixture
    def browser(self, settings):
        chosen = settings.model_copy(update={"access": AccessSettings(local_role="operator")})
        return local(with_action(create_app(chosen)))

    def test_actions_are_refused_and_written_down(self, browser, database):
        origins = [
            "https://evil.example",
            "http://127.0.0.1:9999",  # another server of this machine
            "http://localhost:8110",
            "null",
            "http://127.0.0.1:8110.evil.example",
            "file://127.0.0.1:8110",
        ]
        signs = [{"Origin": one} for one in origins]
        signs += [{"Sec-Fetch-Site": one} for one in ("cross-site", "same-site")]
        for headers in signs:
            assert browser.post("/acted/now", headers=headers).status_code == 403, headers
        expected = [("refused", 403, "/acted/now")] * len(signs)
        assert [(one.outcome, one.status, one.route) for one in entries(database)] == expected

    def test_our_own_may(self, browser):
        own = {"Origin": "http://127.0.0.1:8110", "Sec-Fetch-Site": "same-origin"}
        assert browser.post("/acted/now", headers=own).status_code == 200

    def test_nothing_says_that_others_may_read_answers(self, browser):
        answer = browser.get(READ, headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        assert browser.options("/acted/now", headers=asked).status_code == 405

    def test_names_that_are_not_ours_are_refused(self, browser):
        names = [
            "evil.example",
            "evil.example:1",
            "127.0.0.1.evil.example",
            "",
            "a b",
            "[::1",
            "a@evil.example",
        ]
        for name in names:
            assert browser.get("/api/health", headers={"Host": name}).status_code == 400, name

    def test_ours_are_addresses_localhost_and_those_of_the_settings(self, settings):
        chosen = AccessSettings(host_names="a.example, DSA.example.org")
        caller = local(create_app(settings.model_copy(update={"access": chosen})))
        names = ["localhost:8110", "127.0.0.1", "[::1]:8110", "192.0.2.1", "LOCALHOST", "dsa.example.org:443"]
        for name in names:
            assert caller.get("/api/health", headers={"Host": name}).status_code == 200, name


class TestAudit:
    def test_an_action_is_written_down_with_who_and_what_came_of_it(self, app, database):
        token = token_of(database, Role.OPERATOR)
        remote(app, token).post("/acted/now?why=test", json={"password": "hunter2", "note": token})
        (entry,) = entries(database)
        assert (entry.name, entry.role, entry.address) == ("operator", "operator", "192.0.2.7")
        assert (entry.method, entry.route) == ("POST", ACT)
        assert (entry.outcome, entry.status) == ("done", 200)
        assert entry.parameters["thing"] == "now"
        assert entry.parameters["why"] == "test"
        assert "hunter2" not in str(entry.parameters)
        assert Secret.parse(token).private not in str(entry.parameters)

    def test_it_is_written_down_once_whatever_its_room_needs_too(self, app, database):
        @app.post("/admins-only", dependencies=[Depends(needs(Role.ADMIN))])
        def act(caller: Caller = Depends(needs(Role.OPERATOR))) -> str:  # noqa: B008 - as FastAPI has it
            return caller.name

        remote(app, token_of(database, Role.ADMIN)).post("/admins-only")
        assert [(one.route, one.outcome) for one in entries(database)] == [("/admins-only", "done")]

    @pytest.mark.parametrize(
        "body", [b"[" * 200_000, b'{"a": NaN, "b": 1e999}', b'{"a": "\\ud800\\u0000"}', b"\xff", b"9" * 9999]
    )
    def test_so_is_one_with_a_body_that_hardly_is_one(self, app, database, body):
        caller = remote(app, token_of(database, Role.OPERATOR))
        headers = {"Content-Type": "application/json"}
        assert caller.post("/acted/now", content=body, headers=headers).status_code == 200
        assert [one.outcome for one in entries(database)] == ["done"]

    def test_so_is_one_that_is_refused_or_fails(self, app, database):
        remote(app).post("/acted/now")
        remote(app, token_of(database, Role.VIEWER)).post("/acted/now")
        failing = remote(app, token_of(database, Role.OPERATOR))
        with pytest.raises(RuntimeError):
            failing.post("/acted/broken")
        found = [(one.name, one.outcome, one.status) for one in entries(database)]
        assert found == [("operator", "failed", 500), ("viewer", "refused", 403), ("", "refused", 401)]

    def test_so_is_a_wrong_token_also_for_reading(self, app, database):
        wrong = Secret.new(TOKEN_PREFIX)
        remote(app, wrong.text).get(READ)
        (entry,) = entries(database)
        assert (entry.name, entry.token_id, entry.status) == ("", wrong.public_id, 401)

    def test_reading_is_not(self, app, database):
        local(app).get(READ)
        remote(app).get(READ)
        remote(app, token_of(database, Role.VIEWER)).get(READ)
        assert entries(database) == []

    def test_so_is_a_body_that_is_too_large(self, app, database):
        assert local(app).post("/api/session", content=b"x" * (1024 * 1024 + 1)).status_code == 413
        assert [(one.route, one.status) for one in entries(database)] == [("/api/session", 413)]

    def test_signing_in_and_out_is_without_the_token(self, app, database):
        token = token_of(database, Role.OPERATOR)
        browser = remote(app)
        browser.post("/api/session", json={"token": token})
        browser.delete("/api/session")
        out, in_ = entries(database)
        assert (in_.method, out.method, in_.name, out.name) == ("POST", "DELETE", "operator", "operator")
        assert Secret.parse(token).private not in str(in_.parameters)

    def test_nothing_is_done_that_cannot_be_written_down(self, app, database):
        caller = remote(app, token_of(database, Role.OPERATOR))
        with database.transaction() as cursor:
            cursor.execute("alter table platform.audit rename to gone")
        assert caller.post("/acted/now").status_code == 503

    def test_admins_read_it_in_pages(self, app, database):
        operator, admin = (remote(app, token_of(database, role)) for role in (Role.OPERATOR, Role.ADMIN))
        for number in range(3):
            operator.post(f"/acted/{number}")
        first = admin.get("/api/audit?limit=2").json()
        assert [one["parameters"]["thing"] for one in first["items"]] == ["2", "1"]
        rest = admin.get("/api/audit", params={"limit": 2, "cursor": first["next"]}).json()
        assert ([one["parameters"]["thing"] for one in rest["items"]], rest["next"]) == (["0"], None)
        assert admin.get("/api/audit?name=nobody").json()["items"] == []
        assert operator.get("/api/audit").status_code == 403


class TestRates:
    def limited(self, settings, **rates):
        chosen = settings.model_copy(update={"access": AccessSettings(local_role="operator", **rates)})
        return local(with_action(create_app(chosen)))

    def test_an_address_that_asks_too_often_is_told_when_to_come_again(self, settings):
        caller = self.limited(settings, requests_per_minute=2)
        codes = [caller.get("/api/session").status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert 1 <= int(caller.get("/api/session").headers["Retry-After"]) <= 60

    def test_actions_have_a_limit_of_their_own(self, settings, database):
        caller = self.limited(settings, actions_per_minute=1)
        answers = [caller.post("/acted/now") for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 429]
        assert int(answers[1].headers["Retry-After"]) >= 1
        assert caller.get(READ).status_code == 200
        assert [one.status for one in entries(database)] == [429, 200]

    def test_guesses_neither_fill_the_audit_nor_lock_out_who_has_a_token(self, settings, database):
        caller = self.limited(settings, refusals_per_minute=3)
        codes = [caller.get(READ, headers=bearer(f"guess{number}")).status_code for number in range(20)]
        assert codes == [401] * 3 + [429] * 17
        assert len(entries(database)) == 3
        assert caller.get(READ, headers=bearer(token_of(database, Role.VIEWER))).status_code == 200


def test_every_answer_carries_the_headers_that_browsers_heed(app):
    for address in ("/api/health", "/nowhere", "/sign-in", "/openapi.json"):
        headers = local(app).get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "server" not in headers
    refused = local(app).get("/api/health", headers={"Host": "evil.example"})
    assert refused.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_is_away_lets_nobody_in(tmp_path):
    app = create_app(Settings(state_dir=tmp_path, database_url="postgresql://user:s3cret@127.0.0.1:9/d"))
    assert remote(app, Secret.new(TOKEN_PREFIX).text).get(READ).status_code == 503
    assert local(app).post("/api/session", json={"token": Secret.new(TOKEN_PREFIX).text}).status_code == 503
