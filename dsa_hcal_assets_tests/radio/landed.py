"""Observation groups in the ledger and beside it, as a look at incoming leaves them; no UVH5 needed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.ledger.ledger import Ledger
from dsa_hcal_assets.products import Product, ProductStore, Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.radio.ingest import groups
from dsa_hcal_assets.radio.ingest.completeness import refresh_changed
from dsa_hcal_assets.radio.profiles.loading import load_profiles
from dsa_hcal_assets_tests.radio.ingest.test_quality import header

DSA = load_profiles()["dsa110"]
NOON_JD = 2460832.0  # 2025-06-05T12:00:00
ALL = range(16)


class Site:
    """Where files land: a folder, a ledger, a product tree."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self.database = folder, database
        self.ledger = Ledger(database, folder / "quarantine")
        self.store = ProductStore(folder / "products", database)

    def land(self, hour: int, numbers=ALL, now: datetime | None = None) -> str:
        """Accept subbands of the group that began at `hour` on 2025-06-05; return its key."""
        now = now or utc_now()
        for number in numbers:
            digest = f"{hour}/{number}"
            facts = replace(header(number), first_jd=NOON_JD + (hour - 12) / 24, digest=digest)
            path = self.folder / f"{facts.group}_sb{number:02d}.hdf5"
            path.write_bytes(digest.encode())
            groups.remember(self.database, [groups.Fact(DSA, number, path.name, facts)], now)
            self.ledger.accept(
                groups.SOURCE,
                path,
                subject=f"{facts.group}/sb{number:02d}",
                partition=facts.group,
                digest=digest,
            )
        refresh_changed(self.database, self.ledger, now)
        return facts.group

    def load(self, key: str) -> None:
        """Mark the group's subbands as loaded, as its first asset does."""
        with self.database.transaction() as cursor:
            self.ledger.mark_loaded(cursor, self.ledger.of_partition(groups.SOURCE, key), "run")

    def make(self, key: str, kind: str, level: Level = Level.PASS) -> Product:
        """Publish a product of the group with one blocking verdict."""
        with self.store.publishing(kind, key, Provenance({}, ())) as staged:
            (staged.path / "file").write_text(kind)
        verdict = Verdict(kind, "some_metric", 1.0, level, True)
        record(self.database, [verdict], product=staged.product, partition=key, run_id="run")
        return staged.product
