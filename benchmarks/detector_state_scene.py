"""What the parts of the benchmark of detector state share: servers, databases, and days of snapshot files."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg2

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.hcal.controllers.readings import BoardReading, ChannelReading, Snapshot
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS, FORMAT
from dsa_hcal_assets.hcal.mapping.channel_map import load_channel_map
from dsa_hcal_assets.hcal.mapping.dimensions import sync_dimensions
from dsa_hcal_assets.hcal.snapshots.block_file import encode_blocks, read_blocks
from dsa_hcal_assets.simulation.boards import physics

START = datetime(2026, 3, 1, tzinfo=UTC)
CADENCE = timedelta(minutes=10)
CYCLES_A_DAY = 144
TOWERS = 3072
_TEMPLATES = 12  # snapshots whose values are simulated; the others repeat them at other times


@contextmanager
def serving(settings: Mapping[str, str] | None = None) -> Iterator[tuple[EmbeddedServer, Path]]:
    """Run the embedded server as the platform does; yield it and a directory for files."""
    home = Path(tempfile.mkdtemp(prefix="detector-state-"))
    home.chmod(0o711)  # the server's account has to pass
    try:
        with EmbeddedServer(home / "postgres", 0, settings=settings) as server:
            yield server, home
    finally:
        shutil.rmtree(home)


@contextmanager
def fresh_database(server: EmbeddedServer, name: str) -> Iterator[Database]:
    """Make a migrated database that knows the towers, with nothing left to be written; drop it at the end."""
    administer(server, f"create database {name}")
    database = Database(server.url(name), statement_seconds=1800)
    try:
        migrations.apply(database)
        sync_dimensions(database, load_channel_map())
        yield database
    finally:
        database.close()
        _drop(server, name)


def _drop(server: EmbeddedServer, name: str) -> None:
    for _ in range(20):
        with suppress(psycopg2.errors.InsufficientPrivilege):  # the server's own vacuum is at work in it
            administer(server, f"drop database {name} with (force)")
            return
        time.sleep(3)
    # what is vacuumed for longer goes with the server


def administer(server: EmbeddedServer, statement: str) -> None:
    """Run one statement outside any transaction."""
    with closing(psycopg2.connect(server.url("postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def write_snapshots(incoming: Path, count: int, start: datetime = START) -> None:
    """Write the files of `count` cycles of the whole detector, as the acquisition names them."""
    incoming.mkdir(parents=True)
    contents = []
    for number in range(_TEMPLATES):
        path = CONTROLLERS.write(incoming, snapshot(START + number * CADENCE, number))
        contents.append(read_blocks(path, FORMAT))
        path.unlink()
    for number in range(count):
        cycle = start + number * CADENCE
        header, boards = contents[number % _TEMPLATES]
        changed = {name: value for name, value in header.items() if name != "format"}
        changed |= {"cycle": cycle.isoformat(), "sequence": number}
        (incoming / CONTROLLERS.file_name(cycle)).write_bytes(encode_blocks(FORMAT, changed, boards))


def snapshot(cycle: datetime, sequence: int) -> Snapshot:
    """Return what all boards say when all is well."""
    boards = tuple(
        BoardReading(name, "ok", cycle, None, tuple(_channel(name, number, cycle) for number in range(8)))
        for name in physics.BOARDS
    )
    return Snapshot(cycle, sequence, "benchmark", -1, boards)


def _channel(board: str, number: int, cycle: datetime) -> ChannelReading:
    real = physics.truth(1, board, number, cycle)
    return ChannelReading(
        number,
        np.round(real.temperature, 2).astype(np.float32),
        np.round(real.leakage, 3).astype(np.float32),
        real.offset.astype(np.float32),
        real.bias,
        real.lv_positive,
        real.lv_negative,
        "normal",
    )
