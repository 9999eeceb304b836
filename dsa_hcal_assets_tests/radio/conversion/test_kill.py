"""kill -9 in the middle of a conversion: nothing under the final name, and the retry succeeds."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products import ProductStore
from dsa_hcal_assets_tests.radio import uvh5_files
from dsa_hcal_assets_tests.radio.conversion import pyuvdata_writer

pytestmark = pytest.mark.radio
KEY = "2025-06-05T20:37:07"
# converts through the product store and says where it is, so that the parent can strike there
CHILD = """
import sys
from pathlib import Path
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.products import Input, ProductStore, Provenance
from dsa_hcal_assets.radio.conversion import group, visibilities
from dsa_hcal_assets.radio.conversion.phase import PhaseCentre
from dsa_hcal_assets.radio.profiles.loading import load_profiles

url, root, *files = sys.argv[1:]
say = lambda text: print(text, flush=True)
visibilities.GroupReader.block_rows = lambda self: 5
subtables = group.write_subtables
group.write_subtables = lambda *a: (say("subtables"), subtables(*a), say("written"))
store = ProductStore(Path(root), Database(url))
with store.publishing("measurement_set", "2025-06-05T20:37:07", Provenance({}, ())) as staged:
    group.convert_group(
        [Path(name) for name in files],
        staged.path / "group.ms",
        load_profiles()["dsa110"],
        phase_centre=PhaseCentre("here", 1.49, 0.87),
        progress=lambda done, total: say(f"rows {done * 100 // total}"),
    )
    say("converted")
say("published")
"""


def convert(database: Database, root: Path, files: list[Path], strike_at: str | None = None) -> int:
    """Run the child; kill it with SIGKILL as soon as it says `strike_at`."""
    command = [sys.executable, "-c", CHILD, database.url, str(root), *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if strike_at is not None and line.strip() == strike_at:
                child.send_signal(signal.SIGKILL)
                break
        return child.wait(timeout=60)


def test_killed_conversions_leave_nothing_visible_and_the_next_one_succeeds(tmp_path, database):
    files = uvh5_files.write_group(tmp_path, range(2), channels=3, integrations=3, antennas=3)
    root = tmp_path / "products"
    root.mkdir()
    store = ProductStore(root, database)

    for moment in ("rows 55", "subtables", "converted"):
        assert convert(database, root, files, strike_at=moment) == -signal.SIGKILL
        assert store.current("measurement_set", KEY) is None
        assert [path for path in root.rglob("*.ms") if ".staging" not in path.parts] == []

    assert convert(database, root, files) == 0
    product = store.require("measurement_set", KEY)
    assert product.version == 1
    assert len(pyuvdata_writer.columns(product.path / "group.ms")["DATA"]) == 3 * 6
    # tables inside moved with it: none points back into staging
    assert pyuvdata_writer.columns(product.path / "group.ms", "SOURCE")["NAME"].tolist() == ["here"]

    store.reconcile()
    assert [path for path in (root / ".staging").rglob("*") if path.is_file()] == []
