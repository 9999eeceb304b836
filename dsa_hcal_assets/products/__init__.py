"""Products: immutable, versioned directories of files, and the ledger that says which one counts.

Belongs here: staging, sealing, publishing, finding, and healing of published versions. Not here:
what is inside a product (its instrument's room) and whether it is good (quality gives verdicts;
only the gate that reads them is here).
"""

from dsa_hcal_assets.products.model import JSON, Input, Product, Provenance, Reconciled
from dsa_hcal_assets.products.store import ProductStore, Staged

__all__ = ["JSON", "Input", "Product", "ProductStore", "Provenance", "Reconciled", "Staged"]
