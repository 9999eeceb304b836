"""A ledger on a fresh database, an incoming directory, and the invariants every test may ask for."""

from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger import Ledger

SOURCE = "hcal"
DAY = "2025-06-05"


@pytest.fixture
def incoming(tmp_path) -> Path:
    directory = tmp_path / "incoming" / SOURCE
    directory.mkdir(parents=True)
    return directory


@pytest.fixture
def ledger(tmp_path, database) -> Ledger:
    return Ledger(database, tmp_path / "quarantine")


def deliver(incoming: Path, name: str, text: str = "snapshot") -> Path:
    path = incoming / name
    path.write_text(text)
    return path


def require_invariants(database: Database, root: Path, contents: set[str], source: str = SOURCE) -> None:
    """Each content ever delivered has exactly one row and still exists; nothing is counted twice."""
    rows = database.rows(
        "select state, settled, incoming_path, quarantine_path, digest, subject from platform.arrival "
        "where source = %s",
        (source,),
    )
    assert len({digest for *_, digest, _ in rows}) == len(rows)
    effects = [subject for state, *_, subject in rows if state != "quarantined" and subject]
    assert len(effects) == len(set(effects))
    for state, settled, incoming_path, quarantine_path, _, _ in rows:
        assert settled
        place = Path(quarantine_path if state == "quarantined" else incoming_path)
        assert place.is_file(), f"{state} bytes are not at {place}"
        if state == "quarantined":
            assert place.with_name(place.name + ".reason.json").is_file()
    kept = {path.read_text() for path in root.rglob("*") if path.is_file() and path.suffix != ".json"}
    assert contents <= kept, "bytes were lost"
    balance = database.rows("select accepted, loaded + quarantined + pending from platform.ledger_balance")
    assert all(accepted == parts for accepted, parts in balance)
