"""Which alerts go where: the settings say it, and settings that make no sense are refused."""

import pytest

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.outlets import Limits, Outlets
from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings import load_settings

EVERYTHING = {
    "DSA_HCAL_WEBHOOK_URL": "http://127.0.0.1:9/s3cret",
    "DSA_HCAL_ALERTS__SLACK_URL": "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    "DSA_HCAL_ALERTS__MAIL_SERVER": "smtp.example.org",
    "DSA_HCAL_ALERTS__MAIL_FROM": "dsa@example.org",
    "DSA_HCAL_ALERTS__MAIL_TO": "ann@example.org",
}
OTHERS = "pager=json://127.0.0.1:9/s3cret bell=json://127.0.0.1:9/s3cret"


def where(outlets: Outlets, category: str, severity: str) -> list[str]:
    alert = Alert(Severity(severity), category, "x")
    return sorted(channel.name for channel in outlets.channels_for(alert))


def outlets(**environ: str) -> Outlets:
    return Outlets.of(load_settings(environ))


@pytest.mark.parametrize(
    ("category", "severity", "channels"),
    [
        ("run", "debug", []),
        ("run", "info", []),
        ("run", "warning", ["slack", "webhook"]),
        ("run", "error", ["mail", "slack", "webhook"]),
        ("run", "critical", ["mail", "slack", "webhook"]),
        ("summary", "info", ["mail", "slack", "webhook"]),
        ("summary", "debug", []),
    ],
)
def test_by_default_warnings_go_to_slack_errors_also_by_mail_and_the_summary_everywhere(
    category, severity, channels
):
    assert where(outlets(**EVERYTHING), category, severity) == channels


def test_an_installation_without_addresses_has_only_record_and_log():
    assert where(outlets(), "run", "critical") == []


def test_entries_that_name_a_category_replace_the_general_ones():
    found = outlets(
        **EVERYTHING, DSA_HCAL_ALERTS__ROUTES="*:info slack webhook; rig:critical mail; noise:debug log"
    )
    assert where(found, "run", "info") == ["slack", "webhook"]
    assert where(found, "rig", "error") == []
    assert where(found, "rig", "critical") == ["mail"]
    assert where(found, "noise", "critical") == []


def test_a_pattern_covers_several_categories():
    found = outlets(DSA_HCAL_WEBHOOK_URL="http://127.0.0.1:9/", DSA_HCAL_ALERTS__ROUTES="hcal.*:info webhook")
    assert where(found, "hcal.trip", "info") == ["webhook"]
    assert where(found, "rig", "critical") == []


def test_other_services_have_names_for_routes():
    found = outlets(DSA_HCAL_ALERTS__OTHER_URLS=OTHERS, DSA_HCAL_ALERTS__ROUTES="*:error pager bell")
    assert where(found, "run", "error") == ["bell", "pager"]
    assert "s3cret" not in repr(found)


def test_names_of_the_older_system_count():
    settings = load_settings(
        {
            "CONTIMG_SLACK_WEBHOOK_URL": EVERYTHING["DSA_HCAL_ALERTS__SLACK_URL"],
            "CONTIMG_SMTP_HOST": "smtp.example.org",
            "CONTIMG_SMTP_PORT": "2525",
            "CONTIMG_SMTP_USER": "dsa",
            "CONTIMG_SMTP_PASSWORD": "hunter2",
            "CONTIMG_ALERT_FROM_EMAIL": "dsa@example.org",
            "CONTIMG_ALERT_TO_EMAILS": "ann@example.org,bob@example.org",
        }
    )
    assert where(Outlets.of(settings), "run", "error") == ["mail", "slack"]
    assert (settings.alerts.mail_port, settings.alerts.mail_user) == (2525, "dsa")
    assert "hunter2" not in repr(settings)


def test_limits_are_those_of_the_settings():
    found = outlets(DSA_HCAL_ALERTS__LIMIT="3", DSA_HCAL_ALERTS__WINDOW_SECONDS="60")
    assert found.limits == Limits(3, 60.0)
    assert outlets().limits == Limits(10, 300.0)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"DSA_HCAL_ALERTS__ROUTES": "*:error pigeon"}, "pigeon"),
        ({"DSA_HCAL_ALERTS__ROUTES": "*:loud slack"}, "ALERTS__ROUTES"),
        ({"DSA_HCAL_ALERTS__ROUTES": "slack"}, "ALERTS__ROUTES"),
        ({"DSA_HCAL_ALERTS__OTHER_URLS": OTHERS}, "sends nothing to bell, pager"),
        ({"DSA_HCAL_ALERTS__OTHER_URLS": "json://127.0.0.1/s3cret"}, "entry 1"),
        ({"DSA_HCAL_ALERTS__OTHER_URLS": "slack=json://127.0.0.1/s3cret"}, "entry 1"),
        ({"DSA_HCAL_ALERTS__MAIL_SERVER": "smtp.example.org"}, "ALERTS__MAIL_FROM"),
        ({"DSA_HCAL_WEBHOOK_URL": "s3cret"}, "WEBHOOK_URL"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name_and_secrets_are_not_shown(environ, named):
    with pytest.raises(ConfigurationError, match=named) as caught:
        outlets(**environ)
    assert "s3cret" not in str(caught.value)
