"""Groups that the platform has converted itself: an archive's set of the same group is no news."""

from dataclasses import dataclass

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import InputConflict
from dsa_hcal_assets.ledger import trees
from dsa_hcal_assets.products.store import ProductStore
from dsa_hcal_assets.radio.archive.facts import SetFacts
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.observation import MS_NAME


@dataclass(frozen=True)
class Converted:
    """What became of a group's subbands; without a digest nothing yet."""

    group: str
    digest: str | None
    run_id: str

    def require_same(self, facts: SetFacts) -> None:
        """Refuse a set that is not the product made of the subbands, as the subbands go before it.

        Raises
        ------
        InputConflict
            Naming both contents.
        """
        if facts.digest != self.digest:
            raise InputConflict(
                f"group {self.group} comes from UVH5 subbands",
                expected=f"identity {self.digest}" if self.digest else "no Measurement Set beside them",
                found=f"identity {facts.digest}",
                remedy="keep the subbands; or send them to quarantine and release this set",
            )


def from_subbands(database: Database, products: ProductStore, key: str) -> Converted | None:
    """Return what became of the subbands of group `key`; None when none of them counts."""
    group = groups.group(database, key)
    if group is None or not group.found:
        return None
    product = products.current("measurement_set", key)
    if product is None or not (product.path / MS_NAME).is_dir():
        return Converted(key, None, "")
    return Converted(key, trees.identify(product.path / MS_NAME).digest, product.provenance.run_id)
