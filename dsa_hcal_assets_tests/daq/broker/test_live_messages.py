"""Live messages reach whoever subscribes to them, while they listen."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from dsa_hcal_assets.daq.broker.receiver import LiveReceiver
from dsa_hcal_assets.daq.broker.sender import LiveSender
from dsa_hcal_assets.daq.broker.wire import BadTopic, Notice
from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import NotEncodable, decode
from dsa_hcal_assets_tests.daq.broker.conftest import SECONDS, all_left, meet


def received(receiver: LiveReceiver) -> Message:
    message = receiver.receive(SECONDS)
    assert isinstance(message, Message)
    return message


def test_a_value_arrives_with_its_topic_producer_and_attributes(
    sender: LiveSender, receiver: LiveReceiver
) -> None:
    meet(sender, receiver)
    receiver.subscribe("temperature.hall")
    meet(sender, receiver, "again")
    sender.publish("temperature.hall", {"celsius": 21.5}, {"sensor": 3})
    message = received(receiver)
    assert (message.topic, message.producer) == ("temperature.hall", "hall/thermometer")
    assert decode(message) == {"celsius": 21.5}
    assert message.attributes == {"sensor": 3}


def test_a_large_array_arrives_as_it_was(sender: LiveSender, receiver: LiveReceiver) -> None:
    meet(sender, receiver, "frame")
    frame = np.random.default_rng(1).integers(0, 4096, (1024, 2048), dtype=np.uint16)
    sender.publish("frame", frame)
    np.testing.assert_array_equal(decode(received(receiver)), frame)


def test_topics_that_nobody_asked_for_stay_away(sender: LiveSender, receiver: LiveReceiver) -> None:
    receiver.subscribe("temperature.*.raw", "alert.", "run")
    meet(sender, receiver, "meet")
    wanted = ["temperature.hall.raw", "alert.fire", "alert.fire.hall", "run"]
    for topic in [*wanted, "temperature.hall", "alert", "running", "run.state", "xtemperature.hall.raw"]:
        sender.publish(topic, 0)
    assert [message.topic for message in all_left(receiver) if isinstance(message, Message)] == wanted


def test_a_notice_wakes_those_who_watch_the_producer(sender: LiveSender, receiver: LiveReceiver) -> None:
    receiver.watch("hall/thermometer")
    meet(sender, receiver)
    sender.notice("hall/thermometer/2", 7, 1)
    sender.notice("hall/thermometer", 7, 2**40)
    assert all_left(receiver) == [Notice("hall/thermometer", 7, 2**40)]


def test_who_takes_all_topics_gets_no_notices(sender: LiveSender, receiver: LiveReceiver) -> None:
    receiver.subscribe("*")
    meet(sender, receiver)
    sender.notice("hall/thermometer", 1, 1)
    sender.publish("last", 0)
    came = iter(lambda: receiver.receive(SECONDS), None)
    assert not any(isinstance(one, Notice) for one in until_topic("last", came))


def until_topic(topic: str, came: Iterator[Message | Notice]) -> list[Message | Notice]:
    return list(itertools.takewhile(lambda one: isinstance(one, Notice) or one.topic != topic, came))


def test_nothing_comes_out_of_an_idle_receiver(receiver: LiveReceiver) -> None:
    assert receiver.receive(0.05) is None


@pytest.mark.parametrize("topic", ["", "a\0b"])
def test_a_topic_that_is_none_is_refused_and_nothing_is_counted(sender: LiveSender, topic: str) -> None:
    with pytest.raises(BadTopic, match="words separated by dots"):
        sender.publish(topic, 1)
    assert sender.sent == 0


def test_a_value_that_cannot_be_said_is_refused(sender: LiveSender) -> None:
    with pytest.raises(NotEncodable):
        sender.publish("x", object())


def test_a_relayed_message_arrives_unchanged(sender: LiveSender, receiver: LiveReceiver) -> None:
    meet(sender, receiver)
    sender.publish("meet", [1, 2], {"a": None})
    original = received(receiver)
    sender.relay(original)
    assert received(receiver) == original
