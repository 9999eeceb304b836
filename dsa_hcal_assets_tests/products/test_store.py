import json
import os
import threading
from datetime import UTC, datetime

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.errors import DatabaseUnavailable, GateBlocked, ProductMissing
from dsa_hcal_assets.products import Input, ProductStore, Provenance
from dsa_hcal_assets.products.model import BadProvenance
from dsa_hcal_assets.products.places import BadName, partition_dir
from dsa_hcal_assets.products.store import ProductDamaged, StorageFailed
from dsa_hcal_assets.products.tree import NotPublishable
from dsa_hcal_assets_tests.products.conftest import DAY, GROUP, PROVENANCE, everything, publish


def test_a_published_product_is_found_again_with_everything_it_was_made_from(store):
    inputs = (Input("measurement_set/2025-06-05T12:00:00/v0001", "ab" * 32),)
    provenance = Provenance({"robust": -0.5, "sizes": [1, 2]}, inputs, run_id="r1", code_version="0.1.0")
    with store.publishing("continuum_image", GROUP, provenance) as staged:
        (staged.path / "image.fits").write_bytes(b"abc")

    product = store.current("continuum_image", GROUP)

    assert product == staged.product
    assert product.provenance == provenance
    assert product.path == store.root / "continuum_image" / DAY / GROUP / "v0001"
    assert (product.path / "image.fits").read_bytes() == b"abc"
    assert (product.bytes, product.version) == (3, 1)
    assert product.as_input() == Input("continuum_image/2025-06-05T12:00:00/v0001", product.checksum)
    assert abs((datetime.now(UTC) - product.created_at).total_seconds()) < 60


def test_publishing_again_makes_a_new_version_and_keeps_the_old(store):
    first, second = publish(store, "one"), publish(store, "two")
    assert [product.version for product in store.versions("flags", GROUP)] == [1, 2]
    assert store.current("flags", GROUP) == second
    assert (first.path / "table" / "data").read_text() == "one"


def test_the_checksum_depends_on_names_and_bytes_and_nothing_else(store):
    a, b = publish(store, "same"), publish(store, "same", partition=DAY)
    assert a.checksum == b.checksum
    assert publish(store, "other").checksum != a.checksum


def test_files_are_read_only_and_the_manifest_tells_what_they_are(store):
    product = publish(store)
    assert all(path.stat().st_mode & 0o222 == 0 for path in product.path.rglob("*") if path.is_file())
    manifest = json.loads((product.path / "manifest.json").read_text())
    assert manifest["checksum"] == product.checksum
    assert [name for name, _, _ in manifest["files"]] == ["image.fits", "table/data"]


def write(**files):
    """A body of `publishing` that writes files; keys are names, values text."""

    def into(directory):
        for name, text in files.items():
            (directory / name).write_text(text)

    return into


def publish_with(store, body):
    with store.publishing("flags", GROUP, PROVENANCE) as staged:
        body(staged.path)


def test_nothing_is_visible_or_left_when_the_body_fails(store):
    def fail(directory):
        write(half="half")(directory)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_with(store, fail)
    assert store.current("flags", GROUP) is None
    assert everything(store.root) == set()


def test_nothing_is_visible_when_verification_refuses(store):
    def refuse(path):
        raise ProductDamaged(f"{path} has no beam")

    with (
        pytest.raises(ProductDamaged, match="no beam"),
        store.publishing("x", DAY, PROVENANCE, verify=refuse) as s,
    ):
        (s.path / "half").write_text("half")
    assert store.versions("x", DAY) == []
    assert everything(store.root) == set()


def test_the_product_cannot_be_had_before_the_block_has_ended(store):
    with store.publishing("flags", GROUP, PROVENANCE) as staged:
        (staged.path / "a").write_text("a")
        with pytest.raises(ProductMissing, match="not published yet"):
            _ = staged.product


def test_an_empty_product_is_refused(store):
    with pytest.raises(NotPublishable, match="holds no file"), store.publishing("flags", GROUP, PROVENANCE):
        pass


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/passwd"), os.mkfifo])
def test_links_and_special_files_are_refused(store, make):
    def bad(directory):
        write(good="good")(directory)
        make(directory / "bad")

    with pytest.raises(NotPublishable, match="neither a file nor a directory"):
        publish_with(store, bad)
    assert everything(store.root) == set()


def test_a_product_cannot_bring_its_own_manifest(store):
    with pytest.raises(NotPublishable, match="of its own"):
        publish_with(store, write(**{"manifest.json": "{}", "a": "a"}))


@pytest.mark.parametrize(
    "key", ["", ".", "..", "../../etc", "a/b", "a\\b", "a\0b", "a\nb", " a", "x" * 201, ".hidden"]
)
def test_partition_keys_that_could_escape_are_refused_before_any_work(store, key):
    with pytest.raises(BadName), store.publishing("flags", key, PROVENANCE):
        pytest.fail("the body must not run")


