"""Suites that need a program of the system: named NOT RUN in the closing lines where it is absent."""

import os
import shutil
from collections import Counter

import pytest

PROGRAMS = {
    "wsclean": ("wsclean",),
    "aoflagger": ("aoflagger",),
    "browser": ("chromium",),
    "mariadb": ("mariadbd",),
    # one program under two names: the second comes without a system service
    "redis": ("redis-server", "redis-check-rdb"),
    "odbc": ("isql",),
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
}
# servers lie where unprivileged users do not look
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
_not_run: Counter[str] = Counter()


def program_of(marker: str) -> str | None:
    """Return the path of the program a suite needs, None where it is not installed."""
    return next(filter(None, (shutil.which(name, path=_PATH) for name in PROGRAMS[marker])), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = {marker for marker in PROGRAMS if program_of(marker) is None}
    left_out = [item for item in items if absent & {mark.name for mark in item.iter_markers()}]
    for item in left_out:
        _not_run.update(absent & {mark.name for mark in item.iter_markers()})
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for marker, count in _not_run.items():
        program = PROGRAMS[marker][0]
        terminalreporter.write_line(f"NOT RUN: {count} tests of suite {marker!r}: {program} is not installed")
