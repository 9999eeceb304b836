"""A profile says where Python spent its time, also of what failed; without a path nothing is written."""

import pstats

import pytest

from dsa_hcal_assets.observability.profiling import profiled
from dsa_hcal_assets.settings.observability import ObservabilitySettings


def busy():
    return sum(range(1000))


def test_a_profile_names_the_functions_that_were_called(tmp_path):
    path = tmp_path / "run" / "flags.prof"
    with profiled(path):
        for _ in range(7):
            busy()
    calls = {name: row[0] for (_, _, name), row in pstats.Stats(str(path)).stats.items()}
    assert calls["busy"] == 7
    assert "busy" in path.with_suffix(".txt").read_text()


def test_what_failed_has_its_profile(tmp_path):
    with pytest.raises(ZeroDivisionError), profiled(tmp_path / "a.prof"):
        divmod(busy(), 0)
    assert "busy" in (tmp_path / "a.txt").read_text()


def test_without_a_path_nothing_is_profiled():
    with profiled(None), profiled(None):
        busy()


@pytest.mark.parametrize(
    ("chosen", "profiled_stages"),
    [
        ("", set()),
        ("flags", {"flags"}),
        ("flags, rig_kpis", {"flags", "rig_kpis"}),
        ("all", {"flags", "rig_kpis"}),
    ],
)
def test_stages_are_chosen_by_name(chosen, profiled_stages):
    settings = ObservabilitySettings(profile=chosen)
    assert {stage for stage in ("flags", "rig_kpis") if settings.profiles(stage)} == profiled_stages
