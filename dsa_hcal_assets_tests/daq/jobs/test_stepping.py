from dsa_hcal_assets.daq.jobs.stepping import Stepping


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_steps_are_due_on_a_grid_however_long_each_takes():
    clock = Clock()
    stepping = Stepping(1.0, clock)
    due = []
    for took in (0.2, 0.9, 0.0):
        clock.now += stepping.wait()
        due.append(clock.now)
        clock.now += took
        stepping.done()
    assert due == [100, 101, 102]
    assert stepping.skipped == 0


def test_steps_that_were_missed_are_counted_and_not_made_up_for():
    clock = Clock()
    stepping = Stepping(1.0, clock)
    clock.now += 3.5
    stepping.done()
    assert (stepping.skipped, stepping.wait()) == (3, 0.5)


def test_a_new_interval_counts_from_now():
    clock = Clock()
    stepping = Stepping(60.0, clock)
    stepping.done()
    stepping.change(0.5)
    assert stepping.wait() == 0.5
    clock.now += 0.5
    assert stepping.wait() == 0


def test_the_time_of_a_pause_is_no_missed_steps():
    clock = Clock()
    stepping = Stepping(1.0, clock)
    stepping.done()
    clock.now += 1000
    stepping.restart()
    assert stepping.wait() == 0
    stepping.done()
    assert stepping.skipped == 0
