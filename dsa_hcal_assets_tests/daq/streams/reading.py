"""What tests of streams do with messages."""

from dsa_hcal_assets.daq.messages.payload import decode


def sequences(messages):
    return [message.sequence for message in messages]


def values(messages):
    return [decode(message) for message in messages]


def acknowledge(reader, messages):
    reader.acknowledge(messages[-1].epoch, messages[-1].sequence)


def drained(reader, limit=256):
    """Receive and acknowledge everything that is there; return the messages' sequences and values."""
    everything = []
    while messages := reader.receive(limit):
        everything += zip(sequences(messages), values(messages), strict=True)
        acknowledge(reader, messages)
    return everything
