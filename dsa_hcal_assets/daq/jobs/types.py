"""Which job types there are: classes found by entry point, or named in full."""

import importlib
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from dsa_hcal_assets.daq.jobs.job import Job
from dsa_hcal_assets.errors import ConfigurationError

GROUP = "dsa_hcal_assets.daq.jobs"


class UnknownJobType(ConfigurationError):
    """No installed package offers a job type of this name."""


class BrokenJobType(ConfigurationError):
    """A job type is named, but cannot be imported, or is no `Job`."""


@cache
def known_types() -> dict[str, EntryPoint]:
    """Return the job types of all installed packages, by name, in order."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load_type(name: str) -> type[Job[Any]]:
    """Return the class of a job type.

    Parameters
    ----------
    name
        A name of `known_types`, or `package.module:Class`.

    Raises
    ------
    UnknownJobType
        If nothing has that name.
    BrokenJobType
        If its module cannot be imported, or what it names is no `Job`.
    """
    known = known_types()
    target = known[name].value if name in known else name
    module, colon, attribute = target.partition(":")
    if not colon:
        raise UnknownJobType(
            f"there is no job type {name!r}",
            expected=f"one of {', '.join(known)}, or package.module:Class",
            remedy=_suggestion(name, known),
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    # whatever the module of somebody else does when imported, other jobs go on
    except (Exception, SystemExit) as error:
        raise BrokenJobType(
            f"job type {name!r} cannot be imported from {target}", found=f"{type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Job)):
        raise BrokenJobType(f"{target} is not a job type", expected="a subclass of Job", found=repr(found))
    return found


def _suggestion(name: str, known: dict[str, EntryPoint]) -> str | None:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
