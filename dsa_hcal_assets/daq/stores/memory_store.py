"""The job that keeps the newest messages of its producers and answers what they were."""

from typing import Any

import msgspec
import pyarrow as pa

from dsa_hcal_assets.daq.messages.message import Message
from dsa_hcal_assets.daq.messages.payload import decode
from dsa_hcal_assets.daq.stores.memory import MemorySink
from dsa_hcal_assets.daq.stores.options import MemoryOptions
from dsa_hcal_assets.daq.stores.rows import ENVELOPE, blocks_of
from dsa_hcal_assets.daq.stores.store_job import StoreConfig, StoreJob

ASK = "memory.ask"


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """A live message on `memory.ask`.

    Attributes
    ----------
    reply
        Topic the answer is published on: a list of messages, oldest first, each with `topic`, `producer`,
        `sequence`, `time_ns` and its `rows` (`bytes`, their number, in place of rows that JSON cannot say).
    topics
        Pattern of topics wanted.
    count
        Newest messages wanted.
    store
        Id of the store asked; all answer if it is empty.
    """

    reply: str
    topics: str = "*"
    count: int = 1
    store: str = ""


class MemoryConfig(StoreConfig):
    """The store's own file."""

    subscribe: tuple[str, ...] = (ASK,)


class MemoryStore(StoreJob):
    """Job type `memory`: the newest messages of its producers, and answers to questions about them."""

    Config = MemoryConfig
    Options = MemoryOptions

    def setup(self) -> None:
        """Read the options of all producers."""
        self._memories: list[MemorySink] = []
        super().setup()

    def open_sink(self, options: Any) -> MemorySink:
        """Return a new memory."""
        self._memories.append(MemorySink(options))
        return self._memories[-1]

    def receive(self, message: Message) -> None:
        """Answer a question."""
        if message.topic != ASK:
            return
        try:
            question = msgspec.convert(decode(message), Question)
        except msgspec.MsgspecError as error:
            self.log.warning("question of %s: %s", message.producer, error)
            return
        if question.store in ("", self.config.id):
            self.publish(question.reply, self.answer(question))

    def answer(self, question: Question) -> list[dict[str, Any]]:
        """Return the messages that `question` asks for."""
        found = [
            message for memory in self._memories for message in memory.latest(question.topics, question.count)
        ]
        newest = sorted(found, key=lambda message: message.time_ns)[-question.count :]
        return [_shown(message) for message in newest]


def _shown(message: Message) -> dict[str, Any]:
    facts = {
        "topic": message.topic,
        "producer": message.producer,
        "sequence": message.sequence,
        "time_ns": message.time_ns,
    }
    blocks, _ = blocks_of([message])
    if not blocks or any(pa.types.is_binary(field.type) for field in blocks[0].table.schema):
        return {**facts, "bytes": len(message.payload)}
    own = blocks[0].table.column_names[len(ENVELOPE) :]
    return {**facts, "rows": blocks[0].table.select(own).to_pylist()}
