"""A Measurement Set as a product: sealed, yet any casacore tool can read it."""

import numpy as np
import pytest

from dsa_hcal_assets_tests.products.conftest import GROUP, PROVENANCE

pytestmark = pytest.mark.radio


def test_a_sealed_table_opens_read_only_and_reading_does_not_change_the_product(store):
    tables = pytest.importorskip("casacore.tables")
    description = tables.maketabdesc([tables.makescacoldesc("TIME", 1.0)])
    with store.publishing("measurement_set", GROUP, PROVENANCE) as staged:
        path = str(staged.path / "group.ms")
        table = tables.table(path, description, nrow=3, ack=False)
        table.putcol("TIME", np.arange(3.0))
        sub = tables.table(f"{path}/ANTENNA", description, nrow=1, ack=False)
        table.putkeyword("ANTENNA", sub)
        sub.close()
        table.close()

    product = store.require("measurement_set", GROUP)
    for _ in range(2):
        table = tables.table(str(product.path / "group.ms"), ack=False, lockoptions="auto")
        assert table.getcol("TIME").tolist() == [0.0, 1.0, 2.0]
        assert tables.table(table.getkeyword("ANTENNA"), ack=False).nrows() == 1
        table.close()
        store.verify(product)
        # Some tools clear lock files away; the product does not depend on them.
        (product.path / "group.ms" / "table.lock").unlink(missing_ok=True)
