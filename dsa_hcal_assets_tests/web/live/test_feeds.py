"""Topics are read at their own pace and told when they have changed."""

import itertools

import pytest

from dsa_hcal_assets.web.live.feeds import Feed, Feeds


class Clock:
    """A time that the test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def reading(clock):
    """Makes a reader of topics, and returns what looks at them and tells topics and numbers of new states."""

    def make(*feeds):
        reader = Feeds(feeds, lambda: None, clock)

        def look(after=0.0):
            clock.now += after
            return [(state.topic, state.number) for state in reader.look().states]

        return look

    return make


class TestWhatIsTold:
    def test_a_state_is_told_once_until_it_changes(self, reading):
        values = iter([{"a": 1}, {"a": 1}, {"a": 2}])
        look = reading(Feed("topic", 1.0, lambda _: next(values)))
        assert [look(after=1.0) for _ in range(3)] == [[("topic", 1)], [], [("topic", 2)]]

    def test_some_topics_are_told_each_time(self, reading):
        look = reading(Feed("topic", 1.0, lambda _: "same", always=True))
        assert [look(after=1.0) for _ in range(2)] == [[("topic", 1)], [("topic", 2)]]

    def test_what_is_no_number_is_null(self):
        (state,) = Feeds([Feed("topic", 1.0, lambda _: {"x": float("nan")})], lambda: None).look().states
        assert state.message.endswith('"seq":1,"data":{"x":null}}')


class TestPace:
    def test_a_topic_is_not_read_before_its_time(self, reading):
        often, seldom = itertools.count(), itertools.count()
        look = reading(Feed("often", 1.0, lambda _: next(often)), Feed("seldom", 3.0, lambda _: next(seldom)))
        assert look() == [("often", 1), ("seldom", 1)]
        assert look(after=0.9) == []
        assert look(after=0.2) == [("often", 2)]
        assert look(after=2.0) == [("often", 3), ("seldom", 2)]

    def test_one_that_takes_long_to_read_waits_for_five_times_as_long(self, reading, clock):
        count = itertools.count()

        def slowly(_):
            clock.now += 2.0
            return next(count)

        look = reading(Feed("slow", 1.0, slowly))
        assert look() == [("slow", 1)]
        assert look(after=9.9) == []
        assert look(after=0.2) == [("slow", 2)]
