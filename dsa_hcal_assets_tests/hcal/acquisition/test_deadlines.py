"""Deadlines come from the settings, and no board may take longer than its cycle."""

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.settings import load_settings


def deadlines(**environ):
    names = {f"DSA_HCAL_HCAL__{name.upper()}": value for name, value in environ.items()}
    return Deadlines.of(load_settings(names).hcal)


def test_the_defaults_end_a_hung_board_within_five_seconds():
    defaults = deadlines()
    assert defaults == Deadlines()
    assert 2 * defaults.reply + defaults.quiet + defaults.backoff < 5
    assert defaults.connect < 5


def test_settings_reach_them():
    assert deadlines(reply_seconds="1.5", connect_seconds="0.5", board_seconds="7") == Deadlines(
        0.5, 1.5, 7.0
    )


def test_a_fast_cadence_shortens_the_boards_time():
    assert deadlines(poll_seconds="2").board == 1.8
