"""Limits of all quality checks: one file, overridable by a second file and the environment.

Belongs here: reading, merging and validating limits. Not here: measuring or deciding.

Layers, later ones win: ``thresholds.toml`` of this package; the operator's override file; names of
the older pipeline (`legacy`); ``DSA_HCAL_THRESHOLD__<STAGE>__<METRIC>__<FIELD>`` and
``DSA_HCAL_THRESHOLD__<STAGE>__<METRIC>__PROFILE__<NAME>__<FIELD>``. Within the result a profile's
limits win over the general ones of the same metric.
"""

import difflib
import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality import environment
from dsa_hcal_assets.quality.verdicts import Level

SHIPPED = Path(__file__).with_name("thresholds.toml")
LIMIT_FIELDS = ("warn_below", "warn_above", "error_below", "error_above")
_TEXT_FIELDS = ("description", "unit")
_OVERRIDABLE = (*LIMIT_FIELDS, "blocking")


@dataclass(frozen=True)
class Limits:
    """Bounds of one metric; a value equal to a bound is inside it.

    An error bound beats a warning bound, whichever is tighter.
    """

    warn_below: float | None = None
    warn_above: float | None = None
    error_below: float | None = None
    error_above: float | None = None

    def level(self, value: float) -> Level:
        """Return the level of a measured (not NaN) value."""
        if _outside(value, self.error_below, self.error_above):
            return Level.FAIL
        if _outside(value, self.warn_below, self.warn_above):
            return Level.WARN
        return Level.PASS

    def text(self) -> str:
        """Return the bounds for people, e.g. ``warn > 0.3, fail > 0.9``."""
        words = {
            "warn <": self.warn_below,
            "warn >": self.warn_above,
            "fail <": self.error_below,
            "fail >": self.error_above,
        }
        return ", ".join(f"{word} {bound:g}" for word, bound in words.items() if bound is not None)


@dataclass(frozen=True)
class Threshold:
    """Everything known about the limits of one metric of one stage."""

    stage: str
    metric: str
    description: str
    unit: str
    blocking: bool
    limits: Limits
    optional: bool = False
    profiles: Mapping[str, Mapping[str, float | bool]] = field(default_factory=dict)

    def for_profile(self, profile: str | None) -> "Threshold":
        """Return the threshold with the limits of `profile`; itself when that has none of its own."""
        own = dict(self.profiles.get(profile, {})) if profile else {}
        if not own:
            return self
        blocking = bool(own.pop("blocking", self.blocking))
        return replace(self, blocking=blocking, limits=replace(self.limits, **own))


@dataclass(frozen=True)
class Thresholds:
    """All limits, by stage and metric, in file order."""

    by_stage: Mapping[str, Mapping[str, Threshold]]

    @classmethod
    def load(cls, override: Path | None = None, environ: Mapping[str, str] | None = None) -> "Thresholds":
        """Read the shipped limits and lay the operator's over them.

        Parameters
        ----------
        override
            TOML file of the shipped form in which only what differs is given.
        environ
            Environment to read (default: the process's).

        Raises
        ------
        ConfigurationError
            For an unreadable file, an unknown stage, metric or key, a value of the wrong type, or
            bounds that no number satisfies. The message names the key and where it was set.
        """
        document = _read(SHIPPED)
        if override is not None:
            _lay_over(document, _read(override), source=str(override))
            cls.from_document(document, source=str(override))
        settings = environment.overrides(os.environ if environ is None else environ, document)
        for name, path, value in settings:
            _lay_over(document, _nested(path, value), source=name)
        # Only when all are laid: two variables may move both ends of a range at once.
        for name, (stage, metric, *_), _ in settings:
            _threshold(stage, metric, document[stage][metric], name)
        return cls.from_document(document, source=SHIPPED.name)

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, source: str = "thresholds") -> "Thresholds":
        """Build the limits from a parsed document; see `load` for the errors."""
        stages: dict[str, dict[str, Threshold]] = {}
        for stage, metrics in document.items():
            _require_table(metrics, stage, source)
            stages[stage] = {name: _threshold(stage, name, entry, source) for name, entry in metrics.items()}
        return cls(stages)

    def stages(self) -> list[str]:
        """Return the names of all stages, in file order."""
        return list(self.by_stage)

    def of_stage(self, stage: str) -> list[Threshold]:
        """Return the thresholds of one stage, in file order; empty when there are none."""
        return list(self.by_stage.get(stage, {}).values())

    def __iter__(self) -> Iterator[Threshold]:
        for metrics in self.by_stage.values():
            yield from metrics.values()


def _outside(value: float, below: float | None, above: float | None) -> bool:
    return (below is not None and value < below) or (above is not None and value > above)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"thresholds file {path} cannot be read", found=str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"thresholds file {path} is not valid TOML", found=str(error)) from error


