"""Opening streams: the one way in for jobs, stores, links and notebooks."""

from collections.abc import Collection

from dsa_hcal_assets.daq.durable_file import make_directory
from dsa_hcal_assets.daq.streams.configuration import StreamConfig, StreamPlace
from dsa_hcal_assets.daq.streams.cursor_file import CursorFile, cursor_path
from dsa_hcal_assets.daq.streams.files import StreamFiles
from dsa_hcal_assets.daq.streams.memory import prepare_memory
from dsa_hcal_assets.daq.streams.reader import FileReader
from dsa_hcal_assets.daq.streams.registry import register
from dsa_hcal_assets.daq.streams.sweeping import Swept, sweep
from dsa_hcal_assets.daq.streams.tidying import tidy
from dsa_hcal_assets.daq.streams.writer import FileWriter

__all__ = [
    "StreamConfig",
    "StreamPlace",
    "Swept",
    "open_reader",
    "open_writer",
    "register_reader",
    "retire_reader",
    "sweep",
]


def open_writer(
    place: StreamPlace,
    producer: str,
    config: StreamConfig,
    readers: Collection[str] = (),
    *,
    epoch: int | None = None,
) -> FileWriter:
    """Return the writing end of the stream of `producer`, continued where an earlier process left it.

    The epoch stays and the sequence goes on, unless the machine was restarted or the ring has another
    size or policy now: then a new epoch begins, and readers first get the rest of the old one.

    Parameters
    ----------
    place, producer, config
        Where, whose, and how it behaves. Without shared memory the stream is kept on disk.
    readers
        Registered before anything is sent; others stay.
    epoch
        For a mirror, which forwards the messages of another machine: the origin's epoch; 0 for the one the
        mirror ended in (then `epoch` may be 0 until the first message is forwarded).

    Raises
    ------
    NoSharedMemory, SharedMemoryFull
        If the ring cannot be made.
    SecondWriter
        If another process writes the stream.
    """
    files = _made(place, producer)
    capacity = 0
    if place.shared_memory and config.keep == "memory":
        prepare_memory(place, files)
        capacity = -(-int(config.size) // 4096) * 4096
    return FileWriter(files, producer, config, capacity, readers, origin_epoch=epoch)


def open_reader(
    place: StreamPlace, producer: str, name: str, *, topics: Collection[str] = ("*",)
) -> FileReader:
    """Return the reading end called `name` of the stream of `producer`, at its first unacknowledged message.

    Parameters
    ----------
    place, producer
        Where and whose. A stream that does not exist yet is waited for: `receive` returns nothing.
    name
        Registered unless it is; then it begins with the oldest message that is still kept.
    topics
        Which to receive, as patterns of `fnmatch`; others are acknowledged in their turn.

    Raises
    ------
    SecondReader
        If another process reads under this name.
    """
    return FileReader(_made(place, producer), producer, name, topics)


def register_reader(place: StreamPlace, producer: str, name: str) -> None:
    """Have the stream keep everything from now on for the reader `name`, before either end is opened."""
    files = _made(place, producer)
    with files.locked():
        register(files, name)


def retire_reader(place: StreamPlace, producer: str, name: str) -> None:
    """Take the reader `name` out: it holds nothing back any more."""
    files = _made(place, producer)
    with files.locked():
        path = cursor_path(files.readers, name)
        if path.exists():
            CursorFile(path, writable=True).retire()
        tidy(files)


def _made(place: StreamPlace, producer: str) -> StreamFiles:
    files = StreamFiles.of(place, producer)
    make_directory(files.directory)
    files.note_producer(producer)
    return files
