"""Every setting through the environment: the right type, within its limits, or refused by name."""

from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.services.environment import settings_environment
from dsa_hcal_assets.settings import Settings, environment_name, load_settings, setting_paths
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets.settings.legacy import HONOURED, REFUSED, in_our_unit
from dsa_hcal_assets.settings.radio import RadioSettings
from dsa_hcal_assets.settings.rig import RigSettings

PORTS = st.integers(0, 65535)
PATHS = st.from_regex(r"/[a-z]{1,8}(/[a-z]{1,8}){0,2}", fullmatch=True).map(Path)
SECONDS = st.floats(1e-3, 1e6)
CHOSEN = st.builds(
    Settings,
    state_dir=PATHS,
    database_url=st.none() | st.just("postgresql://u:p@127.0.0.1:5432/d"),
    incoming_dir=st.none() | PATHS,
    api_port=PORTS,
    webserver_port=PORTS,
    radio=st.builds(
        RadioSettings,
        imager=st.sampled_from(["auto", "wsclean", "tclean"]),
        imsize=st.none() | st.integers(64, 16384),
        robust=st.none() | st.floats(-2, 2),
        settle_seconds=SECONDS,
    ),
    hcal=st.builds(HcalSettings, boards_file=st.none() | PATHS, poll_seconds=SECONDS),
    rig=st.builds(RigSettings, rows=st.integers(1, 10_000), temperature_high=st.floats(-100, 1000)),
)


@given(CHOSEN)
def test_settings_survive_the_way_through_an_environment(chosen):
    assert load_settings(settings_environment(chosen, {})) == chosen


@pytest.mark.parametrize("path", setting_paths())
def test_an_empty_value_counts_as_none(path):
    """A line of .env with nothing after the = must not become a path to here, or a wrong number."""
    assert load_settings({environment_name(path): ""}) == Settings()


def test_an_empty_value_of_an_unknown_name_is_still_refused():
    with pytest.raises(ConfigurationError, match="unknown setting"):
        load_settings({"DSA_HCAL_NO_SUCH_SETTING": ""})


@pytest.mark.parametrize("old", [*HONOURED, *REFUSED])
def test_an_older_name_without_a_value_is_not_set(old):
    assert load_settings({old: ""}) == Settings()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("api_port", "65536"),
        ("api_port", "-1"),
        ("hcal.poll_seconds", "0"),
        ("hcal.unsaved_snapshots", "1"),
        ("radio.robust", "2.5"),
        ("radio.imsize", "63"),
        ("radio.imager", "casa"),
        ("radio.spw_layout", "both"),
        ("rig.rows", "0"),
        ("rig.temperature_zscore", "-2"),
    ],
)
def test_a_value_outside_its_limits_is_refused_by_the_variables_name(path, text):
    with pytest.raises(ConfigurationError) as caught:
        load_settings({environment_name(path): text})
    assert environment_name(path) in caught.value.what
    assert caught.value.expected
    assert text in (caught.value.found or "")


def test_a_value_of_an_older_name_is_refused_by_the_name_of_the_setting():
    with pytest.raises(ConfigurationError, match="DSA_HCAL_RADIO__NITER"):
        load_settings({"IMG_NITER": "many"})


@pytest.mark.parametrize(("old", "path"), HONOURED.items())
def test_every_older_name_sets_what_it_means(old, path):
    text = {
        "state_dir": "/x",
        "database_url": "postgresql://h/d",
        "api_host": "0.0.0.0",
        "rig.table_name": "readings",
    }.get(path, "100")
    if path in ("radio.robust", "radio.threshold_jy", "radio.pointing_dec_deg", "radio.match_radius_deg"):
        text = "1"
    found = reduce(getattr, path.split("."), load_settings({old: text}))
    meant = in_our_unit(old, text)
    assert str(found) in (meant, f"{meant}.0")


def test_a_group_has_no_deeper_groups_and_is_no_setting_itself():
    for name in ("DSA_HCAL_RADIO", "DSA_HCAL_RADIO__IMSIZE__X", "DSA_HCAL___STATE_DIR"):
        with pytest.raises(ConfigurationError, match="unknown setting"):
            load_settings({name: "1"})


def test_places_follow_the_state_directory_unless_given_and_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(state_dir=Path("state"), products_dir=Path("archive"))
    assert settings.incoming == tmp_path / "state" / "incoming"
    assert settings.products == tmp_path / "archive"
    assert settings.quarantine == tmp_path / "state" / "quarantine"
    assert settings.logs == tmp_path / "state" / "logs"
