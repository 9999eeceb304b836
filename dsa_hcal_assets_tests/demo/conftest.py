"""An installation on a fresh database, and products that stand as a test wants them."""

import pytest

from dsa_hcal_assets.demo.expectations import Standing
from dsa_hcal_assets.installation import Installation
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import Level, Verdict
from dsa_hcal_assets.quality.store import record
from dsa_hcal_assets.settings import Settings

VERDICTS = {
    Standing.JUDGING: [],
    Standing.PASSED: [(Level.PASS, True)],
    Standing.WARNING: [(Level.PASS, True), (Level.WARN, True)],
    Standing.BLOCKED: [(Level.PASS, True), (Level.FAIL, True)],
}


@pytest.fixture
def installation(database, tmp_path):
    installation = Installation(Settings(state_dir=tmp_path, database_url=database.url))
    yield installation
    installation.database.close()


@pytest.fixture
def publish(installation):
    """Publish a product that stands like this."""

    def publish(kind, partition, standing):
        with installation.products.publishing(kind, partition, Provenance({}, ())) as staged:
            (staged.path / "file").write_text(kind)
        verdicts = [
            Verdict(kind, f"metric {number}", 1.0, level, blocking)
            for number, (level, blocking) in enumerate(VERDICTS[standing])
        ]
        if verdicts:
            record(installation.database, verdicts, product=staged.product, partition=partition, run_id="r")
        return staged.product

    return publish