@given(st.text(max_size=300))
def test_no_key_ever_leads_out_of_its_kinds_directory(key):
    try:
        place = partition_dir("flags", key)
    except BadName:
        return
    assert place.parts[0] == "flags"
    assert len(place.parts) == 3
    assert place.parts[2] == key
    assert ".." not in place.parts


@pytest.mark.parametrize("value", [float("nan"), object(), "a\0b", {1, 2}])
def test_provenance_that_cannot_be_stored_is_refused_before_any_work(store, value):
    with pytest.raises(BadProvenance), store.publishing("flags", GROUP, Provenance({"p": value}, ())):
        pytest.fail("the body must not run")


def test_require_names_the_partition_to_materialise(store):
    with pytest.raises(ProductMissing, match="materialise flags for partition 2025-06-05"):
        store.require("flags", DAY)


def test_require_refuses_when_the_bytes_are_gone(store):
    product = publish(store)
    product.path.rename(store.root / "elsewhere")
    with pytest.raises(ProductMissing, match="are gone"):
        store.require("flags", GROUP)


def test_a_changed_bit_is_found(store):
    product = publish(store)
    store.verify(product)
    victim = product.path / "image.fits"
    victim.chmod(0o644)
    victim.write_text("contenX" * 2)
    with pytest.raises(ProductDamaged, match="has changed"):
        store.verify(product)


def test_a_published_row_cannot_be_changed(store, database):
    publish(store)
    with pytest.raises(psycopg2.IntegrityError, match="cannot be changed"), database.transaction() as cursor:
        cursor.execute("update platform.product set checksum = repeat('0', 64)")


class TestTheGate:
    def verdict(self, database, product, level, metric="flagged", blocking=True):
        with database.transaction() as cursor:
            cursor.execute(
                "insert into platform.verdict "
                "(product_id, stage, metric, value, level, blocking, limit_text, partition) "
                "values (%s, 'flags', %s, 0.97, %s, %s, '<= 0.9', %s)",
                (product.product_id, metric, level, blocking, product.partition),
            )

    def test_without_any_verdict_nothing_passes(self, store):
        publish(store)
        with pytest.raises(GateBlocked, match="no verdict"):
            store.require_passed("flags", GROUP)

    @pytest.mark.parametrize(("level", "blocking"), [("pass", True), ("warn", True), ("fail", False)])
    def test_good_and_advisory_verdicts_pass(self, store, database, level, blocking):
        product = publish(store)
        self.verdict(database, product, level, blocking=blocking)
        assert store.require_passed("flags", GROUP) == product

    def test_a_blocking_failure_stops_and_names_value_and_limit(self, store, database):
        product = publish(store)
        self.verdict(database, product, "pass", metric="other")
        self.verdict(database, product, "fail")
        with pytest.raises(GateBlocked, match=r"flags\.flagged = 0\.97 \(limit <= 0\.9\)"):
            store.require_passed("flags", GROUP)

    def test_the_latest_verdict_of_a_metric_counts(self, store, database):
        product = publish(store)
        self.verdict(database, product, "fail")
        self.verdict(database, product, "pass")
        assert store.require_passed("flags", GROUP) == product

    def test_a_verdict_on_an_older_version_says_nothing_about_the_current(self, store, database):
        self.verdict(database, publish(store, "old"), "pass")
        publish(store, "new")
        with pytest.raises(GateBlocked, match="no verdict"):
            store.require_passed("flags", GROUP)


def test_two_publishers_at_once_both_get_a_version_and_one_is_current(store):
    both = threading.Barrier(4)
    products, errors = [], []

    def work(text):
        try:
            with store.publishing("flags", GROUP, PROVENANCE) as staged:
                (staged.path / "data").write_text(text)
                both.wait(timeout=20)
            products.append(staged.product)
        except Exception as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(f"text {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert errors == []
    assert sorted(product.version for product in products) == [1, 2, 3, 4]
    assert store.current("flags", GROUP).version == 4
    assert {(product.path / "data").read_text() for product in products} == {f"text {n}" for n in range(4)}


def test_publishing_without_a_database_leaves_nothing_and_may_be_repeated(tmp_path, store):
    from dsa_hcal_assets.database.connection import Database

    nowhere = ProductStore(tmp_path / "products", Database("postgresql://a:b@127.0.0.1:1/none"))
    with pytest.raises(DatabaseUnavailable), nowhere.publishing("flags", GROUP, PROVENANCE) as staged:
        (staged.path / "a").write_text("a")
    assert everything(store.root) == set()
    assert publish(store).version == 1


def test_a_full_disk_is_a_transient_error_and_leaves_nothing(store, monkeypatch):
    from dsa_hcal_assets.products import tree

    def full(path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(tree, "flush", full)
    with pytest.raises(StorageFailed, match="No space left") as caught:
        publish(store)
    assert caught.value.transient
    assert everything(store.root) == set()
