"""A job's TOML text to its typed configuration, with every mistake named by file and key."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dsa_hcal_assets.daq.jobs.config import JobConfig
from dsa_hcal_assets.daq.jobs.types import BrokenJobType, UnknownJobType, load_type
from dsa_hcal_assets.errors import ConfigurationError

M = TypeVar("M", bound=BaseModel)
_LONGEST_SHOWN = 80
_TOML_WORDS = {"an object": "a table", "dictionary": "a table", "array": "a list", "string": "text"}
"""TOML's words for what pydantic, given JSON, calls by JSON's."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a file.

    Attributes
    ----------
    file
        The file.
    key
        Key with the tables it lies in, as `limits.memory`; empty: the file as a whole.
    expected, found
        What should be there, and what is.
    remedy
        What to do, where that can be said.
    """

    file: str
    key: str
    expected: str
    found: str
    remedy: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        hint = f" ({self.remedy})" if self.remedy else ""
        return f"{where}: expected {self.expected}, found {self.found}{hint}"


class BadFile(ConfigurationError):
    """A file of the configuration is wrong; `problems` has every mistake in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            f"{first.file}: {first.key or 'the file'} is wrong{more}",
            expected=first.expected,
            found=first.found,
            remedy=first.remedy,
        )


def read_file(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    BadFile
        If it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFile([Problem(str(path), "", "text in UTF-8", str(error))]) from error
    except OSError as error:
        raise BadFile([Problem(str(path), "", "a readable file", str(error.strerror))]) from error


def read_toml(text: str, file: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises
    ------
    BadFile
        If it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile([Problem(file, "", "TOML", str(error))]) from error


def read_job(text: str, file: str) -> JobConfig:
    """Return the configuration a job's TOML text says, of its type's `Config` class.

    Raises
    ------
    BadFile
        If anything in it is wrong, or its type cannot be had.
    """
    tables = read_toml(text, file)
    kind = tables.get("type")
    if not isinstance(kind, str):
        found = "nothing" if kind is None else shown(kind)
        raise BadFile([Problem(file, "type", "the name of a job type", found, "see `dsa-hcal daq types`")])
    try:
        job_type = load_type(kind)
    except (UnknownJobType, BrokenJobType) as error:
        expected = error.expected or f"a job type that can be imported ({error.what})"
        raise BadFile([Problem(file, "type", expected, error.found or repr(kind), error.remedy)]) from error
    return validated(job_type.Config, tables, file)


def validated(model: type[M], tables: Mapping[str, Any], file: str, within: str = "") -> M:
    """Return the tables of a file as an object of `model`, validated strictly.

    Parameters
    ----------
    model
        The class.
    tables
        As TOML gives them.
    file
        Named in errors.
    within
        Key of the table `tables` is, for the errors' keys.

    Raises
    ------
    BadFile
        With every mistake.
    """
    try:
        # by way of JSON: strict as to types, yet lists become tuples and text becomes paths and dates
        return model.model_validate_json(msgspec.json.encode(tables), strict=True)
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        found = [_problem(one, file, within, known) for one in error.errors(include_url=False)]
        raise BadFile(found) from error


def shown(value: object) -> str:
    """Return a value of a file as an error shows it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _problem(error: ErrorDetails, file: str, within: str, known: Sequence[str]) -> Problem:
    key = _dotted(within, error["loc"])
    match error["type"]:
        case "missing":
            return Problem(file, key, "a value", "nothing")
        case "extra_forbidden":
            name = str(error["loc"][-1])
            near = get_close_matches(name, known, n=1) if len(error["loc"]) == 1 else []
            return Problem(
                file,
                key,
                "a key that exists",
                "an unknown key",
                f"did you mean {near[0]!r}?" if near else None,
            )
    message = error["msg"]
    for beginning in ("Value error, ", "Input should be a valid ", "Input should be ", "Assertion failed, "):
        message = message.removeprefix(beginning)
    return Problem(file, key, _TOML_WORDS.get(message, message), shown(error["input"]))


def _dotted(within: str, location: Sequence[int | str]) -> str:
    key = within
    for part in location:
        key = f"{key}[{part}]" if isinstance(part, int) else f"{key}.{part}" if key else part
    return key
