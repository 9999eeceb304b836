"""F1 for products: killed at any point, with any signal, nothing half-made is ever visible."""

import signal

import pytest

from dsa_hcal_assets.products import ProductStore
from dsa_hcal_assets_tests.crash import SIGNALS, crash_at
from dsa_hcal_assets_tests.products.conftest import GROUP, everything, publish

POINTS = [
    "opened",
    "written",
    "verified",
    "hashed",
    "flushed",
    "manifest",
    "renamed",
    "registered",
    "committed",
]


@pytest.fixture
def kill(store, database):
    def kill(point, number):
        def victim(checkpoint):
            publish(ProductStore(store.root, database, checkpoint=checkpoint), "new")

        crash_at(point, number, victim)

    return kill


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_publishing_it_converges_in_one_restart(store, kill, point, number):
    old = publish(store, "old")

    kill(point, number)

    before = store.require("flags", GROUP)
    assert before.version == (2 if point == "committed" else 1)
    store.verify(before)

    healed = store.reconcile()
    renamed = point in ("renamed", "registered")
    assert [product.version for product in healed.registered] == ([2] if renamed else [])
    assert (healed.missing, healed.damaged) == ((), ())

    versions = store.versions("flags", GROUP)
    assert [product.version for product in versions] == ([1, 2] if renamed or point == "committed" else [1])
    for product in versions:
        store.verify(product)
    assert store.current("flags", GROUP) == versions[-1]
    assert versions[0] == old
    assert everything(store.root) == {
        str((product.path / name).relative_to(store.root))
        for product in versions
        for name in ("image.fits", "table/data")
    }
    assert store.reconcile() == type(healed)(), "a second reconcile has nothing left to do"
    assert publish(store, "after").version == len(versions) + 1


def test_killed_between_rename_and_commit_the_next_publisher_loses_nothing(store, kill):
    """Without any reconcile: the orphan keeps its number, the newer version stays current."""
    kill("renamed", signal.SIGKILL)
    newer = publish(store, "newer")
    assert newer.version == 2
    assert [product.version for product in store.reconcile().registered] == [1]
    assert store.current("flags", GROUP) == newer
