"""What a live message is lost for, who counts it, and that nobody waits for anybody."""

import os
import signal
import threading

import zmq

from dsa_hcal_assets.daq.broker.gaps import EPOCHS_KEPT, GapCounter
from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets_tests.daq.broker.conftest import SECONDS, BrokerProcess, all_left, meet, until


def test_a_slow_consumer_counts_what_it_missed_of_whom_and_a_quick_one_misses_nothing(
    broker: BrokerProcess, sender: LiveSender
) -> None:
    slow = LiveReceiver(broker.endpoints, high_water_mark=10)
    quick = LiveReceiver(broker.endpoints)
    meet(sender, slow, "load")
    meet(sender, quick, "load")
    slow_got, quick_got, total = len(all_left(slow)), 0, 20_000
    for published in range(1, total + 1):
        until(lambda: sender.publish("load", bytes(4096)))
        while published - quick_got > 100:
            assert isinstance(quick.receive(30), Message)
            quick_got += 1
    quick_got += len(all_left(quick))
    assert quick_got == total
    # a number that could not be handed over is missing for everybody
    assert quick.gaps["hall/thermometer"] == sender.refused

    slow_got = len(all_left(slow))
    sender.publish("load", "last")
    assert isinstance(slow.receive(30), Message)
    assert slow_got < total
    assert slow_got + slow.gaps["hall/thermometer"] == total + sender.refused
    slow.close()
    quick.close()


def test_a_sender_does_not_wait_for_a_broker_that_hangs_and_counts_what_it_could_not_send(
    broker: BrokerProcess, receiver: LiveReceiver
) -> None:
    sender = LiveSender(broker.endpoints, "quick", high_water_mark=100)
    meet(sender, receiver, "load")
    before, refused_before = sender.sent, sender.refused
    os.kill(broker.pid, signal.SIGSTOP)
    for _ in range(20_000):
        sender.publish("load", bytes(4096))
    refused = sender.refused - refused_before
    os.kill(broker.pid, signal.SIGCONT)
    assert refused > 0
    assert sender.sent - before + refused == 20_000
    sender.close()


def test_several_threads_may_send_and_every_message_comes_once(
    sender: LiveSender, receiver: LiveReceiver
) -> None:
    meet(sender, receiver, "load")

    def send() -> None:
        for _ in range(200):
            until(lambda: sender.publish("load", b"x"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # fewer than may wait in a socket: nothing is dropped however slowly they are taken
    came = [receiver.receive(SECONDS) for _ in range(800)] + all_left(receiver)
    numbers = [message.sequence for message in came if isinstance(message, Message)]
    assert len(numbers) == 800
    assert numbers == sorted(set(numbers))


def test_what_is_no_message_is_counted_and_the_next_one_arrives(
    broker: BrokerProcess, sender: LiveSender, receiver: LiveReceiver
) -> None:
    meet(sender, receiver, "load")
    with zmq.Context() as context, context.socket(zmq.PUB) as stranger:
        stranger.connect(broker.endpoints.publish)
        until(
            lambda: (
                stranger.send_multipart([b"Lload\0" + b"not a frame"])
                or receiver.receive()
                or receiver.damaged
            )
        )
        before = receiver.damaged
        stranger.send(b"Lload\0")
        stranger.send_multipart([b"Lload\0", bytes(64)])
        assert all_left(receiver) == []
        assert receiver.damaged >= before + 2
    sender.publish("load", 1)
    assert isinstance(receiver.receive(30), Message)


def test_gaps_are_counted_by_topic_and_epoch_and_summed_by_producer() -> None:
    gaps = GapCounter()
    for topic, sequence in [("a", 5), ("b", 1), ("a", 6), ("b", 4), ("a", 8)]:
        gaps.seen("p", 1, topic, sequence)
    gaps.seen("p", 2, "a", 1)
    gaps.seen("p", 1, "a", 9)
    gaps.seen("q", 1, "a", 100)
    assert gaps.by_producer() == {"p": 3, "q": 0}


def test_a_message_that_comes_twice_is_no_gap() -> None:
    gaps = GapCounter()
    for sequence in (1, 2, 2, 3):
        gaps.seen("p", 1, "a", sequence)
    assert gaps.by_producer() == {"p": 0}


def test_epochs_of_the_past_take_no_memory() -> None:
    gaps = GapCounter()
    for epoch in range(100):
        gaps.seen("p", epoch, "a", 1)
    assert gaps.epochs("p") == list(range(100 - EPOCHS_KEPT, 100))
