from pathlib import Path

import pytest
from pydantic import ValidationError

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.settings import Settings, environment_name, load_settings, secret_paths, setting_paths
from dsa_hcal_assets.settings.legacy import HONOURED, REFUSED


def test_without_any_variable_everything_has_a_default():
    settings = load_settings({})
    assert settings == Settings()
    assert settings.api_host == "127.0.0.1"


def test_two_underscores_step_into_a_group():
    settings = load_settings({"DSA_HCAL_HCAL__POLL_SECONDS": "2.5", "DSA_HCAL_STATE_DIR": "/data"})
    assert settings.hcal.poll_seconds == 2.5
    assert settings.state_dir == Path("/data")
    assert settings.products == Path("/data/products")
    assert settings.incoming == Path("/data/incoming")


def test_an_unknown_name_is_refused_with_the_nearest_known_one():
    with pytest.raises(ConfigurationError, match=r"_STATE_DIRECTORY.*did you mean DSA_HCAL_STATE_DIR\?"):
        load_settings({"DSA_HCAL_STATE_DIRECTORY": "/data"})


def test_a_wrong_value_names_the_variable_and_what_was_expected():
    with pytest.raises(ConfigurationError, match=r"DSA_HCAL_API_PORT.*expected.*found: 'many'"):
        load_settings({"DSA_HCAL_API_PORT": "many"})


def test_variables_of_other_programs_are_none_of_our_business():
    assert load_settings({"DSA_OTHER": "1", "PATH": "/bin"}) == Settings()


def test_the_platforms_own_internal_variables_are_no_settings():
    assert load_settings({"DSA_HCAL_SUPERVISOR_ID": "x"}) == Settings()


@pytest.mark.parametrize("old", REFUSED)
def test_names_that_cannot_be_honoured_are_refused_with_a_hint(old):
    with pytest.raises(ConfigurationError, match=f"{old} is set.*unset it: {REFUSED[old]}"):
        load_settings({old: "1"})


@pytest.mark.parametrize("old", HONOURED)
def test_old_names_mean_a_setting_that_exists(old):
    assert HONOURED[old] in setting_paths()


def test_an_old_name_in_seconds_is_taken_in_seconds():
    told = {"SCHED_COLLECTING_TIMEOUT": "86400", "SCHED_INPROG_TIMEOUT": "1800"}
    radio = load_settings(told).radio
    assert (radio.collect_hours, radio.stalled_hours) == (24.0, 0.5)
    with pytest.raises(ConfigurationError, match=r"RADIO__COLLECT_HOURS.*found: 'a day'"):
        load_settings({"SCHED_COLLECTING_TIMEOUT": "a day"})


@pytest.mark.parametrize("name", ["rig; drop table x", "2nd", "a" * 64, "rig.reading"])
def test_the_name_of_the_rigs_table_is_a_name(name):
    assert load_settings({"TABLE_NAME": "rig_data"}).rig.table_name == "rig_data"
    with pytest.raises(ConfigurationError, match="RIG__TABLE_NAME"):
        load_settings({"TABLE_NAME": name})


def test_an_old_name_counts_where_the_new_one_is_absent():
    assert load_settings({"IMG_IMSIZE": "512"}).radio.imsize == 512
    assert load_settings({"IMG_IMSIZE": "512", "DSA_HCAL_RADIO__IMSIZE": "256"}).radio.imsize == 256


@pytest.mark.parametrize("path", setting_paths())
def test_every_setting_can_be_named_and_is_described(path):
    assert setting_paths()[path]
    name = environment_name(path)
    with pytest.raises(ConfigurationError, match="unknown setting"):
        load_settings({name + "X": "1"})


def test_settings_cannot_be_changed_once_read():
    with pytest.raises(ValidationError):
        load_settings({}).api_port = 1


def test_secrets_are_not_shown():
    settings = load_settings({"DSA_HCAL_DATABASE_URL": "postgresql://u:hunter2@h/d"})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("path", sorted(secret_paths()))
def test_no_secret_is_shown_by_the_settings(path):
    values: dict = {}
    group, _, name = path.rpartition(".")
    (values.setdefault(group, {}) if group else values)[name] = "hunter2"
    assert "hunter2" not in repr(Settings.model_validate(values))


def test_addresses_and_passwords_are_secrets():
    assert {
        "database_url",
        "webhook_url",
        "alerts.slack_url",
        "alerts.mail_password",
        "alerts.other_urls",
    } <= secret_paths()


def test_quality_limits_are_no_settings_and_none_is_refused():
    assert load_settings({"DSA_HCAL_THRESHOLD__RIG_KPIS__AVG_TEMP__WARN_ABOVE": "70"}) == Settings()
