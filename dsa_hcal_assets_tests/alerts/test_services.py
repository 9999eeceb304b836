"""Slack and e-mail get what people need to know, through Apprise, which keeps addresses to itself."""

import io
import logging
import ssl
import subprocess
from contextlib import suppress
from dataclasses import replace

import pytest
from apprise.plugins.slack import NotifySlack

from dsa_hcal_assets.alerts import Severity, notices
from dsa_hcal_assets.alerts.channels import DeliveryFailed
from dsa_hcal_assets.alerts.services import MOST_CHARACTERS, ServiceChannel, mail_url
from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets_tests.alerts.receivers import http_receiver, smtp_receiver
from dsa_hcal_assets_tests.alerts.test_raising import TROUBLE

TOKEN = "abcdefghijklmnopqrstuvwx"  # the form Slack gives its own
PASSWORD = "pass/w@rd:s3cret"


@pytest.fixture
def slack_at(monkeypatch):
    """Give the channel `slack`, with Slack's own host replaced by a receiver here."""

    def at(receiver) -> ServiceChannel:
        monkeypatch.setattr(NotifySlack, "webhook_url", receiver.url.removesuffix("/s3cret-token"))
        return service("slack", f"https://hooks.slack.com/services/T00000000/B00000000/{TOKEN}")

    return at


def service(name: str, url: str, **options) -> ServiceChannel:
    return ServiceChannel(name, url, variable=f"DSA_HCAL_ALERTS__{name.upper()}_URL", **options)


