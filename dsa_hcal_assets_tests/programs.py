"""Suites that need a program of the system: named NOT RUN in the closing lines where it is absent."""

import shutil
from collections import Counter

import pytest

PROGRAMS = {"wsclean": "wsclean", "aoflagger": "aoflagger", "browser": "chromium"}
_not_run: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = {marker for marker, program in PROGRAMS.items() if shutil.which(program) is None}
    left_out = [item for item in items if absent & {mark.name for mark in item.iter_markers()}]
    for item in left_out:
        _not_run.update(absent & {mark.name for mark in item.iter_markers()})
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for marker, count in _not_run.items():
        program = PROGRAMS[marker]
        terminalreporter.write_line(f"NOT RUN: {count} tests of suite {marker!r}: {program} is not installed")
