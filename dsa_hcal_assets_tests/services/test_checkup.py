import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.doctor import doctor
from dsa_hcal_assets.services import checkup
from dsa_hcal_assets.services.checkup import Finding, Grade, examine
from dsa_hcal_assets.settings import Settings


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", api_port=0, webserver_port=0, database_port=0)


def test_every_finding_that_is_not_well_says_what_to_do(settings: Settings):
    for finding in examine(settings):
        assert finding.grade is Grade.OK or finding.remedy, finding


def test_looking_leaves_nothing_behind(settings: Settings):
    findings(settings)
    assert list(settings.state_dir.parent.iterdir()) == []


def test_a_busy_port_is_a_problem_naming_its_holder(settings: Settings):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        busy = settings.model_copy(update={"webserver_port": listener.getsockname()[1]})
        found = findings(busy)["port of the Dagster UI"]
    assert found.grade is Grade.PROBLEM
    assert str(os.getpid()) in found.found
    assert "DSA_HCAL_WEBSERVER_PORT" in found.remedy


def test_a_state_directory_in_the_place_of_a_file_is_a_problem(settings: Settings):
    settings.state_dir.write_text("")
    assert findings(settings)["state directory"].grade is Grade.PROBLEM


def test_a_database_that_does_not_answer_is_a_problem_without_its_password(settings: Settings):
    silent = settings.model_copy(update={"database_url": "postgresql://me:hush@127.0.0.1:9/d"})
    found = findings(silent)["database"]
    assert found.grade is Grade.PROBLEM
    assert "hush" not in found.found + found.remedy


def test_a_database_that_answers_is_well(settings: Settings, database):
    found = findings(settings.model_copy(update={"database_url": database.url}))["database"]
    assert found.grade is Grade.OK
    assert "XXX" in found.found


def test_a_missing_program_is_a_note_with_its_substitute(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = findings(settings)["WSClean"]
    assert found.grade is Grade.NOTE
    assert "tclean" in found.remedy


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, settings: Settings):
    monkeypatch.setattr(checkup, "CORE_PACKAGES", ("dagster", "no_such_package"))
    assert findings(settings)["packages"] == Finding(
        "packages", Grade.PROBLEM, "missing: no_such_package", "install the platform: pip install ."
    )


def test_the_command_succeeds_on_a_fit_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("API_PORT", "WEBSERVER_PORT", "DATABASE_PORT"):
        monkeypatch.setenv(f"DSA_HCAL_{name}", "0")
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path))
    result = CliRunner().invoke(doctor)
    assert result.exit_code == 0, result.output
    assert "free disk" in result.output


def test_the_command_fails_on_an_invalid_setting_and_still_looks_at_the_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DSA_HCAL_API_PROT", "1")
    result = CliRunner().invoke(doctor)
    assert result.exit_code == 1
    assert "DSA_HCAL_API_PROT" in result.output
    assert "free disk" in result.output
