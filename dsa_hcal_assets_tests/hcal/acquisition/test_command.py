"""`dsa-hcal acquire` for people: one snapshot, or a message that says what to do."""

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.acquire import acquire
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import read_snapshot
from dsa_hcal_assets.simulation.boards.rack import Rack, rack_in_thread


@pytest.fixture
def boards_file(tmp_path):
    with rack_in_thread(Rack(7, ["80"])) as rack:
        write_boards(tmp_path / "boards.toml", rack.boards)
        yield tmp_path / "boards.toml"


def test_once_takes_one_snapshot(boards_file, tmp_path):
    result = CliRunner().invoke(
        acquire, ["--once", "--boards", str(boards_file), "--into", str(tmp_path / "in")]
    )
    assert result.exit_code == 0, result.output
    assert "1 snapshots taken, 1 written" in result.output
    (path,) = (tmp_path / "in" / "hcal").glob("*.snap")
    assert read_snapshot(path).boards[0].status == "ok"


def test_cycles_and_cadence(boards_file, tmp_path):
    options = [
        "--cycles",
        "2",
        "--every",
        "0.5",
        "--boards",
        str(boards_file),
        "--into",
        str(tmp_path / "in"),
    ]
    assert CliRunner().invoke(acquire, options).exit_code == 0
    assert len(list((tmp_path / "in" / "hcal").glob("*.snap"))) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--once"], "DSA_HCAL_HCAL__BOARDS_FILE"),
        (["--once", "--boards", "nowhere.toml"], "nowhere.toml"),
        (["--cycles", "0"], "--cycles"),
        (["--every", "0"], "--every"),
    ],
)
def test_mistakes_end_with_a_message_and_no_traceback(options, message):
    result = CliRunner().invoke(acquire, options)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output


def test_help_teaches_how_to_try_it():
    assert "dsa-hcal simulate boards" in CliRunner().invoke(acquire, ["--help"]).output
