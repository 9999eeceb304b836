"""Which controllers are polled: a TOML file with one ``[[board]]`` table each.

::

    [[board]]
    id = "80"
    host = "10.20.34.80"
    port = 9760          # optional, this is the controllers' own
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.errors import ConfigurationError

PORT = 9760
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_HOST = re.compile(r"[A-Za-z0-9._:%-]{1,253}")
_KEYS = frozenset({"id", "host", "port"})


@dataclass(frozen=True)
class Board:
    """One controller and where it listens."""

    id: str
    host: str
    port: int = PORT


def read_boards(path: Path) -> tuple[Board, ...]:
    """Read the boards of a TOML file, in its order.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is no TOML, has unknown keys, an id or address twice, or no
        board at all; the message names the key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"boards file {path} cannot be read", found=str(error), remedy="see `dsa-hcal acquire --help`"
        ) from error
    tables = content.pop("board", None)
    if content:
        raise ConfigurationError(
            f"{path}: unknown key {next(iter(content))!r}", expected="[[board]] tables only"
        )
    if not isinstance(tables, list) or not tables:
        raise ConfigurationError(f"{path} lists no board", expected="at least one [[board]] table")
    boards = tuple(_board(f"{path}: board {number}", table) for number, table in enumerate(tables, 1))
    _require_unique(path, "id", [board.id for board in boards])
    _require_unique(path, "address", [f"{board.host}:{board.port}" for board in boards])
    return boards


def write_boards(path: Path, boards: Iterable[Board]) -> None:
    """Write a boards file that `read_boards` reads, replacing an older one at once."""
    tables = (
        f'[[board]]\nid = "{board.id}"\nhost = "{board.host}"\nport = {board.port}\n' for board in boards
    )
    replace_durably(path, "\n".join(tables).encode("ascii"))


def _board(where: str, table: Any) -> Board:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where} is no table", expected="[[board]] with id, host and port")
    for key in table:
        if key not in _KEYS:
            raise ConfigurationError(f"{where}: unknown key {key!r}", expected="id, host, port")
    port = table.get("port", PORT)
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise ConfigurationError(f"{where}: port", expected="1-65535", found=repr(port))
    return Board(_text(where, table, "id", _ID), _text(where, table, "host", _HOST), port)


def _text(where: str, table: dict[str, Any], key: str, pattern: re.Pattern[str]) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ConfigurationError(
            f"{where}: {key}", expected=f"text like {pattern.pattern}", found=repr(value)
        )
    return value


def _require_unique(path: Path, what: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ConfigurationError(f"{path}: {what} {value} appears {values.count(value)} times")
