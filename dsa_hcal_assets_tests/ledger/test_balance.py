"""Whatever is done in whatever order: nothing is lost, nothing doubled, the balance is zero."""

import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.errors import BadInput, PlatformError
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.ledger.conftest import DAY, require_invariants

_numbers = itertools.count(1)

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.sampled_from(["one", "two", "three"])
SUBJECTS = st.sampled_from(["12:00", "12:10"])
INDEX = st.integers(0, 5)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("accept"), NAMES, TEXTS, SUBJECTS),
        st.tuples(st.just("unreadable"), NAMES, TEXTS),
        st.tuples(st.just("load"), INDEX),
        st.tuples(st.just("reject"), INDEX),
        st.tuples(st.just("release"), INDEX),
        st.tuples(st.just("reconcile")),
    ),
    max_size=12,
)


class World:
    """A ledger, its incoming directory, and the contents that were ever handed to it."""

    def __init__(self, database, root: Path) -> None:
        # A source of its own for each example: the database stays, its rows are for ever.
        self.source = f"s{next(_numbers)}"
        self.database = database
        self.ledger = Ledger(database, root / "quarantine")
        self.incoming = root / "incoming"
        self.incoming.mkdir()
        self.delivered: set[str] = set()

    def deliver(self, name: str, text: str) -> Path:
        path = self.incoming / name
        # A producer that overwrites what lies there destroys bytes by itself: not our promise.
        if not path.exists():
            path.write_text(text)
        self.delivered.add(path.read_text())
        return path

    def accept(self, name, text, subject):
        self.ledger.accept(self.source, self.deliver(name, text), subject=subject, partition=DAY)

    def unreadable(self, name, text):
        self.ledger.quarantine_arrival(self.source, self.deliver(name, text), BadInput("cannot be read"))

    def load(self, index):
        arrivals = self.ledger.pending(self.source)[index : index + 1]
        with self.database.transaction() as cursor:
            self.ledger.mark_loaded(cursor, arrivals, "run")

    def reject(self, index):
        for arrival in self.ledger.of_partition(self.source, DAY)[index : index + 1]:
            self.ledger.reject(arrival, BadInput("found bad"))

    def release(self, index):
        for arrival in [item for item in self.ledger.quarantined() if item.source == self.source][
            index : index + 1
        ]:
            self.ledger.release(arrival.arrival_id)

    def reconcile(self):
        assert self.ledger.reconcile().stuck == ()


@given(operations=OPERATIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_balance_holds_after_any_sequence_of_operations(database, operations):
    with tempfile.TemporaryDirectory() as root:
        world = World(database, Path(root))
        for name, *arguments in operations:
            try:
                getattr(world, name)(*arguments)
            except PlatformError:
                # A refusal is an answer; what counts is that it has broken nothing.
                continue
        check(world, Path(root))


def check(world, root):
    require_invariants(world.database, root, world.delivered, source=world.source)
    known = {path.name for path in world.incoming.iterdir()}
    unidentified = {
        name
        for (name,) in world.database.rows(
            "select d.name from platform.delivery d join platform.arrival a using (arrival_id)"
            " where a.source = %s and a.state = 'pending' and a.subject is null and d.in_place",
            (world.source,),
        )
    }
    assert set(world.ledger.unknown(world.source, known)) <= unidentified
