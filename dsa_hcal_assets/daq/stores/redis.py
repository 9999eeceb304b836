"""Rows in Redis, with the progress in the same atomic script.

Without `time_series`, each row is an entry of the stream `<key>:<producer>:<topic>`: XRANGE reads it by time,
since its id is the message's time in ms (or the newest id's, when a message is older). Entries have the
payload's columns, `time` (ns since 1970), `producer`, `epoch`, `sequence`; new columns are new fields.

With `time_series`, each number of a row is a sample of `<key>:<producer>:<topic>:<column>`: of a
RedisTimeSeries where the server has the module (one sample a ms, the newest wins), otherwise of a sorted set:
score the time in ms, member `<epoch>-<sequence>-<row> <value>`. Texts have no place there; a message without
any number is refused.

What is older than `expiry_days` is removed when newer rows come, and a key that nothing is written to for so
long. Redis keeps what its own configuration keeps: with `appendonly yes` and `appendfsync always` what is
confirmed here survives a power cut; with `everysec` a crash of the machine may cost a second of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

import msgspec
import redis

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.stores.buffered import BufferedSink
from dsa_hcal_assets.daq.stores.interface import Refusal, SinkUnavailable
from dsa_hcal_assets.daq.stores.options import RedisOptions
from dsa_hcal_assets.daq.stores.progress import Progress, newest
from dsa_hcal_assets.daq.stores.redis_rows import RowKind, arguments_of, has_numbers
from dsa_hcal_assets.daq.stores.rows import Block, blocks_of, unstored
from dsa_hcal_assets.errors import ConfigurationError

_COMMIT = (files(__package__) / "redis_commit.lua").read_text(encoding="utf-8")
_MODULE = "timeseries"
_DAY_MS = 86_400_000
# A script holds up the server's other clients while it runs.
_ROWS_AT_ONCE = 2000


class RedisSink(BufferedSink[Block]):
    """Writes rows into Redis.

    Parameters
    ----------
    options
        See `RedisOptions`. The server is first asked when something is to be written.

    Raises
    ------
    ConfigurationError
        If the URL cannot be read.
    """

    def __init__(self, options: RedisOptions) -> None:
        try:
            self._client = redis.Redis.from_url(
                options.url.get_secret_value(),
                socket_timeout=options.deadline,
                socket_connect_timeout=options.deadline,
                retry=None,
            )
        except ValueError:
            # its message may show the password
            raise ConfigurationError(
                "the URL of a Redis store cannot be used", expected="redis://, rediss:// or unix://"
            ) from None
        super().__init__(f"{options.key}:* of Redis")
        self._options = options
        self._script = self._client.register_script(_COMMIT)
        self._kind: RowKind | None = None

    def stored(self, producer: str, epoch: int) -> int:
        """Return the last sequence of this producer and epoch that is durably kept, 0 if none."""
        if self._kind is None:
            with self._answers():
                self._look()
        return super().stored(producer, epoch)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _prepare(self, messages: Sequence[Message]) -> tuple[list[Block], list[Refusal]]:
        blocks, refusals = blocks_of(messages)
        if not self._options.time_series:
            return blocks, refusals
        numeric = []
        for part in (part for block in blocks for part in block.parts()):
            if has_numbers(part):
                numeric.append(part)
            else:
                refusals.append(Refusal(part.messages[0], "no number for a time series"))
        return numeric, refusals

    def _commit(self) -> Sequence[Refusal]:
        with self._answers():
            kind = self._kind or self._look()
            try:
                for batch in _batches(self._pending):
                    self._store(kind, batch)
                    for part in batch:
                        self._stored.advance(part.messages)
            finally:
                self._pending = unstored(self._pending, self._stored)
        return ()

    def _store(self, kind: RowKind, batch: Sequence[Block]) -> None:
        moves: list[str | int] = []
        for producer, epoch, sequence in newest([m for part in batch for m in part.messages]).entries():
            moves += [_field(producer, epoch), self._stored.last(producer, epoch), sequence]
        keys, rows = arguments_of(batch, kind, self._options.key)
        expiry = round(self._options.expiry_days * _DAY_MS)
        self._script(
            keys=[self._progress_key, *keys], args=[kind.value, expiry, len(moves) // 3, *moves, *rows]
        )

    def _look(self) -> RowKind:
        """Read how far the server is, and what it can."""
        found = self._client.hgetall(self._progress_key)
        entries = ((*msgspec.json.decode(field), int(value)) for field, value in found.items())
        self._stored = Progress(entries)
        self._taken = self._taken.joined(self._stored)
        self._pending = unstored(self._pending, self._stored)
        self._kind = RowKind.STREAM
        if self._options.time_series:
            modules = {module[b"name"].decode().lower() for module in self._client.module_list()}
            self._kind = RowKind.TIME_SERIES if _MODULE in modules else RowKind.SORTED_SET
        return self._kind

    @property
    def _progress_key(self) -> str:
        return f"{self._options.key}:progress"

    @contextmanager
    def _answers(self) -> Iterator[None]:
        try:
            yield
        except redis.RedisError as error:
            # the script may have run all the same: what is stored is asked again
            self._kind = None
            raise SinkUnavailable(
                f"{self.name} does not take rows now",
                found=f"{type(error).__name__}: {error}",
                kept="what was not confirmed waits",
                remedy=_remedy(error),
            ) from error


def _batches(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    batch: list[Block] = []
    rows = 0
    for block in blocks:
        for part in block.parts():
            batch.append(part)
            rows += part.table.num_rows
            if rows >= _ROWS_AT_ONCE:
                yield batch
                batch, rows = [], 0
    if batch:
        yield batch


def _field(producer: str, epoch: int) -> str:
    return msgspec.json.encode([producer, epoch]).decode()


def _remedy(error: redis.RedisError) -> str:
    text = str(error)
    if text.startswith("OVERTAKEN"):
        return "none if this store has just been started again; otherwise stop the other store of this key"
    if text.startswith("OTHERTYPE"):
        return "choose another `key`, or remove that one"
    return "check that the server runs, is reachable, and has memory left"
