"""Many files at once: plain ones are entered together; the ledger is as if one came after the other."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsa_hcal_assets.ledger import Balance, Ledger
from dsa_hcal_assets.ledger.deliveries import Delivery
from dsa_hcal_assets.ledger.model import BadLabel
from dsa_hcal_assets_tests.crash import SIGNALS, crash_at
from dsa_hcal_assets_tests.ledger.conftest import DAY, SOURCE, deliver, require_invariants

NOON = datetime(2025, 6, 5, 12, tzinfo=UTC)


def delivery(incoming, name, text=None, subject=None, **more):
    return Delivery(deliver(incoming, name, text or name), subject or name, DAY, **more)


def accept(ledger, one):
    return ledger.accept(SOURCE, one.path, subject=one.subject, partition=one.partition)


def test_plain_files_become_pending_in_their_order_with_all_that_is_known_of_them(ledger, incoming):
    some = [
        delivery(incoming, f"{number}.h5", sample_time=NOON + timedelta(hours=number)) for number in range(3)
    ]
    entered = ledger.accept_plain(SOURCE, some)
    assert list(entered) == ["0.h5", "1.h5", "2.h5"]
    assert ledger.pending(SOURCE) == list(entered.values())
    for one in some:
        arrival = entered[one.path.name]
        assert (arrival.path, arrival.subject, arrival.partition) == (one.path, one.subject, DAY)
        assert (arrival.sample_time, arrival.bytes) == (one.sample_time, len(one.path.name))
    assert ledger.unknown(SOURCE, entered) == []


def test_a_file_entered_so_is_known_to_accept(ledger, incoming):
    one = delivery(incoming, "a.h5")
    [arrival] = ledger.accept_plain(SOURCE, [one]).values()
    again = accept(ledger, one)
    assert (again.outcome, again.arrival) == ("new", arrival)


def test_the_same_files_again_are_not_plain(ledger, incoming):
    some = [delivery(incoming, "a.h5"), delivery(incoming, "b.h5")]
    ledger.accept_plain(SOURCE, some)
    assert ledger.accept_plain(SOURCE, some) == {}
    assert ledger.balance() == {SOURCE: Balance(2, 0, 0, 2)}


def test_of_two_with_the_same_content_or_subject_only_the_first_is_plain(ledger, incoming):
    some = [
        delivery(incoming, "a.h5", "one", "12:00"),
        delivery(incoming, "b.h5", "one", "12:00"),
        delivery(incoming, "c.h5", "two", "12:00"),
    ]
    assert list(ledger.accept_plain(SOURCE, some)) == ["a.h5"]
    assert [accept(ledger, one).outcome for one in some] == ["new", "duplicate", "conflict"]


def test_a_digest_of_the_sources_own_is_taken_as_it_is(ledger, incoming):
    [arrival] = ledger.accept_plain(SOURCE, [delivery(incoming, "a.h5", digest="header:42")]).values()
    assert arrival.digest == "header:42"


def test_what_vanished_or_is_no_file_does_not_keep_the_others_waiting(ledger, incoming):
    gone, there = delivery(incoming, "a.h5"), delivery(incoming, "b.h5")
    gone.path.unlink()
    os.mkfifo(incoming / "c.h5")
    entered = ledger.accept_plain(SOURCE, [gone, there, Delivery(incoming / "c.h5", "c", DAY)])
    assert list(entered) == ["b.h5"]


def test_labels_that_cannot_be_stored_are_refused(ledger, incoming):
    with pytest.raises(BadLabel):
        ledger.accept_plain(SOURCE, [delivery(incoming, "a.h5", subject="a\0b")])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("pqr"), st.sampled_from("xyz")), max_size=6)
)
def test_the_ledger_is_as_if_the_files_had_come_one_after_the_other(database, tmp_path_factory, files):
    """Files (name, content, subject) of one name are delivered in turns, as a directory allows."""
    outcomes = []
    for at_once in (True, False):
        home = tmp_path_factory.mktemp("delivered")
        source = f"s{database.rows('select count(*) from platform.delivery')[0][0]}_{int(at_once)}"
        ledger = Ledger(database, home / "quarantine")
        some = {name: (content, subject) for name, content, subject in files}
        deliveries = [delivery(home, name, content, subject) for name, (content, subject) in some.items()]
        if at_once:
            ledger.accept_plain(source, deliveries)
        for one in deliveries:
            if ledger.unknown(source, [one.path.name]):
                ledger.accept(source, one.path, subject=one.subject, partition=DAY)
        outcomes.append(
            database.rows(
                "select d.name, d.outcome, d.in_place, a.state, a.subject, a.name from platform.delivery d"
                " join platform.arrival a using (arrival_id) where d.source = %s order by d.name",
                (source,),
            )
        )
    assert outcomes[0] == outcomes[1]


def test_two_who_enter_the_same_files_at_once_enter_each_once(ledger, incoming, database, tmp_path):
    some = [delivery(incoming, f"{number}.h5") for number in range(20)]
    together = threading.Barrier(2)
    entered = []

    def work():
        together.wait()
        entered.append(ledger.accept_plain(SOURCE, some))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(len, entered)) == [0, 20]
    require_invariants(database, tmp_path, {one.path.name for one in some})


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("point", ["entered", "recorded"])
def test_killed_while_entering(ledger, incoming, tmp_path, database, point, number):
    some = [delivery(incoming, "a.h5"), delivery(incoming, "b.h5")]

    def victim(checkpoint):
        Ledger(database, tmp_path / "quarantine", checkpoint=checkpoint).accept_plain(SOURCE, some)

    crash_at(point, number, victim)
    names = ["a.h5", "b.h5"]
    assert ledger.unknown(SOURCE, names) == (names if point == "entered" else [])
    ledger.accept_plain(SOURCE, some)
    assert ledger.balance() == {SOURCE: Balance(2, 0, 0, 2)}
    require_invariants(database, tmp_path, set(names))
