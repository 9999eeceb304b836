"""The Measurement Set's main table: columns, storage managers and tiles."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

# python-casacore tables; the package has no types
Table = Any
TILE_BYTES = 1 << 20
INCREMENTAL = (
    "ARRAY_ID",
    "DATA_DESC_ID",
    "EXPOSURE",
    "FEED1",
    "FEED2",
    "FIELD_ID",
    "FLAG_ROW",
    "INTERVAL",
    "OBSERVATION_ID",
    "PROCESSOR_ID",
    "SCAN_NUMBER",
    "STATE_ID",
    "TIME",
    "TIME_CENTROID",
)


def create_main_table(
    path: Path, channels: int, correlations: int, rows: int, *, weight_spectrum: bool
) -> Table:
    """Create an empty Measurement Set with `rows` rows and return its main table, open for writing.

    Array columns are tiled over rows; tiles of visibilities hold about 1 MiB of the widest window.
    """
    from casacore import tables

    description = tables.required_ms_desc("MAIN")
    added = [_array_column(tables, "DATA", 0j, "complex", "TiledData", "The data column")]
    if weight_spectrum:
        added.append(
            _array_column(
                tables, "WEIGHT_SPECTRUM", 0.0, "float", "TiledWgtSpectrum", "Weight of each channel"
            )
        )
    description.update(tables.maketabdesc(added))
    tiled = {
        "FLAG": "TiledFlag",
        "WEIGHT": "TiledWgt",
        "SIGMA": "TiledSigma",
        "FLAG_CATEGORY": "TiledFlagCategory",
    }
    for column, group in tiled.items():
        description[column].update(dataManagerType="TiledShapeStMan", dataManagerGroup=group)
    description["FLAG_CATEGORY"]["keywords"] = {"CATEGORY": np.array("")}
    description["UVW"].update(dataManagerType="TiledColumnStMan", dataManagerGroup="TiledUVW")
    for column in INCREMENTAL:
        description[column].update(dataManagerType="IncrementalStMan", dataManagerGroup="ISMData")
    for column in ("ANTENNA1", "ANTENNA2"):
        description[column].update(dataManagerType="StandardStMan", dataManagerGroup="SSMData")
    managers = tables.makedminfo(description)
    tile_rows = max(1, TILE_BYTES // (channels * correlations * 8))
    shapes = {
        "TiledData": [correlations, channels, tile_rows],
        "TiledWgtSpectrum": [correlations, channels, 2 * tile_rows],
        "TiledFlag": [correlations, channels, 8 * tile_rows],
        "TiledWgt": [correlations, 16384],
        "TiledSigma": [correlations, 16384],
        "TiledUVW": [3, 16384],
    }
    _set_tiles(managers, shapes)
    table = tables.default_ms(str(path), description, managers)
    table.addrows(rows)
    return table


def _array_column(tables: Any, name: str, value: complex | float, kind: str, group: str, comment: str) -> Any:
    column = tables.makearrcoldesc(
        name,
        value,
        valuetype=kind,
        ndim=2,
        datamanagertype="TiledShapeStMan",
        datamanagergroup=group,
        comment=comment,
    )
    # windows may differ in their number of channels
    column["desc"].pop("shape", None)
    return column


def _set_tiles(managers: Mapping[str, Any], shapes: Mapping[str, list[int]]) -> None:
    for manager in managers.values():
        if manager["NAME"] in shapes:
            manager["SPEC"] = {"DEFAULTTILESHAPE": np.array(shapes[manager["NAME"]], np.int32)}
        elif manager["TYPE"] in ("IncrementalStMan", "StandardStMan"):
            manager["SPEC"] = {"BUCKETSIZE": 65536}
