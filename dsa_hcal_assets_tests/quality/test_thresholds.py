"""Limits live in one file, every one of them decides, and nobody can set one that is ignored."""

import math
import tomllib
from pathlib import Path

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality import Level, Metric, Threshold, Thresholds, judge, legacy
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.thresholds import LIMIT_FIELDS, Limits

SHIPPED = Thresholds.load(environ={})
EVERY_LIMIT = [
    pytest.param(threshold, field, id=f"{threshold.stage}.{threshold.metric}.{field}")
    for threshold in SHIPPED
    for field in LIMIT_FIELDS
    if getattr(threshold.limits, field) is not None
]
DOCUMENT = """
[images.noise]
description = "Noise of the image"
unit = "Jy/beam"
warn_above = 0.3
error_above = 0.9
blocking = true
[images.noise.profile.vla]
error_above = 2.0
"""


def good_value(limits: Limits) -> float:
    """A value that satisfies all four limits: the middle, or one step from the only side."""
    lower = max((x for x in (limits.warn_below, limits.error_below) if x is not None), default=None)
    upper = min((x for x in (limits.warn_above, limits.error_above) if x is not None), default=None)
    if lower is None:
        assert upper is not None
        return upper - 1
    return lower + 1 if upper is None else (lower + upper) / 2


def moved(value: float, field: str) -> float:
    """A limit on the wrong side of `value`."""
    return value + 1 if field.endswith("below") else value - 1


def crossed(field: str) -> Level:
    """The level of a value just outside a limit of that name."""
    return Level.WARN if field.startswith("warn") else Level.FAIL


def quoted(threshold: Threshold) -> str:
    return f'{threshold.stage}."{threshold.metric}"'


def level_of(threshold: Threshold, thresholds: Thresholds, value: float, profile: str | None = None) -> Level:
    verdicts = judge(threshold.stage, [Metric(threshold.metric, value)], thresholds, profile)
    return next(verdict.level for verdict in verdicts if verdict.metric == threshold.metric)


def opened(field: str) -> str:
    """The opposite bound out of the way, so that a moved limit cannot leave an empty range."""
    opposite = field.replace("below", "above") if field.endswith("below") else field.replace("above", "below")
    return f"{opposite} = {'inf' if opposite.endswith('above') else '-inf'}\n"


@pytest.mark.parametrize(("threshold", "field"), EVERY_LIMIT)
class TestEveryShippedLimitDecides:
    def test_a_good_value_passes_as_shipped(self, threshold, field):
        assert level_of(threshold, SHIPPED, good_value(threshold.limits)) is Level.PASS

    def test_moving_it_in_a_file_changes_the_verdict(self, threshold, field, tmp_path):
        value = good_value(threshold.limits)
        override = tmp_path / "limits.toml"
        override.write_text(f"[{quoted(threshold)}]\n{field} = {moved(value, field)!r}\n{opened(field)}")
        changed = Thresholds.load(override, environ={})
        assert level_of(threshold, changed, value) is crossed(field)

    def test_moving_it_in_the_environment_changes_the_verdict(self, threshold, field):
        value = good_value(threshold.limits)
        opposite = opened(field).split(" = ")
        environ = {
            variable(threshold.stage, threshold.metric, field): repr(moved(value, field)),
            variable(threshold.stage, threshold.metric, opposite[0]): opposite[1].strip(),
        }
        changed = Thresholds.load(environ=environ)
        assert level_of(threshold, changed, value) is crossed(field)

    def test_the_limit_itself_is_inside_and_the_next_number_is_not(self, threshold, field):
        limit = getattr(threshold.limits, field)
        only = Limits(**{field: limit})
        outwards = -math.inf if field.endswith("below") else math.inf
        assert only.level(limit) is Level.PASS
        assert only.level(math.nextafter(limit, outwards)) is crossed(field)


