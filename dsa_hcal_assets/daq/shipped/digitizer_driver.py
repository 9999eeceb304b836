"""What a vendor's digitizer library is wrapped in, so that the `digitizer` job can run it.

Whose memory is it? Three rules keep a block from being overwritten while somebody reads it:

1. `read_into` gets a buffer that lies in the job's stream (shared memory, when there is room in its ring).
   It is the driver's until `read_into` returns, and never after: no reference to it, no transfer into it
   that is still under way.
2. A library that insists on buffers of its own (a DMA ring, for example) copies once, from its buffer into
   the given one, and only then gives its buffer back to the board.
3. Consumers see the block after the job has committed it, read-only, and until they acknowledge it. The
   driver is never asked for memory that anybody still reads.

What the board itself could not hold is its own loss, which no stream can make up for: the driver counts it
(`Block.overflows`), and the job passes it on with each block.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dsa_hcal_assets.daq.messages.message import Attribute
from dsa_hcal_assets.errors import ConfigurationError


@dataclass(frozen=True)
class BlockForm:
    """What the blocks of a digitizer are, fixed while it is open.

    Attributes
    ----------
    dtype
        Of the samples, as numpy spells it with its byte order: `<i2`.
    shape
        Of a block, (channels, samples) for example.
    length
        Bytes of a block.
    facts
        About the board, the same for each block: `sample_rate_hz`, `range_v` ...
    """

    dtype: str
    shape: tuple[int, ...]
    length: int
    facts: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """What is known of one block.

    Attributes
    ----------
    number
        The board's own count of blocks or triggers, from 0.
    overflows
        Blocks or triggers that the board has lost since it was armed.
    facts
        About this block: `trigger_time_ns` ...
    """

    number: int
    overflows: int = 0
    facts: Mapping[str, Attribute] = field(default_factory=dict)


class DigitizerDriver(Protocol):
    """One board, made from the driver's options and used by one thread.

    A fault that may pass (a cable, a busy bus) is a `TransientError`; the job goes on. Any other error
    ends the job, which is then started again with a fresh driver.
    """

    def open(self) -> BlockForm:
        """Connect, set the board up and arm it; return what its blocks are."""

    def wait(self, timeout: float) -> Block | None:
        """Return what is known of the oldest block that is ready, waiting up to `timeout` seconds for it."""

    def read_into(self, buffer: memoryview) -> None:
        """Write that block into `buffer`, of exactly `BlockForm.length` bytes, and free it on the board."""

    def close(self) -> None:
        """Disarm the board and let go of it; also called when `open` failed."""


def make_driver(name: str, options: Mapping[str, Any]) -> DigitizerDriver:
    """Return a driver by the name of its class.

    Parameters
    ----------
    name
        `package.module:Class`.
    options
        Its keyword arguments.

    Raises
    ------
    ConfigurationError
        If there is no such class, or it does not take these options.
    """
    module, _, attribute = name.partition(":")
    try:
        made: DigitizerDriver = getattr(importlib.import_module(module), attribute)(**options)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"digitizer driver {name!r} cannot be made",
            expected="package.module:Class, and the options that it takes",
            found=f"{type(error).__name__}: {error}",
        ) from error
    return made
