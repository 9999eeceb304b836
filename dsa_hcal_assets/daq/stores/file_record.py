"""How far a file store has come: kept beside its files, replaced at each flush."""

from pathlib import Path

import msgspec

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.daq.stores.progress import Entry
from dsa_hcal_assets.errors import BadInput


class RecordDamaged(BadInput):
    """The progress beside a store's files cannot be read."""


class FileRecord(msgspec.Struct, frozen=True):
    """State of a file store.

    Attributes
    ----------
    stored
        Last sequence kept, of each producer and epoch.
    day, number
        The newest file (`FileNames.file`); number -1 before the first.
    length
        Bytes of it that count; what lies behind them was never confirmed.
    schema
        Its columns, as Arrow says them; empty for stores without columns.
    open
        Whether it is still written to.
    in_order
        Whether the store was closed in order.
    """

    stored: list[Entry] = []
    day: int = 0
    number: int = -1
    length: int = 0
    schema: bytes = b""
    open: bool = False
    in_order: bool = False


def load(path: Path) -> FileRecord:
    """Return the record at `path`, or an empty one if there is none.

    Raises
    ------
    RecordDamaged
        If what is there is no record.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=FileRecord)
    except FileNotFoundError:
        return FileRecord()
    except msgspec.MsgspecError as error:
        raise RecordDamaged(
            f"the progress of a store in {path} cannot be read",
            found=str(error),
            kept="the store's files are untouched",
            remedy="move it and the store's files away; messages not yet acknowledged are stored anew",
        ) from error


def save(path: Path, record: FileRecord, *, sync: bool = True) -> None:
    """Replace the record at `path`; see `replace_durably`."""
    replace_durably(path, msgspec.json.encode(record), sync=sync)
