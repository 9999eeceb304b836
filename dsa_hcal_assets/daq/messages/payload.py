"""Values to payloads and back: arrays and bytes as they are, tables as Arrow, the rest as JSON.

`encode` copies nothing: it says how long the payload will be, and writes it once, into the place where
it is to lie. Without pyarrow everything but tables works.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.daq.messages.message import Attribute, Kind, Message
from dsa_hcal_assets.errors import BadInput

if TYPE_CHECKING:
    import pyarrow as pa


_COPIED_TWICE = 256 * 1024
"""Batches up to so many bytes are serialized and then copied: cheaper than a writer, which copies once."""
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
_last_schema: "tuple[pa.Schema, bytes] | None" = None


class NotEncodable(BadInput):
    """A value of a type that no payload can carry."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A payload that is about to be written.

    Attributes
    ----------
    kind, length
        What it is, and its length in bytes.
    write
        Writes it into a writable view of exactly `length` bytes.
    attributes
        What a reader needs besides the bytes (`dtype` and `shape` of an array).
    source
        The bytes, where they exist already: who writes them may also copy them piece by piece.
    """

    kind: Kind
    length: int
    write: Callable[[memoryview], None]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    source: memoryview | None = None


def encode(value: object) -> Encoded:
    """Return how `value` is to be written.

    Bytes-like objects and arrays become RAW, Arrow tables and record batches ARROW, anything that JSON
    can say (dict, list, str, numbers, dates, dataclasses) JSON. An `Encoded` stays what it is.

    Raises
    ------
    NotEncodable
        If the value is none of these.
    """
    if isinstance(value, Encoded):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return _existing(Kind.RAW, memoryview(value).cast("B"), {})
    if isinstance(value, np.ndarray):
        array = np.ascontiguousarray(value)
        if array.dtype.hasobject:
            raise NotEncodable(
                f"an array of {array.dtype} cannot be sent", expected="numbers or fixed strings"
            )
        flat = array.reshape(-1).view(np.uint8).data
        return _existing(Kind.RAW, flat, {"dtype": _dtype_text(array.dtype), "shape": list(array.shape)})
    if type(value).__module__.startswith("pyarrow"):
        return _arrow(value)
    try:
        text = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise NotEncodable(
            f"a {type(value).__name__} cannot be sent",
            expected="bytes, an array, an Arrow table, or what JSON can say",
            found=str(error),
        ) from error
    return _existing(Kind.JSON, memoryview(text), {})


def decode(message: Message) -> Any:
    """Return the value of `message`: a read-only array or view, an Arrow table, or what JSON said.

    Arrays and tables lie where the payload lies, and are valid as long.
    """
    if message.kind is Kind.JSON:
        return msgspec.json.decode(message.payload)
    if message.kind is Kind.ARROW:
        import pyarrow as pa

        return pa.ipc.open_stream(pa.py_buffer(message.payload)).read_all()
    if "dtype" in message.attributes:
        return as_array(message)
    return message.payload


def as_array(message: Message) -> NDArray[Any]:
    """Return the array that a RAW message with `dtype` and `shape` carries, without copying it."""
    flat = np.frombuffer(message.payload, dtype=_dtype(str(message.attributes["dtype"])))
    shape = message.attributes["shape"]
    if not isinstance(shape, list):
        raise BadInput(
            f"message {message.sequence} of {message.producer}: shape is {shape!r}", expected="a list"
        )
    return flat.reshape([int(length) for length in shape])


def _dtype_text(dtype: np.dtype[Any]) -> str:
    """Return numpy's name of a type; for a structured one the JSON of what files of numpy say about it."""
    described = np.lib.format.dtype_to_descr(dtype)  # type: ignore[no-untyped-call]
    return described if isinstance(described, str) else msgspec.json.encode(described).decode()


def _dtype(text: str) -> np.dtype[Any]:
    if not text.startswith("["):
        return np.dtype(text)
    described = _fields(msgspec.json.decode(text))
    return np.dtype(np.lib.format.descr_to_dtype(described))  # type: ignore[no-untyped-call]


def _fields(described: list[Any]) -> list[Any]:
    """Return JSON's lists as the tuples numpy wants: name, type, and perhaps shape of each field."""
    return [
        (name, kind if isinstance(kind, str) else _fields(kind), *map(tuple, shape))
        for name, kind, *shape in described
    ]


def _existing(kind: Kind, source: memoryview, attributes: Mapping[str, Attribute]) -> Encoded:
    def write(target: memoryview) -> None:
        target[:] = source

    return Encoded(kind, len(source), write, attributes, source)


def _arrow(value: object) -> Encoded:
    import pyarrow as pa

    if not isinstance(value, pa.RecordBatch | pa.Table):
        raise NotEncodable(f"a {type(value).__name__} cannot be sent", expected="a RecordBatch or a Table")
    if isinstance(value, pa.RecordBatch) and (head := _schema_bytes(value.schema)):
        return _batch(value, head)
    measured = pa.MockOutputStream()
    _write_stream(measured, value)
    length = measured.size()

    def write(target: memoryview) -> None:
        _write_stream(pa.FixedSizeBufferWriter(pa.py_buffer(target)), value)

    return Encoded(Kind.ARROW, length, write)


def _batch(batch: "pa.RecordBatch", head: bytes) -> Encoded:
    """Return the stream of a single batch put together from its parts, in a third of a writer's time."""
    import pyarrow as pa

    end = len(head) + pa.ipc.get_record_batch_size(batch)

    def write(target: memoryview) -> None:
        if end > _COPIED_TWICE:
            _write_stream(pa.FixedSizeBufferWriter(pa.py_buffer(target)), batch)
            return
        target[: len(head)] = head
        target[len(head) : end] = memoryview(batch.serialize()).cast("B")
        target[end:] = _END_OF_STREAM

    return Encoded(Kind.ARROW, end + len(_END_OF_STREAM), write)


def _schema_bytes(schema: "pa.Schema") -> bytes:
    """Return the beginning of a stream; nothing if more than it comes before the batch (dictionaries).

    That of the last schema is kept: a producer mostly has one, and to hash it takes as long as to write it.
    """
    global _last_schema
    kept = _last_schema
    if kept is None or not schema.equals(kept[0], check_metadata=True):
        plain = not any(map(_may_hold_dictionary, schema.types))
        kept = _last_schema = schema, schema.serialize().to_pybytes() if plain else b""
    return kept[1]


def _may_hold_dictionary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind) or pa.types.is_nested(kind))


def _write_stream(sink: Any, value: "pa.RecordBatch | pa.Table") -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sink, value.schema) as stream:
        stream.write(value)
