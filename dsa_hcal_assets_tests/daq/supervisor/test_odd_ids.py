"""Ids of supervisors and jobs may hold any characters: names of files, sockets and readers come from them."""

from pathlib import Path

from dsa_hcal_assets_tests.daq.supervisor.acquisition import job_text
from dsa_hcal_assets_tests.daq.supervisor.whole import Whole

IDS = ["a/b", "../up", "Ω° \\ 'mV\"", "long " * 40, "%2F", "a b"]


def test_identifiers_with_odd_characters_name_supervisors_producers_and_stores(tmp_path: Path):
    hall = Whole(tmp_path, identity="../hall/Ω 1")
    for number, identity in enumerate(IDS):
        text = job_text(identity, "Numbers", interval="5ms", most=20)
        (hall.config_dir / f"{number}.toml").write_text(text)
    (hall.config_dir / "keep.toml").write_text(
        job_text("the/store", "Collector", into=str(tmp_path / "kept")) + '[[input]]\nfrom = "*"\n'
    )
    hall.start()
    try:
        hall.until(lambda: (tmp_path / "kept").exists())
        kept = tmp_path / "kept"
        hall.until(lambda: len(kept.read_text().splitlines()) == 20 * len(IDS))
        hall.until_running("the/store", *IDS)
        assert hall.stop() == 0
    finally:
        hall.close()
    lines = [line.rsplit(" ", 3) for line in kept.read_text().splitlines()]
    for identity in IDS:
        assert [int(value) for who, _, _, value in lines if who == identity] == list(range(1, 21))
    assert {path.name for path in tmp_path.iterdir()} == {"config", "state", "kept", "supervisor.log"}
