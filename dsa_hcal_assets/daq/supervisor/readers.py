"""Registered readers follow the plan: there before a producer starts, gone when the plan drops them."""

import json
from pathlib import Path

from dsa_hcal_assets.daq.durable_file import replace_durably
from dsa_hcal_assets.daq.streams.configuration import StreamPlace
from dsa_hcal_assets.daq.streams.opening import register_reader, retire_reader
from dsa_hcal_assets.daq.supervisor.plan import Plan

FILE_NAME = "plan.json"


def settle_readers(place: StreamPlace, plan: Plan) -> None:
    """Register every reader of the plan, retire those of the plan before it, and remember this one.

    A reader that the plan before had and this one has not holds nothing back any more; readers that no
    plan ever had (a notebook's) are left alone.
    """
    path = place.run_dir / FILE_NAME
    wanted = plan.readers()
    remembered = _remembered(path)
    # what is about to be registered is remembered first: a kill in between must not leave it unknown
    _remember(path, wanted | remembered)
    for producer, reader in sorted(wanted):
        register_reader(place, producer, reader)
    for producer, reader in sorted(remembered - wanted):
        retire_reader(place, producer, reader)
    _remember(path, wanted)


def _remember(path: Path, readers: set[tuple[str, str]]) -> None:
    by_producer: dict[str, list[str]] = {}
    for producer, reader in sorted(readers):
        by_producer.setdefault(producer, []).append(reader)
    replace_durably(path, json.dumps({"readers": by_producer}, indent=1).encode())


def _remembered(path: Path) -> set[tuple[str, str]]:
    try:
        readers: dict[str, list[str]] = json.loads(path.read_bytes())["readers"]
    except FileNotFoundError:
        return set()
    return {(producer, reader) for producer, names in readers.items() for reader in names}
