"""Quality limits set through the environment.

Belongs here: turning variable names into paths of the thresholds document. Not here: what a limit
means or whether its value makes sense (thresholds).
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.quality import legacy

PREFIX = "DSA_HCAL_THRESHOLD__"
_FIELDS = ("warn_below", "warn_above", "error_below", "error_above", "blocking")

Override = tuple[str, tuple[str, ...], float | bool]


def variable(stage: str, metric: str, field: str, profile: str | None = None) -> str:
    """Return the variable that sets one limit.

    Characters a shell does not allow in a name become one underscore:
    ``expect_column_to_exist(temperature)`` is spelled ``EXPECT_COLUMN_TO_EXIST_TEMPERATURE``.
    """
    steps = [stage, metric, field] if profile is None else [stage, metric, "profile", profile, field]
    return PREFIX + "__".join(_spelled(step) for step in steps)


def overrides(environ: Mapping[str, str], document: Mapping[str, Any]) -> list[Override]:
    """Return (variable, path in the document, value) for each limit set in the environment.

    Names of the older pipeline come first, so the platform's own names win.

    Raises
    ------
    ConfigurationError
        For a variable of either family that names no known limit, or a value that is no number.
    """
    old = [
        override
        for name, text in environ.items()
        if name.startswith(legacy.PREFIX)
        for override in _old(name, text)
    ]
    own = [_own(name, text, document) for name, text in environ.items() if name.startswith(PREFIX)]
    return old + own


def _old(name: str, text: str) -> list[Override]:
    if name not in legacy.HONOURED:
        raise ConfigurationError(
            f"{name} is set but cannot be honoured",
            expected=f"one of {', '.join(legacy.HONOURED)}",
            remedy=f"unset it and use {PREFIX}<STAGE>__<METRIC>__<FIELD>",
        )
    return [(name, path, _number(name, text)) for path in legacy.HONOURED[name]]


def _own(name: str, text: str, document: Mapping[str, Any]) -> Override:
    known = {
        (_spelled(stage), _spelled(metric)): (stage, metric)
        for stage, metrics in document.items()
        for metric in metrics
    }
    stage, _, rest = name.removeprefix(PREFIX).partition("__")
    metric, _, rest = rest.partition("__")
    match [step.lower() for step in rest.split("__")]:
        case [field]:
            tail: tuple[str, ...] = (field,)
        case ["profile", profile, field]:
            tail = ("profile", profile, field)
        case _:
            raise _unknown(name, known)
    if (stage, metric) not in known or field not in _FIELDS:
        raise _unknown(name, known)
    value = _truth(name, text) if field == "blocking" else _number(name, text)
    return name, (*known[stage, metric], *tail), value


def _spelled(word: str) -> str:
    return re.sub(r"\W+", "_", word).strip("_").upper()


def _unknown(name: str, known: Mapping[tuple[str, str], tuple[str, str]]) -> ConfigurationError:
    names = [variable(stage, metric, field) for stage, metric in known.values() for field in _FIELDS]
    near = difflib.get_close_matches(name, names, n=1)
    return ConfigurationError(
        f"{name} names no known threshold",
        expected=f"{PREFIX}<STAGE>__<METRIC>__<FIELD>",
        remedy=f"did you mean {near[0]}?" if near else "see quality/thresholds.toml for stages and metrics",
    )


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} is not valid", expected="a number", found=repr(text)) from error
    if value != value:
        raise ConfigurationError(f"{name} is not valid", expected="a number", found=repr(text))
    return value


def _truth(name: str, text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in words:
        raise ConfigurationError(f"{name} is not valid", expected="true or false", found=repr(text))
    return words[text.lower()]
