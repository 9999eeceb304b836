"""The snapshot file ``dsa-emcal-snapshot/1``: a block a controller, numbers as little-endian float32.

Values are base64 of the arrays of a `ControllerReading`, row by row: exact, and faster and smaller
than numbers as text, of which a cycle has 38,016.
"""

import base64
from typing import Any

import numpy as np

from dsa_hcal_assets.hcal.emcal.readings import WIDTHS, ControllerReading, EmcalSnapshot, Values
from dsa_hcal_assets.hcal.snapshots.cycle import cycle_fields, error_record, integer, moment, text
from dsa_hcal_assets.hcal.snapshots.source import Parts, block_source

FORMAT = "dsa-emcal-snapshot/1"
_WIRE = np.dtype("<f4")


def _parts(snapshot: EmcalSnapshot) -> Parts:
    names = [one.controller for one in snapshot.controllers]
    return snapshot.header(names), [_block(one) for one in snapshot.controllers]


def _snapshot(header: dict[str, Any], blocks: list[dict[str, Any]]) -> EmcalSnapshot:
    controllers = tuple(_reading(block) for block in blocks)
    names = [one.controller for one in controllers]
    return EmcalSnapshot(**cycle_fields(header, names), controllers=controllers)


EMCAL = block_source("emcal", (FORMAT,), _parts, _snapshot)
encode, read_snapshot = EMCAL.encode, EMCAL.read


def _block(reading: ControllerReading) -> dict[str, Any]:
    return {
        "controller": reading.controller,
        "channels": list(reading.channels),
        "sampled_at": None if reading.sampled_at is None else reading.sampled_at.isoformat(),
        "gain": list(reading.gain),
        **{name: _packed(getattr(reading, name)) for name in WIDTHS},
        "errors": {
            str(channel): {name: dict(record) for name, record in errors.items()}
            for channel, errors in reading.errors.items()
        },
    }


def _reading(block: dict[str, Any]) -> ControllerReading:
    channels = tuple(integer(channel) for channel in block["channels"])
    sampled_at = block["sampled_at"]
    return ControllerReading(
        controller=text(block["controller"]),
        channels=channels,
        sampled_at=None if sampled_at is None else moment(sampled_at),
        gain=tuple(block["gain"]),
        errors={
            int(channel): {name: error_record(record) for name, record in errors.items()}
            for channel, errors in block["errors"].items()
        },
        **{name: _unpacked(block[name], len(channels), width) for name, width in WIDTHS.items()},
    )


def _packed(values: Values) -> str:
    return base64.b64encode(values.astype(_WIRE).tobytes()).decode("ascii")


def _unpacked(packed: object, boards: int, width: int) -> Values:
    values = np.frombuffer(base64.b64decode(text(packed), validate=True), dtype=_WIRE)
    return values.astype(np.float32).reshape(boards, width)
