"""F2 for the ledger: the server is killed and comes back while files keep arriving."""

import os
import signal

import pytest

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.ledger import Balance, Ledger
from dsa_hcal_assets_tests.conftest import FAST
from dsa_hcal_assets_tests.database.test_embedded import wait_for
from dsa_hcal_assets_tests.ledger.conftest import DAY, SOURCE, deliver, require_invariants


@pytest.fixture
def fragile(server_home):
    home = server_home / "fragile"
    home.mkdir()
    home.chmod(0o711)
    server = EmbeddedServer(home / "postgres", settings=FAST)
    server.start()
    yield server
    server.stop()


def test_files_that_arrive_during_an_outage_are_all_accepted_once_it_is_over(fragile, incoming, tmp_path):
    database = Database(fragile.url())
    migrations.apply(database)
    ledger = Ledger(database, tmp_path / "quarantine")

    def tick(ledger):
        for name in ledger.unknown(SOURCE, [path.name for path in incoming.iterdir()]):
            ledger.accept(SOURCE, incoming / name, subject=name, partition=DAY)

    deliver(incoming, "before", "1")
    tick(ledger)
    pid = fragile.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: fragile.pid is None)
    for name in ("during-1", "during-2"):
        deliver(incoming, name, name)
        with pytest.raises(DatabaseUnavailable):
            tick(ledger)

    fragile.start()
    database = Database(fragile.url())
    ledger = Ledger(database, tmp_path / "quarantine")
    tick(ledger)
    tick(ledger)
    assert ledger.balance() == {SOURCE: Balance(3, 0, 0, 3)}
    require_invariants(database, tmp_path, {"1", "during-1", "during-2"})
