from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.supervisor.restarts import Failures, Patience

PATIENCE = Patience(first_delay=1, longest_delay=10, budget=5, budget_window=100)


def test_the_wait_doubles_up_to_the_longest():
    failures = Failures(PATIENCE)
    assert [failures.add(float(now)) for now in range(5)] == [1, 2, 4, 8, 10]
    assert not failures.looping


def test_more_failures_than_the_budget_within_the_window_are_a_loop_tried_rarely():
    failures = Failures(PATIENCE)
    delays = [failures.add(float(now)) for now in range(6)]
    assert failures.looping
    assert delays[-1] == 10


def test_old_failures_are_forgotten():
    failures = Failures(PATIENCE)
    for now in range(6):
        failures.add(float(now))
    assert failures.add(200.0) == 1
    assert not failures.looping


def test_a_job_that_was_changed_begins_anew():
    failures = Failures(PATIENCE)
    failures.add(0.0)
    failures.forget()
    assert failures.add(1.0) == 1


@given(st.integers(0, 5000))
def test_no_number_of_failures_overflows(budget: int):
    failures = Failures(Patience(budget=budget, budget_window=1e9))
    delays = [failures.add(0.0) for _ in range(200)]
    assert max(delays) <= 60
