"""Healing: what a publisher left when it was killed, and what happened to the tree behind our back."""

import logging
from collections.abc import Iterator
from pathlib import Path

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import ConfigurationError, PlatformError
from dsa_hcal_assets.products import manifest, places, rows, staging, tree
from dsa_hcal_assets.products.manifest import BadManifest
from dsa_hcal_assets.products.model import Product, Reconciled

logger = logging.getLogger(__name__)


def reconcile(root: Path, database: Database) -> Reconciled:
    """Register renamed but unregistered versions, mark missing bytes, remove abandoned staging.

    Raises
    ------
    ConfigurationError
        If the ledger knows products but the whole tree is not there (a mount is missing): marking
        everything as missing would not help anyone.
    """
    known = database.rows(rows.ALL)
    if known and not root.is_dir():
        raise ConfigurationError(
            f"the product tree {root} is not there",
            expected=f"the bytes of {len(known)} products",
            remedy="mount it, or set DSA_HCAL_PRODUCTS_DIR",
        )
    removed = tuple(_clear_staging(root))
    registered, damaged = _register(root, database, {row[4] for row in known})
    missing, returned = _mark(root, database, known)
    return Reconciled(tuple(registered), tuple(missing), tuple(returned), tuple(damaged), removed)


def _clear_staging(root: Path) -> Iterator[Path]:
    for directory in staging.abandoned(root):
        if directory.is_dir():
            logger.info("removing %s: its maker is gone", directory)
            tree.remove(directory)
            yield directory


def _register(root: Path, database: Database, known: set[str]) -> tuple[list[Product], list[Path]]:
    registered: list[Product] = []
    damaged: list[Path] = []
    for directory in _versions(root):
        if str(directory.relative_to(root)) in known:
            continue
        try:
            product = _register_one(root, database, directory)
        except (BadManifest, tree.NotPublishable) as error:
            logger.warning("%s is not registered: %s", directory, error)
            damaged.append(directory)
        else:
            registered += [product] if product else []
    return registered, damaged


def _register_one(root: Path, database: Database, directory: Path) -> Product | None:
    entry = manifest.read(directory)
    path = directory.relative_to(root)
    try:
        expected = places.partition_dir(entry.kind, entry.partition) / places.version_name(entry.version)
    except PlatformError as error:
        raise BadManifest(f"{directory} has a manifest of an impossible product") from error
    if expected != path:
        raise BadManifest(f"{directory} has the manifest of another product", found=str(expected))
    if tree.survey(directory) != entry.contents:
        raise BadManifest(f"{directory} is not what its manifest says", kept="left in place")
    with database.transaction() as cursor:
        # A publisher between its rename and its commit holds this lock; after it the row is there.
        rows.lock(cursor, entry.kind, entry.partition)
        product = rows.insert(cursor, entry, path, root)
    if product:
        logger.info("registered %s, whose publisher died before it could", product.name)
    return product


def _versions(root: Path) -> Iterator[Path]:
    for directory in root.glob("[a-z]*/*/*/v*"):
        if places.version_of(directory.name) and directory.is_dir() and not directory.is_symlink():
            yield directory


def _mark(
    root: Path, database: Database, known: list[tuple[object, ...]]
) -> tuple[list[Product], list[Product]]:
    missing: list[Product] = []
    returned: list[Product] = []
    for row in known:
        product = rows.product(row, root)
        there = (product.path / tree.MANIFEST).is_file()
        if there == bool(row[-1]):
            returned += [product] if there else []
            with database.transaction() as cursor:
                cursor.execute(
                    "update platform.product set missing_since = "
                    "case when %s then null else clock_timestamp() end where product_id = %s",
                    (there, product.product_id),
                )
        if not there:
            missing.append(product)
            logger.warning("the bytes of %s are gone from %s", product.name, product.path)
    return missing, returned
