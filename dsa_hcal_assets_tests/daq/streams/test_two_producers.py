"""Two producers never see each other's content: each has a stream, and files, of its own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.streams.opening import StreamConfig, open_reader, open_writer
from dsa_hcal_assets_tests.daq.streams.reading import acknowledge, drained

COUNT = 400


@pytest.mark.parametrize("policy", ["block", "spill"])
def test_two_producers_at_once_keep_content_and_label_together(place, policy):
    config = StreamConfig(policy=policy, size=16384, segment=8192)

    def produce(producer):
        writer = open_writer(place, producer, config, readers=["r"])
        for number in range(COUNT):
            writer.send("block", np.full(1 + number % 500, ord(producer), np.uint8), timeout=60)

    def consume(producer):
        reader = open_reader(place, producer, "r")
        seen = []
        while len(seen) < COUNT and (messages := reader.receive(timeout=60)):
            for message in messages:
                assert message.producer == producer
                assert set(decode(message).tolist()) == {ord(producer)}
                seen.append(message.sequence)
            acknowledge(reader, messages)
        return seen

    with ThreadPoolExecutor(4) as pool:
        for producer in "ab":
            pool.submit(produce, producer)
        for seen in pool.map(consume, "ab"):
            assert seen == list(range(1, COUNT + 1))


@pytest.mark.parametrize(
    "producer",
    ["a/b", "../../etc/passwd", "Ω°\n", "x" * 300, "Ω" * 300, "%2F", "a b", "", ".", "CON", "p.1.ring"],
)
def test_any_id_names_a_stream_and_a_reader(place, producer, tmp_path):
    config = StreamConfig(size=4096, segment=4096)
    open_writer(place, "neighbour", config, readers=[producer]).send("t", "of the neighbour")
    open_writer(place, producer, config, readers=[producer]).send(producer, producer)
    reader = open_reader(place, producer, producer)
    (message,) = reader.receive()

    assert (message.producer, message.topic, decode(message)) == (producer, producer, producer)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert drained(open_reader(place, "neighbour", producer)) == [(1, "of the neighbour")]