def mail(port: int, **options) -> ServiceChannel:
    given = {
        "security": "insecure",
        "user": None,
        "password": None,
        "sender": "dsa@example.org",
        "recipients": "ann@x.org,bob@y.org",
    }
    url = mail_url(server="127.0.0.1", port=port, **{**given, **options})
    return service("mail", url, seconds=2.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 with its key, signed by itself."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(file)]
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    request = ["openssl", "req", "-x509", "-days", "1", *key, *name]
    made = subprocess.run(request, capture_output=True, check=True, timeout=30)
    with file.open("ab") as pem:
        pem.write(made.stdout)
    return file


class TestSlack:
    def test_the_channel_gets_title_and_text_with_a_colour(self, slack_at):
        with http_receiver() as receiver:
            slack_at(receiver).deliver(notices.raised(TROUBLE, 7))
        assert receiver.paths == [f"/hook/T00000000/B00000000/{TOKEN}"]
        (shown,) = receiver.bodies[0]["attachments"]
        assert shown["title"] == "ERROR [check] kept_fraction failed"
        assert shown["text"].startswith("look at the rig\n(rig 2025-06-05, run r1, alert 7, ")
        assert shown["color"] == "#A32037"

    def test_the_end_of_a_trouble_is_told_as_such(self, slack_at):
        with http_receiver() as receiver:
            slack_at(receiver).deliver(notices.recovered(TROUBLE, 7, utc_now()))
        (shown,) = receiver.bodies[0]["attachments"]
        assert shown["title"] == "OVER [check] kept_fraction failed"

    def test_nobody_is_called_by_a_text_from_elsewhere(self, slack_at):
        with http_receiver() as receiver:
            slack_at(receiver).deliver(
                notices.raised(replace(TROUBLE, title="<!channel>", message="<!here>"))
            )
        told = str(receiver.bodies)
        assert "<!" not in told
        assert "&lt;!channel&gt;" in told

    @pytest.mark.parametrize(("status", "refused"), [(404, True), (403, True), (429, False), (500, False)])
    def test_a_refusal_is_told_from_an_outage(self, slack_at, status, refused):
        with (
            http_receiver(status) as receiver,
            pytest.raises(DeliveryFailed, match=f"HTTP {status}") as caught,
        ):
            slack_at(receiver).deliver(notices.raised(TROUBLE))
        assert caught.value.refused == refused

    def test_a_service_that_does_not_answer_costs_a_bounded_time(self, monkeypatch):
        with http_receiver(pause=3.0) as receiver:
            url = f"json://{receiver.url.removeprefix('http://')}"
            with pytest.raises(DeliveryFailed, match="timeout") as caught:
                service("other", url, seconds=0.5).deliver(notices.raised(TROUBLE))
        assert not caught.value.refused

    def test_a_text_too_long_is_cut(self, slack_at):
        with http_receiver() as receiver:
            slack_at(receiver).deliver(notices.raised(replace(TROUBLE, message="x" * 100_000), 7))
        (shown,) = receiver.bodies[0]["attachments"]
        assert len(shown["text"]) < MOST_CHARACTERS + 100


class TestMail:
    def test_everybody_gets_it(self):
        with smtp_receiver() as (receiver, port):
            mail(port).deliver(notices.raised(TROUBLE, 7))
        assert {one["X-Recipients"] for one in receiver.mails} == {"ann@x.org", "bob@y.org"}
        one = receiver.mails[0]
        assert one["Subject"] == "ERROR [check] kept_fraction failed"
        assert "dsa@example.org" in one["From"]
        assert "look at the rig" in one.get_content()

    def test_user_and_password_may_have_any_character(self):
        with smtp_receiver(PASSWORD) as (receiver, port):
            mail(port, user="dsa@example.org", password=PASSWORD).deliver(notices.raised(TROUBLE))
        assert len(receiver.mails) == 2

    def test_it_goes_encrypted_to_a_server_that_is_who_it_says(self, certificate, monkeypatch):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with smtp_receiver(PASSWORD, context) as (receiver, port):
            login = {"user": "ann", "password": PASSWORD, "security": "starttls"}
            with pytest.raises(DeliveryFailed):
                mail(port, **login).deliver(notices.raised(TROUBLE))
            assert receiver.mails == []
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            mail(port, **login).deliver(notices.raised(TROUBLE))
        assert len(receiver.mails) == 2

    def test_a_title_forges_no_header(self):
        with smtp_receiver() as (receiver, port):
            forged = replace(TROUBLE, title="hot\r\nBcc: eve@z.org")
            mail(port, recipients="ann@x.org").deliver(notices.raised(forged))
        (one,) = receiver.mails
        assert one["Bcc"] is None
        assert r"hot\r\nBcc: eve@z.org" in one["Subject"]

    def test_texts_of_any_language_arrive(self):
        with smtp_receiver() as (receiver, port):
            text = "Größe ≥ 5 µm: ß√"
            mail(port, recipients="ann@x.org").deliver(notices.raised(replace(TROUBLE, message=text)))
        assert text in receiver.mails[0].get_content()

    @pytest.mark.parametrize("answer", ["550 no", "451 later"])
    def test_mail_that_is_not_taken_is_tried_again_later(self, answer):
        with smtp_receiver() as (receiver, port):
            receiver.answer = answer
            with pytest.raises(DeliveryFailed) as caught:
                mail(port).deliver(notices.raised(TROUBLE))
        assert not caught.value.refused

    def test_a_server_that_is_not_there_is_away(self):
        with pytest.raises(DeliveryFailed):
            mail(9).deliver(notices.raised(TROUBLE))


@pytest.fixture
def everything_logged():
    """Text of all that reaches the root's handlers, at any level."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.mark.parametrize("status", [200, 404, 500])
def test_slacks_address_is_nowhere_in_logs_or_errors(slack_at, everything_logged, capfd, status):
    with http_receiver(status) as receiver:
        channel = slack_at(receiver)
        said = ""
        try:
            channel.deliver(notices.raised(TROUBLE))
        except DeliveryFailed as error:
            said = str(error)
    logging.getLogger("urllib3.connectionpool").debug("what others ask for")
    told = everything_logged.getvalue() + said + repr(channel) + "".join(capfd.readouterr())
    assert TOKEN not in told
    assert "B00000000" not in told
    assert "what others ask for" in told


@pytest.mark.parametrize("password", [PASSWORD, "wrong-s3cret"])
def test_the_password_of_the_mail_server_is_nowhere_in_logs_or_errors(everything_logged, capfd, password):
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the receiver's, not ours
    with smtp_receiver(PASSWORD) as (_, port):
        channel = mail(port, user="ann", password=password)
        with suppress(DeliveryFailed):
            channel.deliver(notices.raised(TROUBLE))
    told = everything_logged.getvalue() + repr(channel) + "".join(capfd.readouterr())
    assert "s3cret" not in told


@pytest.mark.parametrize("url", ["s3cret", "nosuch://s3cret/x", "https://hooks.slack.com/services/s3cret"])
def test_an_address_apprise_does_not_know_is_refused_without_showing_it(url, everything_logged, capfd):
    with pytest.raises(ConfigurationError, match="ALERTS__PAGER_URL") as caught:
        service("pager", url).check()
    assert "s3cret" not in str(caught.value) + everything_logged.getvalue() + "".join(capfd.readouterr())


def test_a_digest_says_how_many_and_which_came_first():
    now = utc_now()
    told = notices.digest(Severity.ERROR, "run", count=30, over=2, since=now, until=now, titles=["a\nb", "c"])
    assert told.title == "ERROR [run] 30 more alerts and 2 troubles are over"
    assert told.text.splitlines()[1:] == [r"- a\nb", "- c", "- and 28 more; `dsa-hcal alerts list` shows all"]
    assert told.facts["count"] == 30
