"""`dsa-hcal quarantine`: what was refused, why, and the way back."""

import pytest
from click.testing import CliRunner, Result

from dsa_hcal_assets.cli.quarantine import quarantine
from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.ledger.model import UnknownArrival, WrongState

TRUNCATED = BadInput(
    "a_sb03.hdf5 is truncated", expected="1024 bytes", found="12 bytes", remedy="send it again"
)


def run(*words: str) -> Result:
    return CliRunner().invoke(quarantine, list(words))


@pytest.fixture
def ledger(database, tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DSA_HCAL_DATABASE_URL", database.url)
    return Ledger(database, tmp_path / "state" / "quarantine")


@pytest.fixture
def refuse(ledger, tmp_path):
    def refuse(source, name, error=TRUNCATED):
        place = tmp_path / "state" / "incoming" / source
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
        return ledger.quarantine_arrival(source, place / name, error)

    return refuse


def test_an_empty_quarantine_is_told(ledger):
    found = run("list")
    assert (found.exit_code, found.output) == (0, "nothing is in quarantine\n")


def test_each_file_is_one_line_with_id_source_name_and_what_happened(refuse):
    first, second = refuse("uvh5", "a_sb03.hdf5"), refuse("rig", "b.csv", BadInput("b.csv has no header"))
    lines = run("list").output.splitlines()
    assert lines[0].split(maxsplit=3) == [str(first.arrival_id), "uvh5", "a_sb03.hdf5", TRUNCATED.what]
    assert lines[1].split(maxsplit=3) == [str(second.arrival_id), "rig", "b.csv", "b.csv has no header"]
    assert lines[2:] == ["2 in quarantine"]


def test_one_source_can_be_asked_for(refuse):
    refuse("uvh5", "a_sb03.hdf5")
    refuse("rig", "b.csv")
    told = run("list", "--source", "rig").output
    assert "rig    b.csv" in told
    assert "uvh5" not in told
    assert told.endswith("1 in quarantine\n")


def test_details_say_what_to_do_and_where_the_bytes_are(refuse):
    arrival = refuse("uvh5", "a_sb03.hdf5")
    told = run("list", "--details").output
    for text in ("expected: 1024 bytes", "found: 12 bytes", "remedy: send it again", f"kept: {arrival.path}"):
        assert text in told


def test_a_released_file_is_back_in_incoming_and_pending(refuse, ledger, tmp_path):
    arrival = refuse("rig", "b.csv")
    found = run("release", str(arrival.arrival_id))
    assert found.exit_code == 0, found.output
    landed = tmp_path / "state" / "incoming" / "rig" / "b.csv"
    assert landed.read_text() == "b.csv"
    assert not arrival.path.exists()
    assert str(landed) in found.output
    assert run("list").output == "nothing is in quarantine\n"


def test_several_are_released_at_once(refuse):
    ids = [str(refuse("rig", name).arrival_id) for name in ("a.csv", "b.csv")]
    assert len(run("release", *ids).output.splitlines()) == 2


def test_an_id_nobody_has_is_refused(ledger):
    assert isinstance(run("release", "4711").exception, UnknownArrival)


def test_a_file_that_is_not_in_quarantine_is_not_released(refuse):
    arrival = refuse("rig", "b.csv")
    run("release", str(arrival.arrival_id))
    assert isinstance(run("release", str(arrival.arrival_id)).exception, WrongState)


def test_a_word_that_is_no_id_is_misuse(ledger):
    assert run("release", "b.csv").exit_code == 2
