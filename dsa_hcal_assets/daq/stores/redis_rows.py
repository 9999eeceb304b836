"""Rows as the texts that a Redis script takes (`redis_commit.lua`)."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa

from dsa_hcal_assets.daq.identity import safe_name
from dsa_hcal_assets.daq.stores.columns import lists_as_text, numbers
from dsa_hcal_assets.daq.stores.rows import ENVELOPE, Block

Text = str | bytes | int


class RowKind(StrEnum):
    """What rows become, as Redis names the type of their keys."""

    STREAM = "stream"
    SORTED_SET = "zset"
    TIME_SERIES = "TSDB-TYPE"


def has_numbers(block: Block) -> bool:
    """Return whether the block's rows have a number or truth value."""
    own = block.table.select(block.table.column_names[len(ENVELOPE) :])
    return any(
        _is_number(field.type) and column.null_count < block.table.num_rows
        for field, column in zip(own.schema, own.columns, strict=True)
    )


def arguments_of(blocks: Sequence[Block], kind: RowKind, key: str) -> tuple[list[str], list[Text]]:
    """Return the keys that `blocks` go to, and their rows as the script reads them.

    Parameters
    ----------
    blocks
        One message each.
    kind
        What the rows become.
    key
        Beginning of all keys.
    """
    places: dict[str, int] = {}
    arguments: list[Text] = []
    for block in blocks:
        message = block.messages[0]
        name = f"{key}:{safe_name(message.producer)}:{safe_name(message.topic)}"
        milliseconds = message.time_ns // 1_000_000
        rows = _entries(block, name) if kind is RowKind.STREAM else _samples(block, name, kind)
        for row_key, texts in rows:
            # the script counts from 1, and the progress comes first
            place = places.setdefault(row_key, len(places) + 2)
            arguments += [place, milliseconds, len(texts), *texts]
    return list(places), arguments


def _entries(block: Block, name: str) -> Iterator[tuple[str, list[Text]]]:
    message = block.messages[0]
    envelope: list[Text] = [
        *("time", message.time_ns, "producer", message.producer),
        *("epoch", message.epoch, "sequence", message.sequence),
    ]
    own = lists_as_text(block.table.select(block.table.column_names[len(ENVELOPE) :]))
    columns = [_texts(column) for column in own.columns]
    for row in range(block.table.num_rows):
        fields = [
            text
            for field, column in zip(own.column_names, columns, strict=True)
            if column[row] is not None
            for text in (field, column[row])
        ]
        yield name, envelope + fields


def _samples(block: Block, name: str, kind: RowKind) -> Iterator[tuple[str, list[Text]]]:
    message = block.messages[0]
    for field in list(block.table.schema)[len(ENVELOPE) :]:
        if _is_number(field.type):
            values = block.table.column(field.name).cast(pa.float64(), safe=False)
            for row, value in enumerate(values.to_pylist()):
                if value is None or (kind is RowKind.TIME_SERIES and np.isnan(value)):
                    continue
                sample = f"{message.epoch}-{message.sequence}-{row} {value!r}"
                yield f"{name}:{field.name}", [repr(value) if kind is RowKind.TIME_SERIES else sample]


def _texts(column: Any) -> list[Any]:
    if pa.types.is_temporal(column.type):
        return [str(value) for value in numbers(column.combine_chunks())]
    if pa.types.is_binary(column.type) or pa.types.is_string(column.type):
        return list(column.to_pylist())
    return list(column.cast(pa.string()).to_pylist())


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
