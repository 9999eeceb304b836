"""F1 for the ledger: killed at any point, with any signal, each content has one row and all its bytes."""

import pytest

from dsa_hcal_assets.errors import BadInput
from dsa_hcal_assets.ledger import Balance, Ledger
from dsa_hcal_assets_tests.crash import SIGNALS, crash_at
from dsa_hcal_assets_tests.ledger.conftest import DAY, SOURCE, deliver, require_invariants

MOVING = ["entered", "recorded", "explained", "linked", "moved", "settled"]


def accept_file(ledger, path):
    ledger.accept(SOURCE, path, subject="12:00", partition=DAY)


def quarantine_file(ledger, path):
    ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))


def release_file(ledger, path):
    ledger.release(ledger.quarantined()[0].arrival_id)


@pytest.fixture
def kill(database, tmp_path):
    def kill(function, point, number, path):
        def victim(checkpoint):
            function(Ledger(database, tmp_path / "quarantine", checkpoint=checkpoint), path)

        crash_at(point, number, victim)

    return kill


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", ["entered", "recorded"])
def test_killed_while_accepting(ledger, incoming, tmp_path, database, kill, point, number):
    path = deliver(incoming, "a.h5", "one")
    kill(accept_file, point, number, path)
    ledger.reconcile()
    assert ledger.unknown(SOURCE, ["a.h5"]) == (["a.h5"] if point == "entered" else [])
    ledger.accept(SOURCE, path, subject="12:00", partition=DAY)
    assert ledger.balance() == {SOURCE: Balance(1, 0, 0, 1)}
    require_invariants(database, tmp_path, {"one"})


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", MOVING)
def test_killed_while_a_conflict_goes_to_quarantine(
    ledger, incoming, tmp_path, database, kill, point, number
):
    ledger.accept(SOURCE, deliver(incoming, "a.h5", "one"), subject="12:00", partition=DAY)
    path = deliver(incoming, "b.h5", "two")
    kill(accept_file, point, number, path)
    ledger.reconcile()
    if path.exists():
        assert ledger.accept(SOURCE, path, subject="12:00", partition=DAY).outcome == "conflict"
    assert ledger.balance() == {SOURCE: Balance(2, 0, 1, 1)}
    require_invariants(database, tmp_path, {"one", "two"})


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", MOVING)
def test_killed_while_an_unreadable_file_goes_to_quarantine(
    ledger, incoming, tmp_path, database, kill, point, number
):
    path = deliver(incoming, "a.h5", "half")
    kill(quarantine_file, point, number, path)
    # Not reconcile but the sensor comes first: the same call again heals as well.
    if path.exists():
        ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))
    ledger.reconcile()
    assert ledger.balance() == {SOURCE: Balance(1, 0, 1, 0)}
    assert not path.exists()
    require_invariants(database, tmp_path, {"half"})


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", ["recorded", "linked", "moved", "settled"])
def test_killed_while_releasing(ledger, incoming, tmp_path, database, kill, point, number):
    path = deliver(incoming, "a.h5", "half")
    ledger.quarantine_arrival(SOURCE, path, BadInput("truncated"))
    kill(release_file, point, number, path)
    if point != "settled":
        assert ledger.pending(SOURCE) == [], "nobody loads bytes that are still on their way"
    ledger.reconcile()
    assert path.read_text() == "half"
    assert ledger.balance() == {SOURCE: Balance(1, 0, 0, 1)}
    require_invariants(database, tmp_path, {"half"})
