"""docs/settings.md and .env.example, made from the settings, the older names and the quality limits.

Belongs here: their form. Not here: any name, default or meaning; those are told once, in settings/
and quality/thresholds.toml.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import groupby
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dsa_hcal_assets.quality.environment import PREFIX as THRESHOLD_PREFIX
from dsa_hcal_assets.quality.environment import variable
from dsa_hcal_assets.quality.legacy import HONOURED as HONOURED_LIMITS
from dsa_hcal_assets.quality.thresholds import LIMIT_FIELDS, Threshold, Thresholds
from dsa_hcal_assets.settings import Settings, environment_name
from dsa_hcal_assets.settings.legacy import HONOURED, PASSED_ON, REFUSED, UNITS

_HEAD = """\
# Settings

Everything an operator may change, with its environment name. A name that is not here is refused with
the nearest known one; a wrong value is refused with what was expected. `dsa-hcal settings` shows the
values in use. This page is made by `dsa-hcal settings --markdown`.
"""
_OLD_NAMES = """\
## Names of the older systems

Where they mean the same they count, unless the platform's own name is set too.
"""
_PASSED_ON = "These are read by libraries; services get them as they are:"
_REFUSED = "These cannot be honoured, and a start with one of them set is refused:"
_LIMITS = f"""\
## Quality limits

One file has them all: `dsa_hcal_assets/quality/thresholds.toml`. To change some, name a file of the
same form with only what differs in `DSA_HCAL_THRESHOLDS_FILE`, or set

    {THRESHOLD_PREFIX}<STAGE>__<METRIC>__<FIELD>=<number>
    {THRESHOLD_PREFIX}<STAGE>__<METRIC>__PROFILE__<NAME>__<FIELD>=<number>

where the field is one of {", ".join(f"`{name.upper()}`" for name in LIMIT_FIELDS)}, or `BLOCKING` (`true`,
`false`), and the second form is for one telescope or detector profile. Limits below are the general
ones; **bold** metrics stop everything downstream when they fail.
"""
_ENV_HEAD = """\
# Settings of dsa_hcal_assets at their defaults. Copy to .env, change what you need, and load it with
#   set -a; . ./.env; set +a
# before `make up` or `dsa-hcal up`. docs/settings.md has types, limits and the quality thresholds.
"""


def settings_page() -> str:
    """Return docs/settings.md."""
    parts = [_HEAD]
    for title, fields in _sections():
        rows = [(f"`{environment_name(path)}`", _meaning(field), _form(field)) for path, field in fields]
        parts += [f"## {title}\n", _table(("variable", "meaning", "form and default"), rows)]
    honoured = [
        (f"`{old}`", f"`{environment_name(path)}`" + (", in seconds" if old in UNITS else ""))
        for old, path in HONOURED.items()
    ]
    limits = [
        (f"`{old}`", ", ".join(f"`{variable(*path)}`" for path in paths))
        for old, paths in HONOURED_LIMITS.items()
    ]
    parts += [_OLD_NAMES, _table(("older name", "means"), [*honoured, *limits])]
    passed_on = [(f"`{name}`", meaning) for name, meaning in PASSED_ON.items()]
    parts += [f"{_PASSED_ON}\n", _table(("name", "sets"), passed_on), f"{_REFUSED}\n"]
    parts += [
        _table(("older name", "why, and what instead"), [(f"`{old}`", why) for old, why in REFUSED.items()])
    ]
    parts += [_LIMITS]
    for stage, thresholds in groupby(Thresholds.load(environ={}), key=lambda one: one.stage):
        parts += [f"### {stage}\n", _table(("metric", "meaning", "unit", "limits"), map(_limit, thresholds))]
    return "\n".join(parts)


def environment_example() -> str:
    """Return .env.example: every setting with its default, commented out."""
    parts = [_ENV_HEAD]
    for title, fields in _sections():
        parts.append(f"# ---- {title}\n")
        for path, field in fields:
            default = "" if field.default is None else shlex.quote(str(field.default))
            parts.append(f"# {_meaning(field)}\n#{environment_name(path)}={default}\n")
    return "\n".join(parts)


def _sections() -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    """Give a title and (dotted path, field) of each setting: the platform's own first."""
    own: list[tuple[str, FieldInfo]] = []
    groups: list[tuple[str, list[tuple[str, FieldInfo]]]] = []
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            title = (group.__doc__ or name).partition(".")[0].partition(":")[0].strip()
            groups.append((title, [(f"{name}.{key}", inner) for key, inner in group.model_fields.items()]))
        else:
            own.append((name, field))
    yield "Platform", own
    yield from groups


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").rstrip(".")


def _form(field: FieldInfo) -> str:
    default = "none" if field.default is None else f"`{field.default}`"
    return f"{_type(field.annotation)}{_bounds(field)}; default {default}"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(annotation))
    inner = [_type(one) for one in get_args(annotation) if one is not NoneType]
    if inner:
        return " or ".join(inner)
    names = {"Path": "path", "str": "text", "int": "whole number", "float": "number"}
    name = str(annotation.__name__)
    return names.get(name, name)


def _bounds(field: FieldInfo) -> str:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    found = [
        f"{sign} {getattr(one, name):g}"
        for one in field.metadata
        for name, sign in signs.items()
        if hasattr(one, name)
    ]
    return f" {' and '.join(found)}" if found else ""


def _limit(one: Threshold) -> tuple[str, ...]:
    name = f"`{one.metric}`"
    return f"**{name}**" if one.blocking else name, one.description, one.unit, one.limits.text()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    # a bar would end the cell, and <word> would be taken for HTML
    return re.sub(r"\||<(?=\w)", r"\\\g<0>", text)
