"""The command line as a whole: it teaches, it is quick, it fails with words and the right exit code."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.main import dsa_hcal

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "dsa_hcal_assets"
# what people read and copy from
PAGES = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "Makefile"]


def tree(command: click.Command = dsa_hcal, *words: str) -> Iterator[tuple[str, click.Command]]:
    """Every command by the words that call it."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, name
            yield from tree(inner, *words, name)


ALL = dict(tree())


def dsa(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed program, in a process of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DSA_HCAL_")}
    return subprocess.run(
        [Path(sys.executable).with_name("dsa-hcal"), *words],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", ALL)
class TestHelp:
    def test_every_command_says_what_it_does(self, words):
        text = ALL[words].help or ""
        assert len(text.split()) >= 5, "more than its name"
        assert re.match(r"[A-Z]", text)
        assert text.split("\n\n")[0].rstrip().endswith((".", ":"))

    def test_every_option_is_explained(self, words):
        for option in ALL[words].params:
            if isinstance(option, click.Option):
                assert len((option.help or "").split()) >= 2, f"{words} {option.opts[0]}"

    def test_every_argument_is_named_for_people(self, words):
        for argument in ALL[words].params:
            if isinstance(argument, click.Argument):
                shown = argument.make_metavar(click.Context(ALL[words]))
                assert re.fullmatch(r"\[?[A-Z_]+\]?(\.\.\.)?", shown), shown

    def test_help_is_shown(self, words):
        found = CliRunner().invoke(dsa_hcal, [*words.split(), "--help"])
        assert found.exit_code == 0, found.output
        assert "Usage:" in found.output


def test_help_imports_neither_dagster_nor_casa_nor_the_commands():
    program = (
        "import json, sys\n"
        "from dsa_hcal_assets.cli.main import dsa_hcal\n"
        "dsa_hcal(['--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    loaded = json.loads(found.stdout.splitlines()[-1])
    heavy = ("dagster", "casatools", "casatasks", "numpy", "pandas", "pydantic", "psycopg2", "rich")
    assert not set(heavy) & set(loaded)
    assert {name for name in loaded if name.startswith("dsa_hcal_assets.cli.")} == {
        "dsa_hcal_assets.cli.main"
    }
    assert "dsa-hcal" not in found.stderr


def test_no_command_needs_dagster_or_casa_to_explain_itself():
    program = (
        "import sys\n"
        "from dsa_hcal_assets.cli.main import COMMANDS, dsa_hcal\n"
        "for name in COMMANDS:\n"
        "    dsa_hcal([name, '--help'], standalone_mode=False)\n"
        "print(sorted({'dagster', 'casatools', 'casatasks', 'pyuvdata', 'matplotlib'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert found.stdout.splitlines()[-1] == "[]", found.stderr


class TestFailures:
    def test_an_error_of_the_platform_is_told_in_lines_with_a_remedy(self, tmp_path):
        found = dsa("quarantine", "list", DSA_HCAL_STATE_DIR=str(tmp_path))
        assert found.returncode == 1
        assert found.stdout == ""
        what, remedy = found.stderr.splitlines()
        assert what == f"error: there is no database under {tmp_path}"
        assert remedy.startswith("  remedy: start the platform once with `dsa-hcal up`")

    def test_what_was_expected_and_found_is_told(self):
        found = dsa("settings", DSA_HCAL_API_PORT="many")
        assert found.returncode == 1
        assert "error: setting DSA_HCAL_API_PORT is not valid" in found.stderr
        assert "  expected: " in found.stderr
        assert "  found: 'many'" in found.stderr

    def test_a_database_that_is_away_is_an_error_without_its_password(self):
        found = dsa("db", "status", DSA_HCAL_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:9/d")
        assert found.returncode == 1
        assert "error: " in found.stderr
        assert "Traceback" not in found.stderr
        assert "hunter2" not in found.stderr

    def test_a_misspelt_setting_is_told_with_the_right_one(self):
        found = dsa("settings", DSA_HCAL_STATEDIR="/x")
        assert found.returncode == 1
        assert "did you mean DSA_HCAL_STATE_DIR?" in found.stderr

    @pytest.mark.parametrize("words", [["nonsense"], ["db", "nonsense"], ["settings", "--nonsense"]])
    def test_a_word_that_is_no_command_or_option_is_misuse(self, words):
        found = dsa(*words)
        assert found.returncode == 2
        assert "nonsense" in found.stderr
        assert "--help" in found.stderr

    def test_a_file_that_does_not_exist_is_misuse_that_names_it(self):
        found = dsa("rig", "clean", "/no/such.csv")
        assert found.returncode == 2
        assert "/no/such.csv" in found.stderr


class TestExitCodes:
    """Those a command chooses itself must leave the program."""

    def test_success_is_zero(self):
        assert dsa("settings").returncode == 0
        assert dsa("--version").returncode == 0

    def test_status_without_a_platform_is_2(self, tmp_path):
        assert dsa("status", DSA_HCAL_STATE_DIR=str(tmp_path)).returncode == 2

    def test_migrations_that_wait_are_2(self, server):
        assert dsa("db", "status", DSA_HCAL_DATABASE_URL=server.url("postgres")).returncode == 2


def mentioned(text: str) -> set[str]:
    """Command lines in running text and code: what follows `dsa-hcal` up to the first option or value."""
    return {
        " ".join(
            re.findall(r"^(?: ([a-z][a-z0-9-]*))(?: ([a-z][a-z0-9-]*))?(?: ([a-z][a-z0-9-]*))?", rest)[0]
        ).strip()
        for rest in re.findall(r"(?:`|\n {2,}|\t\S*)dsa-hcal((?: [a-z][a-z0-9-]*)+)", text)
    }


def called(words: str) -> bool:
    """Whether words begin with a command that can be run; what follows a command are its arguments."""
    command: click.Command = dsa_hcal
    for word in words.split():
        if not isinstance(command, click.Group):
            return True
        inner = command.get_command(click.Context(command), word)
        if inner is None:
            return False
        command = inner
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_a_page_names_exists(page):
    assert {words for words in mentioned(page.read_text(encoding="utf-8")) if not called(words)} == set()


def test_every_command_the_program_itself_names_exists():
    found = {words for path in PACKAGE.rglob("*.py") for words in mentioned(path.read_text(encoding="utf-8"))}
    assert len(found) > 15
    assert {words for words in found if not called(words)} == set()
