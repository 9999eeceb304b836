"""A product store on a fresh tree and database, and the shortest way to publish something."""

from pathlib import Path

import pytest

from dsa_hcal_assets.products import Product, ProductStore, Provenance

DAY = "2025-06-05"
GROUP = "2025-06-05T12:00:00"
PROVENANCE = Provenance(parameters={"niter": 300}, inputs=())


@pytest.fixture
def store(tmp_path, database) -> ProductStore:
    return ProductStore(tmp_path / "products", database)


def publish(
    store: ProductStore, text: str = "content", kind: str = "flags", partition: str = GROUP
) -> Product:
    with store.publishing(kind, partition, PROVENANCE) as staged:
        (staged.path / "table").mkdir()
        (staged.path / "table" / "data").write_text(text)
        (staged.path / "image.fits").write_text(text * 2)
    return staged.product


def everything(root: Path) -> set[str]:
    """All files below the tree except the manifests."""
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
