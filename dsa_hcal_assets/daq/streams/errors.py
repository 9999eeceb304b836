"""What can go wrong with a stream, told by type."""

from dsa_hcal_assets.errors import BadInput, ConfigurationError, PermanentError, TransientError


class StreamFull(TransientError):
    """The slowest reader left no room in time; the message was not sent."""


class MessageTooLarge(BadInput):
    """The message can never fit into the stream; it was not sent."""


class NoSharedMemory(ConfigurationError):
    """The machine has no usable directory of shared memory."""


class SharedMemoryFull(TransientError):
    """Shared memory has no room for the ring."""


class SecondReader(PermanentError):
    """Another process already reads the stream under this name."""


class ReaderRetired(PermanentError):
    """The reader was taken out of the configuration while it was reading."""


class StreamMisused(PermanentError):
    """The stream was used after it was closed, or while a loan of it was open."""
