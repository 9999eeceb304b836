"""Pending arrivals as work: one piece a partition, new whenever something new arrives."""

from dsa_hcal_assets.orchestration import pending
from dsa_hcal_assets.orchestration.pending import pending_work


def land(installation, tmp_path, name, partition):
    path = tmp_path / name
    path.write_text(name)
    return installation.ledger.accept("rig", path, subject=name, partition=partition).arrival


def test_nothing_pending_is_no_work(installation):
    assert pending_work(installation, "rig") == []


def test_arrivals_of_a_partition_are_one_piece_of_work(installation, tmp_path):
    for name, day in [("b", "2026-01-03"), ("a", "2026-01-02"), ("c", "2026-01-03")]:
        land(installation, tmp_path, name, day)
    first, second = pending_work(installation, "rig")
    assert (first.partition, second.partition) == ("2026-01-02", "2026-01-03")
    assert second.note.startswith("2 arrivals, ")


def test_another_arrival_makes_the_work_new(installation, tmp_path):
    land(installation, tmp_path, "a", "2026-01-02")
    (before,) = pending_work(installation, "rig")
    land(installation, tmp_path, "b", "2026-01-02")
    (after,) = pending_work(installation, "rig")
    assert before.version != after.version


def test_what_is_loaded_is_no_longer_work(installation, tmp_path):
    arrival = land(installation, tmp_path, "a", "2026-01-02")
    with installation.database.transaction() as cursor:
        installation.ledger.mark_loaded(cursor, [arrival], "run")
    assert pending_work(installation, "rig") == []


def test_sources_do_not_mix(installation, tmp_path):
    land(installation, tmp_path, "a", "2026-01-02")
    assert pending_work(installation, "hcal") == []


def test_a_flood_is_taken_in_pieces_oldest_first(installation, tmp_path, monkeypatch):
    monkeypatch.setattr(pending, "MOST_ARRIVALS", 2)
    for name, day in [("a", "2026-01-04"), ("b", "2026-01-03"), ("c", "2026-01-02")]:
        land(installation, tmp_path, name, day)
    assert {work.partition for work in pending_work(installation, "rig")} == {"2026-01-04", "2026-01-03"}
