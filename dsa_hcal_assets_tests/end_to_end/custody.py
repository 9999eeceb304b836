"""What must hold on disk and in the database after any fault: nothing lost, nothing twice, nothing half."""

import hashlib
from collections import defaultdict
from pathlib import Path

import psutil

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.controllers.snapshot import read_snapshot
from dsa_hcal_assets.hcal.snapshots.source import SUFFIX
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import tree
from dsa_hcal_assets.products.places import STAGING
from dsa_hcal_assets.services.environment import supervisor_id
from dsa_hcal_assets.services.sweep import leftovers

TOWERS = 3072


def assert_balance(ledger: Ledger, *, quarantined: int = 0) -> None:
    """Every accepted content stands somewhere, and so many of all in quarantine."""
    balances = ledger.balance()
    for source, one in balances.items():
        assert one.accepted == one.loaded + one.quarantined + one.pending, source
    assert sum(one.quarantined for one in balances.values()) == quarantined


def assert_snapshots_whole(database: Database, *, dark: int = 0) -> int:
    """Every loaded snapshot has all towers, each once, and no readings are of no snapshot.

    `dark` snapshots have no towers at all, because no board answered. Returns how many snapshots
    there are.
    """
    per_cycle = database.rows(
        "select ts, count(*), count(distinct tower_id) from hcal.tower_reading group by ts"
    )
    cycles = {cycle for (cycle,) in database.rows("select cycle from hcal.snapshot")}
    assert {row[0] for row in per_cycle} <= cycles
    assert len(cycles) - len(per_cycle) == dark
    assert {row[1:] for row in per_cycle} <= {(TOWERS, TOWERS)}
    loaded = database.rows("select count(*) from platform.arrival where source = 'hcal' and state = 'loaded'")
    assert loaded == [(len(cycles),)]
    return len(cycles)


def assert_each_file_once(database: Database, incoming: Path) -> None:
    """Every snapshot file on disk is one row of the ledger, with its bytes' digest, and the reverse."""
    on_disk = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in incoming.glob(f"*{SUFFIX}")
    }
    rows = database.rows("select name, digest from platform.arrival where source = 'hcal'")
    assert sorted(rows) == sorted(on_disk.items())


def assert_no_cycle_lost(incoming: Path) -> int:
    """No acquisition counted a cycle that it did not write; return how many acquisitions wrote."""
    sequences = defaultdict(list)
    for path in sorted(incoming.glob(f"*{SUFFIX}")):
        snapshot = read_snapshot(path)
        sequences[snapshot.acquisition_id].append(snapshot.sequence)
    for counted in sequences.values():
        assert counted == list(range(counted[0], counted[0] + len(counted)))
    return len(sequences)


def assert_products_whole(database: Database, products: Path) -> None:
    """What lies under a product's name is registered and is, byte for byte, what was sealed."""
    registered = {
        products / path: checksum
        for path, checksum in database.rows("select path, checksum from platform.product")
    }
    assert set(products.glob("[a-z]*/*/*/v*")) == set(registered)
    for path, checksum in registered.items():
        assert (path / tree.MANIFEST).is_file(), path
        assert tree.survey(path).checksum == checksum, path


def staged(products: Path) -> list[Path]:
    """Return what lies in staging."""
    area = products / STAGING
    return sorted(area.iterdir()) if area.is_dir() else []


def processes_of(state: Path) -> list[str]:
    """Return the command lines of processes of the platform on a state directory."""
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = {process.pid for process in leftovers(supervisor_id(state))}
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(
            str(state) in word for word in process.info["cmdline"] or ()
        ):
            found.add(process.pid)
    shown = []
    for pid in found - own:
        try:
            shown.append(f"{pid} {' '.join(psutil.Process(pid).cmdline())}")
        except psutil.NoSuchProcess:
            continue
    return shown
