import json
import shutil
import threading

import pytest

from dsa_hcal_assets.errors import ConfigurationError
from dsa_hcal_assets.products import Reconciled
from dsa_hcal_assets_tests.products.conftest import GROUP, PROVENANCE, publish


def forget(database, product):
    """Make a published version an unregistered one, as a crash between rename and commit leaves it."""
    with database.transaction() as cursor:
        cursor.execute("delete from platform.current_product where product_id = %s", (product.product_id,))
        cursor.execute("delete from platform.product where product_id = %s", (product.product_id,))


def test_with_nothing_wrong_nothing_is_done(store):
    publish(store)
    assert store.reconcile() == Reconciled()


def test_an_unregistered_version_is_registered_with_its_whole_provenance(store, database):
    product = publish(store)
    forget(database, product)
    (registered,) = store.reconcile().registered
    assert registered == store.current("flags", GROUP)
    assert (registered.checksum, registered.provenance) == (product.checksum, product.provenance)
    assert registered.created_at == product.created_at


@pytest.mark.parametrize("damage", ["changed", "added", "removed", "unreadable", "foreign", "misplaced"])
def test_an_unregistered_version_that_is_not_what_its_manifest_says_is_reported_and_left(
    store, database, damage
):
    product = publish(store)
    forget(database, product)
    path = product.path
    manifest = path / "manifest.json"
    if damage == "changed":
        (path / "image.fits").chmod(0o600)
        (path / "image.fits").write_text("x" * 14)
    elif damage == "added":
        (path / "more").write_text("more")
    elif damage == "removed":
        (path / "image.fits").unlink()
    elif damage == "unreadable":
        manifest.unlink()
        manifest.write_text("{")
    elif damage == "foreign":
        record = json.loads(manifest.read_text()) | {"partition": "../../etc"}
        manifest.unlink()
        manifest.write_text(json.dumps(record))
    else:
        path = path.rename(path.with_name("v0007"))
    assert store.reconcile() == Reconciled(damaged=(path,))
    assert path.is_dir()
    assert store.current("flags", GROUP) is None


def test_missing_bytes_are_marked_reported_every_time_and_unmarked_when_back(store, database):
    product = publish(store)
    away = store.root.parent / "away"
    product.path.rename(away)
    for _ in range(2):
        assert store.reconcile() == Reconciled(missing=(product,))
    assert database.rows("select count(*) from platform.product where missing_since is not null") == [(1,)]
    away.rename(product.path)
    assert store.reconcile() == Reconciled(returned=(product,))
    assert store.reconcile() == Reconciled()


def test_a_tree_that_is_not_mounted_is_a_configuration_error_not_a_thousand_losses(store):
    publish(store)
    shutil.rmtree(store.root)
    with pytest.raises(ConfigurationError, match="is not there"):
        store.reconcile()


def test_staging_of_a_living_publisher_is_left_alone(store):
    with store.publishing("flags", GROUP, PROVENANCE) as staged:
        (staged.path / "a").write_text("a")
        assert store.reconcile() == Reconciled()
        assert (staged.path / "a").exists()
    assert staged.product.version == 1


def test_staging_that_nobody_holds_is_removed_even_when_read_only(store):
    litter = store.root / ".staging" / "deadbeef"
    (litter / "table").mkdir(parents=True)
    (litter / "table" / "data").write_text("x")
    (litter / "table").chmod(0o500)
    assert store.reconcile() == Reconciled(removed=(litter,))
    assert list((store.root / ".staging").iterdir()) == []


def test_reconcile_beside_busy_publishers_registers_nothing_twice_and_breaks_nothing(store):
    stop = threading.Event()
    found = []

    def scan():
        while not stop.is_set():
            found.append(store.reconcile())

    scanner = threading.Thread(target=scan)
    scanner.start()
    products = [publish(store, str(number)) for number in range(10)]
    stop.set()
    scanner.join(timeout=60)
    assert [product.version for product in products] == list(range(1, 11))
    assert store.versions("flags", GROUP) == products
    assert all(result == Reconciled() for result in found)
