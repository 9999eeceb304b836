"""The product tree and its ledger: publish a version, find the current one, ask whether it passed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import GateBlocked, PermanentError, ProductMissing, TransientError
from dsa_hcal_assets.products import manifest, places, rows, staging, tree
from dsa_hcal_assets.products.manifest import Manifest
from dsa_hcal_assets.products.model import Product, Provenance, Reconciled
from dsa_hcal_assets.products.reconcile import reconcile


class StorageFailed(TransientError):
    """The disk under the product tree refused (full, read-only, I/O error)."""


class ProductDamaged(PermanentError):
    """The bytes of a published version are not those that were published."""


class Staged:
    """A product in the making: write into `path`; `product` is there once the block has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._product: Product | None = None

    @property
    def product(self) -> Product:
        """The published product.

        Raises
        ------
        ProductMissing
            If asked for before the ``publishing`` block has ended well.
        """
        if self._product is None:
            raise ProductMissing(
                "the product is not published yet", remedy="leave the publishing block first"
            )
        return self._product


class ProductStore:
    """All products under one root directory, known to one database.

    Parameters
    ----------
    root
        Directory of the product tree; made when the first product is published.
    database
        Where `platform.product` lives.
    checkpoint
        Called with the name of each step just done while publishing; crash tests hook in here.
    """

    def __init__(
        self, root: Path, database: Database, *, checkpoint: Callable[[str], None] = lambda _: None
    ) -> None:
        self.root = root.absolute()
        self._database = database
        self._checkpoint = checkpoint

    @contextmanager
    def publishing(
        self,
        kind: str,
        partition: str,
        provenance: Provenance,
        *,
        verify: Callable[[Path], None] | None = None,
    ) -> Iterator[Staged]:
        """Stage a new version; publish it, and select it as current, when the block ends well.

        The body writes into `Staged.path`. Then: `verify`, checksums, flush to disk, manifest, one
        rename to its final place, one transaction that registers and selects it. If the body or any
        step before the rename fails, nothing is visible and nothing is left. A crash between rename
        and commit is healed by `reconcile`.

        Raises
        ------
        BadName, BadProvenance
            Before the body runs, if the product could not be named or described.
        NotPublishable
            If the staged directory is empty, or holds links or special files.
        DatabaseUnavailable
            If the version could not be registered; repeating the work is safe.
        StorageFailed
            If the disk refuses.
        """
        place = self.root / places.partition_dir(kind, partition)
        provenance.as_record()
        with staging.opened(self.root) as directory:
            self._checkpoint("opened")
            staged = Staged(directory)
            yield staged
            self._checkpoint("written")
            if verify is not None:
                verify(directory)
            self._checkpoint("verified")
            with _storage(self.root):
                contents = tree.survey(directory)
                self._checkpoint("hashed")
                tree.seal(directory)
                self._checkpoint("flushed")
                staged._product = self._publish(directory, place, kind, partition, contents, provenance)
            self._checkpoint("committed")

    def current(self, kind: str, partition: str) -> Product | None:
        """Return the current version, or None if there is none. Its bytes are not looked at."""
        found = self._database.rows(rows.CURRENT, (kind, partition))
        return rows.product(found[0], self.root) if found else None

    def require(self, kind: str, partition: str) -> Product:
        """Return the current version, whose directory is there.

        Raises
        ------
        ProductMissing
            If it was never made, or its bytes are gone.
        """
        product = self.current(kind, partition)
        if product is None:
            raise ProductMissing(
                f"there is no {kind} of {partition}", remedy=f"materialise {kind} for partition {partition}"
            )
        if not (product.path / tree.MANIFEST).is_file():
            raise ProductMissing(
                f"the bytes of {product.name} are gone",
                expected=str(product.path),
                remedy=f"mount the product tree, or materialise {kind} for partition {partition} again",
            )
        return product

    def require_passed(self, kind: str, partition: str) -> Product:
        """Return the current version if its checks let it pass.

        The latest verdict of each (stage, metric) counts. No verdict at all is no pass: a run that
        died before its checks must not open the gate.

        Raises
        ------
        ProductMissing
            As `require`.
        GateBlocked
            If a blocking check failed, or none was recorded.
        """
        product = self.require(kind, partition)
        judged = self._database.rows(
            "select 1 from platform.verdict where product_id = %s limit 1", (product.product_id,)
        )
        if not judged:
            raise GateBlocked(
                f"no verdict was recorded for {product.name}",
                remedy=f"run the checks of {kind} for partition {partition}",
            )
        failures = self._database.rows(rows.BLOCKING_FAILURES, (product.product_id,))
        if failures:
            found = ", ".join(
                f"{stage}.{metric} = {value} (limit {limit})" for stage, metric, value, limit in failures
            )
            raise GateBlocked(
                f"{product.name} failed blocking checks",
                found=found,
                kept="the product stays published for inspection",
                remedy="mend its input or settings and materialise it again, or change the threshold",
            )
        return product

    def versions(self, kind: str, partition: str) -> list[Product]:
        """Return all versions, oldest first."""
        return [rows.product(row, self.root) for row in self._database.rows(rows.VERSIONS, (kind, partition))]

    def of_id(self, product_id: int) -> Product:
        """Return one version by its row's number, current or not.

        Raises
        ------
        ProductMissing
            If there is no such row.
        """
        found = self._database.rows(rows.BY_ID, (product_id,))
        if not found:
            raise ProductMissing(f"there is no product {product_id}")
        return rows.product(found[0], self.root)

    def verify(self, product: Product) -> None:
        """Read all bytes of a version and compare their checksum with the ledger's.

        Raises
        ------
        ProductMissing
            If its directory is gone.
        ProductDamaged
            If a bit has changed.
        """
        if not product.path.is_dir():
            raise ProductMissing(f"the bytes of {product.name} are gone", expected=str(product.path))
        found = tree.survey(product.path).checksum
        if found != product.checksum:
            raise ProductDamaged(
                f"{product.name} has changed since it was published",
                expected=f"checksum {product.checksum}",
                found=f"checksum {found}",
                kept=f"left in {product.path}",
                remedy=f"materialise {product.kind} for partition {product.partition} again; check the disk",
            )

    def reconcile(self) -> Reconciled:
        """Bring tree and ledger together after crashes; safe at any time. See `Reconciled`."""
        return reconcile(self.root, self._database)

    def _publish(
        self,
        directory: Path,
        place: Path,
        kind: str,
        partition: str,
        contents: tree.Contents,
        provenance: Provenance,
    ) -> Product:
        with self._database.transaction() as cursor:
            rows.lock(cursor, kind, partition)
            version = max(rows.newest_version(cursor, kind, partition), _newest_dir(place)) + 1
            entry = Manifest(kind, partition, version, utc_now(), contents, provenance)
            manifest.write(directory, entry)
            tree.flush(directory)
            self._checkpoint("manifest")
            tree.make_durable_dir(place, self.root)
            target = place / places.version_name(version)
            # Within the lock and past all versions seen, so the target cannot exist.
            directory.rename(target)
            self._checkpoint("renamed")
            tree.flush(place)
            product = rows.insert(cursor, entry, target.relative_to(self.root), self.root)
            self._checkpoint("registered")
        if product is None:
            raise ProductDamaged(f"version {version} of {kind}/{partition} was registered by somebody else")
        return product


def _newest_dir(place: Path) -> int:
    if not place.is_dir():
        return 0
    return max((places.version_of(item.name) or 0 for item in place.iterdir()), default=0)


@contextmanager
def _storage(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(
            f"the product tree {root} refused: {error.strerror}",
            found=f"{error.filename or root}",
            kept="nothing was published",
            remedy="free space or mend the disk; the work may be repeated",
        ) from error