def test_each_limit_set_for_a_profile_decides_under_that_profile():
    for threshold in (*SHIPPED, *from_text(DOCUMENT)):
        for profile, own in threshold.profiles.items():
            for field in set(own) & set(LIMIT_FIELDS):
                limits = threshold.for_profile(profile).limits
                outside = math.nextafter(own[field], -math.inf if field.endswith("below") else math.inf)
                assert limits.level(outside) in {crossed(field), Level.FAIL}, threshold


def test_every_shipped_section_explains_itself():
    for threshold in SHIPPED:
        assert threshold.description, threshold
        assert threshold.description[0].isupper() or not threshold.description[0].isalpha(), threshold


class TestProfiles:
    def test_a_profile_replaces_only_what_it_names(self):
        limits = from_text(DOCUMENT)
        assert judge("images", [Metric("noise", 1.0)], limits)[0].level is Level.FAIL
        (verdict,) = judge("images", [Metric("noise", 1.0)], limits, profile="vla")
        assert (verdict.level, verdict.limit) == (Level.WARN, "warn > 0.3, fail > 2")

    def test_an_unknown_profile_has_the_general_limits(self):
        assert judge("images", [Metric("noise", 1.0)], from_text(DOCUMENT), "gmrt")[0].level is Level.FAIL

    def test_a_profile_may_make_a_gate_advisory(self):
        document = DOCUMENT + "blocking = false\n"
        (verdict,) = judge("images", [Metric("noise", 3.0)], from_text(document), "vla")
        assert (verdict.level, verdict.stops) == (Level.FAIL, False)

    def test_the_environment_can_set_a_profile_of_its_own(self):
        one = next(iter(SHIPPED))
        name = variable(one.stage, one.metric, "error_below", profile="bench")
        changed = Thresholds.load(environ={name: "1e12"})
        assert level_of(one, changed, 5, "bench") is Level.FAIL
        assert level_of(one, changed, 5) is Level.PASS


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (("blocking = true", "blocking = true\nerror_abvoe = 1"), "images.noise.error_abvoe"),
            (("blocking = true", "blocking = 1"), "images.noise.blocking"),
            (("blocking = true", ""), "images.noise.blocking"),
            (('unit = "Jy/beam"', "unit = 3"), "images.noise.unit"),
            (("warn_above = 0.3", 'warn_above = "0.3"'), "images.noise.warn_above"),
            (("warn_above = 0.3", "warn_above = true"), "images.noise.warn_above"),
            (("warn_above = 0.3", "warn_above = nan"), "images.noise.warn_above"),
            (("warn_above = 0.3", "warn_above = 0.3\nwarn_below = 0.4"), "images.noise"),
            (("error_above = 2.0", "description = 'x'"), "images.noise.profile.vla.description"),
            (("error_above = 2.0", "error_below = 3.0"), "images.noise.profile.vla"),
            (("error_above = 0.9", ""), "blocks but has no error limit"),
        ],
    )
    def test_a_mistake_in_a_file_is_named(self, change, named):
        with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
            from_text(DOCUMENT.replace(*change, 1))

    def test_a_section_without_a_limit_is_refused(self):
        with pytest.raises(ConfigurationError, match=r"a\.b has no limit"):
            from_text('[a.b]\ndescription = "x"\nunit = "1"\nblocking = false\n')

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("[rig_claen.kept_fraction]\nwarn_below = 1", "did you mean rig_clean"),
            ("[rig_clean.kept_fractoin]\nwarn_below = 1", "did you mean kept_fraction"),
            ("[rig_clean.kept_fraction]\nunit = '2'", r"rig_clean\.kept_fraction\.unit"),
            ("[rig_clean.kept_fraction]\nwarn_below = []", r"rig_clean\.kept_fraction\.warn_below"),
            ("rig_clean = 3", "rig_clean"),
            ("[rig_clean.kept_fraction", "not valid TOML"),
        ],
    )
    def test_a_mistake_in_the_operators_file_names_key_and_file(self, text, named, tmp_path):
        override = tmp_path / "mine.toml"
        override.write_text(text)
        with pytest.raises(ConfigurationError, match=named) as caught:
            Thresholds.load(override, environ={})
        assert str(override) in str(caught.value)

    def test_a_missing_operators_file_is_an_error_not_the_default(self, tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            Thresholds.load(tmp_path / "absent.toml", environ={})

    @pytest.mark.parametrize(
        ("name", "text", "hint"),
        [
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTOIN__WARN_BELOW", "1", "did you mean"),
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION", "1", "names no known threshold"),
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__UNIT", "1", "names no known threshold"),
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__WARN_BELOW", "much", "a number"),
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__WARN_BELOW", "nan", "a number"),
            ("DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__BLOCKING", "maybe", "true or false"),
            ("CONTIMG_QA_MS_MIN_AMP", "1e-6", "cannot be honoured"),
        ],
    )
    def test_a_mistake_in_the_environment_names_the_variable(self, name, text, hint):
        with pytest.raises(ConfigurationError, match=hint) as caught:
            Thresholds.load(environ={name: text})
        assert name in str(caught.value)


class TestPrecedence:
    NAME = "DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__WARN_BELOW"

    def test_environment_beats_file_beats_package(self, tmp_path: Path):
        override = tmp_path / "mine.toml"
        override.write_text("[rig_clean.kept_fraction]\nwarn_below = 0.7\n")
        assert warn_below(Thresholds.load(environ={})) == 0.9
        assert warn_below(Thresholds.load(override, environ={})) == 0.7
        assert warn_below(Thresholds.load(override, environ={self.NAME: "0.6"})) == 0.6

    def test_the_process_environment_is_read_by_default(self, monkeypatch):
        monkeypatch.setenv(self.NAME, "0.55")
        assert warn_below(Thresholds.load()) == 0.55

    def test_a_gate_can_be_made_advisory(self):
        name = "DSA_HCAL_THRESHOLD__RIG_CLEAN__KEPT_FRACTION__BLOCKING"
        (verdict, *_) = judge(
            "rig_clean", [Metric("kept_fraction", 0)], Thresholds.load(environ={name: "false"})
        )
        assert (verdict.level, verdict.stops) == (Level.FAIL, False)


def warn_below(thresholds: Thresholds) -> float | None:
    return thresholds.by_stage["rig_clean"]["kept_fraction"].limits.warn_below


def from_text(text: str) -> Thresholds:
    return Thresholds.from_document(tomllib.loads(text))


class TestNamesOfTheOlderPipeline:
    def test_every_honoured_name_sets_limits_that_exist(self):
        for name, paths in legacy.HONOURED.items():
            changed = Thresholds.load(environ={name: "0.123"})
            for stage, metric, field in paths:
                assert getattr(changed.by_stage[stage][metric].limits, field) == 0.123

    def test_the_platforms_own_name_wins(self):
        name, ((stage, metric, field), *_) = next(iter(legacy.HONOURED.items()))
        changed = Thresholds.load(environ={variable(stage, metric, field): "0.2", name: "0.1"})
        assert getattr(changed.by_stage[stage][metric].limits, field) == 0.2


def test_two_variables_may_move_both_ends_of_a_range_past_where_it_was():
    threshold = SHIPPED.by_stage["rig_kpis"]["avg_temp"]
    environ = {
        variable("rig_kpis", "avg_temp", "error_below"): "1000",
        variable("rig_kpis", "avg_temp", "error_above"): "2000",
        variable("rig_kpis", "avg_temp", "warn_below"): "1100",
        variable("rig_kpis", "avg_temp", "warn_above"): "1900",
    }
    assert level_of(threshold, Thresholds.load(environ=environ), 1500) is Level.PASS
    with pytest.raises(ConfigurationError, match="no value can satisfy") as caught:
        Thresholds.load(environ=dict([next(iter(environ.items()))]))
    assert "DSA_HCAL_THRESHOLD__RIG_KPIS__AVG_TEMP__ERROR_BELOW" in str(caught.value)
