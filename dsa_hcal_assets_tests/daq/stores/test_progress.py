"""A sink knows each producer's place by epoch and sequence."""

from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.daq.stores.progress import KEPT_EPOCHS, Progress, newest
from dsa_hcal_assets_tests.daq.stores.sending import message

SENT = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 2), st.integers(1, 9)), max_size=40)


def messages(sent):
    return [message(number, None, producer=producer, epoch=epoch) for producer, epoch, number in sent]


@given(SENT)
def test_what_is_let_through_rises_in_each_stream_and_misses_nothing_above(sent):
    fresh = Progress().advance(messages(sent))

    for producer in "ab":
        for epoch in (1, 2):
            ours = [m.sequence for m in fresh if (m.producer, m.epoch) == (producer, epoch)]
            given_ = [number for p, e, number in sent if (p, e) == (producer, epoch)]
            assert ours == sorted(set(ours))
            assert max(ours, default=0) == max(given_, default=0)
            assert ours[:1] == given_[:1]


@given(SENT, SENT)
def test_joined_is_behind_both(one, other):
    first, second = newest(messages(one)), newest(messages(other))
    joined = first.joined(second)

    for producer, epoch, sequence in joined.entries():
        assert sequence == max(first.last(producer, epoch), second.last(producer, epoch))


def test_the_oldest_epochs_of_a_producer_are_forgotten_and_no_other_producers():
    progress = Progress([("other", 1, 5)])
    for epoch in range(1, KEPT_EPOCHS + 4):
        progress.advance(messages([("a", epoch, 3)]))

    assert progress.last("a", 3) == 0
    assert progress.last("a", 4) == 3
    assert progress.last("other", 1) == 5