def _threshold(stage: str, metric: str, entry: Any, source: str) -> Threshold:
    key = f"{stage}.{metric}"
    _require_table(entry, key, source)
    _require_known(key, entry, (*_TEXT_FIELDS, *_OVERRIDABLE, "optional", "profile"), source)
    for name in (*_TEXT_FIELDS, "blocking"):
        if name not in entry:
            raise ConfigurationError(f"{key}.{name} is missing in {source}")
    for name in _TEXT_FIELDS:
        if not isinstance(entry[name], str):
            raise _wrong_type(f"{key}.{name}", "a text", entry[name], source)
    profiles = entry.get("profile", {})
    _require_table(profiles, f"{key}.profile", source)
    threshold = Threshold(
        stage=stage,
        metric=metric,
        description=entry["description"],
        unit=entry["unit"],
        blocking=_boolean(f"{key}.blocking", entry["blocking"], source),
        limits=Limits(**_bounds(key, entry, source)),
        optional=_boolean(f"{key}.optional", entry.get("optional", False), source),
        profiles={name: _profile(f"{key}.profile.{name}", one, source) for name, one in profiles.items()},
    )
    _require_sense(threshold, key, source)
    for profile in threshold.profiles:
        _require_sense(threshold.for_profile(profile), f"{key}.profile.{profile}", source)
    return threshold


def _profile(key: str, entry: Any, source: str) -> dict[str, float | bool]:
    _require_table(entry, key, source)
    _require_known(key, entry, _OVERRIDABLE, source)
    own: dict[str, float | bool] = dict(_bounds(key, entry, source))
    if "blocking" in entry:
        own["blocking"] = _boolean(f"{key}.blocking", entry["blocking"], source)
    return own


def _bounds(key: str, entry: Mapping[str, Any], source: str) -> dict[str, float]:
    bounds = {}
    for name in LIMIT_FIELDS:
        if name not in entry:
            continue
        value = entry[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise _wrong_type(f"{key}.{name}", "a number", value, source)
        bounds[name] = float(value)
    return bounds


def _require_sense(threshold: Threshold, key: str, source: str) -> None:
    limits = threshold.limits
    if all(getattr(limits, one.name) is None for one in fields(limits)):
        raise ConfigurationError(
            f"{key} has no limit in {source}", expected=f"one of {', '.join(LIMIT_FIELDS)}"
        )
    if threshold.blocking and limits.error_below is None and limits.error_above is None:
        raise ConfigurationError(
            f"{key} blocks but has no error limit in {source}", expected="error_below or error_above"
        )
    for kind in ("warn", "error"):
        below, above = getattr(limits, f"{kind}_below"), getattr(limits, f"{kind}_above")
        if below is not None and above is not None and below > above:
            raise ConfigurationError(
                f"no value can satisfy {key} in {source}",
                found=f"{kind}_below {below:g} > {kind}_above {above:g}",
            )


def _lay_over(document: dict[str, Any], changes: Mapping[str, Any], *, source: str) -> None:
    for stage, metrics in changes.items():
        _require_name(stage, document, "stage", source)
        _require_table(metrics, stage, source)
        for metric, entry in metrics.items():
            key = f"{stage}.{metric}"
            _require_name(metric, document[stage], f"metric of stage {stage}", source)
            _require_table(entry, key, source)
            _require_known(key, entry, (*_OVERRIDABLE, "profile"), source)
            shipped = document[stage][metric]
            profiles = entry.get("profile", {})
            _require_table(profiles, f"{key}.profile", source)
            shipped |= {name: value for name, value in entry.items() if name != "profile"}
            for name, own in profiles.items():
                _require_table(own, f"{key}.profile.{name}", source)
                shipped.setdefault("profile", {}).setdefault(name, {}).update(own)


def _nested(path: Iterable[str], value: float | bool) -> dict[str, Any]:
    *steps, last = path
    tree: dict[str, Any] = {last: value}
    for step in reversed(steps):
        tree = {step: tree}
    return tree


def _require_table(value: Any, key: str, source: str) -> None:
    if not isinstance(value, Mapping):
        raise _wrong_type(key, "a table", value, source)


def _require_known(key: str, entry: Mapping[str, Any], known: tuple[str, ...], source: str) -> None:
    for name in entry:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigurationError(
                f"unknown key {key}.{name} in {source}",
                expected=f"one of {', '.join(known)}",
                remedy=f"did you mean {near[0]}?" if near else None,
            )


def _require_name(name: str, known: Mapping[str, Any], what: str, source: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigurationError(
            f"unknown {what} {name!r} in {source}",
            expected=f"one of {', '.join(known)}",
            remedy=f"did you mean {near[0]}?" if near else None,
        )


def _boolean(key: str, value: Any, source: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(key, "true or false", value, source)
    return value


def _wrong_type(key: str, expected: str, found: Any, source: str) -> ConfigurationError:
    return ConfigurationError(f"{key} is not valid in {source}", expected=expected, found=repr(found))
