"""`dsa-hcal ingest ms`: an archive is announced, and the exit code says whether all of it was."""

import os

import pytest
from click.testing import CliRunner

from dsa_hcal_assets.cli.ingest import ingest


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("DSA_HCAL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DSA_HCAL_RADIO__SETTLE_SECONDS", "0")
    (tmp_path / "archive" / "2025").mkdir(parents=True)
    return lambda *words: CliRunner().invoke(ingest, ["ms", str(tmp_path / "archive"), *words])


def make(tmp_path, name):
    ms = tmp_path / "archive" / "2025" / name
    ms.mkdir()
    (ms / "table.dat").write_text(name)
    return ms


def test_every_set_is_announced_once(run, tmp_path):
    one, two = make(tmp_path, "one.ms"), make(tmp_path, "two.ms")
    found = run()
    assert found.exit_code == 0
    assert found.output.splitlines() == [
        f"announced {one}",
        f"announced {two}",
        "2 announced, 0 known already, 0 not yet",
    ]
    assert len(list((tmp_path / "state" / "incoming" / "ms").glob("*.msref"))) == 2
    assert run("--once").output == "0 announced, 2 known already, 0 not yet\n"


def test_what_could_not_be_announced_is_told_and_the_exit_code_is_one(run, tmp_path):
    good, bad = make(tmp_path, "good.ms"), make(tmp_path, "bad.ms")
    os.mkfifo(bad / "table.f0")
    found = run()
    assert found.exit_code == 1
    assert f"announced {good}" in found.output
    assert f"refused: {bad}: " in found.output
    assert found.output.endswith("1 announced, 0 known already, 1 not yet\n")


def test_an_empty_archive_is_no_error(run):
    assert (run().exit_code, run().output) == (0, "0 announced, 0 known already, 0 not yet\n")


def test_a_set_written_to_while_looked_at_is_left_for_later(run, tmp_path, monkeypatch):
    ms = make(tmp_path, "one.ms")
    monkeypatch.setenv("DSA_HCAL_RADIO__SETTLE_SECONDS", "0.2")
    monkeypatch.setattr("time.sleep", lambda _: (ms / "table.f0").write_text("more"))
    found = run()
    assert found.exit_code == 1
    assert found.output.splitlines() == [
        f"still being written: {ms}",
        "0 announced, 0 known already, 1 not yet",
    ]


def test_watching_goes_on_until_it_is_interrupted_and_tells_what_is_new(run, tmp_path, monkeypatch):
    one, looks = make(tmp_path, "one.ms"), []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt
        if len(looks) == 2:
            make(tmp_path, "two.ms")

    monkeypatch.setattr("time.sleep", sleep)
    found = run("--watch", "--every", "7")
    assert looks == [7.0, 7.0, 7.0]
    assert found.output.splitlines()[:4] == [
        f"announced {one}",
        "1 announced, 0 known already, 0 not yet",
        f"announced {one.with_name('two.ms')}",
        "1 announced, 1 known already, 0 not yet",
    ]
