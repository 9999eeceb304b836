"""Which search a profile means."""

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.radio.flagging.search import OURS, PROGRAMS, method
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets.radio.profiles.processing import Flagging


def test_auto_is_our_own_whatever_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert method(Flagging(method="auto")) == OURS
    monkeypatch.setenv("PATH", "")
    assert method(Flagging(method="auto")) == OURS


def test_a_program_that_is_not_installed_is_refused_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="apt-get install aoflagger"):
        method(Flagging(method="aoflagger"))


def test_spectral_line_data_are_not_searched() -> None:
    chosen = method(load_profiles()["vla"].flagging)
    assert chosen != OURS
    assert chosen not in PROGRAMS
