"""The tables around the main table: antennas, feeds, fields, windows, correlations, history."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.radio.conversion.geometry import Site
from dsa_hcal_assets.radio.conversion.plan import Plan
from dsa_hcal_assets.radio.conversion.rows import DAY, mjd_seconds
from dsa_hcal_assets.radio.ingest.uvh5 import Uvh5Header
from dsa_hcal_assets.radio.profiles.model import Profile

# casacore MFrequency::TOPO: correlators label channels as received on the ground
TOPOCENTRIC = 5
LINEAR_FEEDS = {9: (0, 0), 10: (0, 1), 11: (1, 0), 12: (1, 1)}
CIRCULAR_FEEDS = {5: (0, 0), 6: (0, 1), 7: (1, 0), 8: (1, 1)}
# receptors of Stokes I, Q, U, V have no pair; CASA wants one all the same
RECEPTORS = {1: (0, 0), 2: (0, 0), 3: (0, 0), 4: (0, 0), **LINEAR_FEEDS, **CIRCULAR_FEEDS}
ALWAYS = float(np.finfo(float).max)


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the Measurement Set's history."""

    message: str
    parameters: str = ""


def write_subtables(
    path: Path, plan: Plan, profile: Profile, history: Sequence[HistoryEntry], now_mjd: float
) -> None:
    """Write every subtable of the Measurement Set at `path`."""
    middle = float(np.median(mjd_seconds(plan.reference.times_jd)))
    _antenna(path, plan, profile)
    _feed(path, plan, middle)
    _field(path, plan, middle)
    _source(path, plan, middle)
    _spectral_window(path, plan)
    _polarization(path, plan)
    _observation(path, plan, profile)
    append_history(path, history, now_mjd)
    with _table(path, "STATE") as table:
        table.addrows(1)
        values = {"SIG": True, "REF": False, "CAL": 0.0, "LOAD": 0.0, "SUB_SCAN": 0, "FLAG_ROW": False}
        _put_cells(table, 0, {**values, "OBS_MODE": "OBSERVE_TARGET#UNSPECIFIED"})
    with _table(path, "PROCESSOR") as table:
        table.addrows(1)
        _put_cells(
            table, 0, {"TYPE": "CORRELATOR", "SUB_TYPE": "", "TYPE_ID": -1, "MODE_ID": -1, "FLAG_ROW": False}
        )


def _table(path: Path, name: str) -> Any:
    from casacore import tables

    return tables.table(str(path / name), readonly=False, ack=False)


def _put_cells(table: Any, row: int, values: dict[str, Any]) -> None:
    for column, value in values.items():
        table.putcell(column, row, value)


def _put_columns(table: Any, values: dict[str, Any]) -> None:
    for column, value in values.items():
        table.putcol(column, value)


def _antenna(path: Path, plan: Plan, profile: Profile) -> None:
    """Row number = antenna number, as pyuvdata has it; numbers without antenna are flagged rows."""
    header = plan.reference
    numbers, rows = header.antenna_numbers, int(header.antenna_numbers.max()) + 1
    names, mounts = [""] * rows, [""] * rows
    for number, name in zip(numbers, header.antenna_names, strict=True):
        names[number], mounts[number] = name, profile.mount
    positions = np.zeros((rows, 3))
    positions[numbers] = header.antenna_positions_m + Site.of(header).itrf_m()
    diameters = np.full(rows, profile.dish_diameter_m)
    if header.antenna_diameters_m is not None and len(header.antenna_diameters_m) == len(numbers):
        known = header.antenna_diameters_m > 0
        diameters[numbers[known]] = header.antenna_diameters_m[known]
    absent = np.ones(rows, np.bool_)
    absent[numbers] = False
    with _table(path, "ANTENNA") as table:
        table.addrows(rows)
        columns = {"NAME": names, "STATION": names, "MOUNT": mounts, "TYPE": ["GROUND-BASED"] * rows}
        offsets = np.zeros((rows, 3))
        arrays = {"POSITION": positions, "OFFSET": offsets, "DISH_DIAMETER": diameters, "FLAG_ROW": absent}
        _put_columns(table, {**columns, **arrays})


def _feed(path: Path, plan: Plan, middle: float) -> None:
    rows = int(plan.reference.antenna_numbers.max()) + 1
    receptors = ["R", "L"] if plan.stokes[0] in CIRCULAR_FEEDS else ["X", "Y"]
    with _table(path, "FEED") as table:
        table.addrows(rows)
        _put_columns(
            table,
            {
                "ANTENNA_ID": np.arange(rows, dtype=np.int32),
                "BEAM_ID": np.full(rows, -1, np.int32),
                "BEAM_OFFSET": np.zeros((rows, 2, 2)),
                "FEED_ID": np.zeros(rows, np.int32),
                "TIME": np.full(rows, middle),
                "INTERVAL": np.full(rows, ALWAYS),
                "NUM_RECEPTORS": np.full(rows, 2, np.int32),
                "POLARIZATION_TYPE": {"shape": [rows, 2], "array": receptors * rows},
                "POL_RESPONSE": np.tile(np.eye(2, dtype=np.complex64), (rows, 1, 1)),
                "POSITION": np.zeros((rows, 3)),
                "RECEPTOR_ANGLE": np.zeros((rows, 2)),
                "SPECTRAL_WINDOW_ID": np.full(rows, -1, np.int32),
            },
        )


def _field(path: Path, plan: Plan, middle: float) -> None:
    with _table(path, "FIELD") as table:
        directions = ("PHASE_DIR", "DELAY_DIR", "REFERENCE_DIR")
        for column in directions:
            frame = {**table.getcolkeyword(column, "MEASINFO"), "Ref": plan.frame}
            table.putcolkeyword(column, "MEASINFO", frame)
        table.addrows(len(plan.fields))
        for row, field in enumerate(plan.fields):
            direction = np.array([[field.lon, field.lat]])
            values = {
                "NAME": field.name,
                "CODE": "",
                "NUM_POLY": 0,
                "SOURCE_ID": field.identifier,
                "TIME": middle,
            }
            _put_cells(table, row, {**dict.fromkeys(directions, direction), **values, "FLAG_ROW": False})


def _source(path: Path, plan: Plan, middle: float) -> None:
    from casacore import tables

    description = tables.complete_ms_desc("SOURCE")
    name = str(path / "SOURCE")
    with tables.table(
        name, tabledesc=description, dminfo=tables.makedminfo(description), readonly=False, ack=False
    ) as table:
        table.putcolkeyword(
            "DIRECTION", "MEASINFO", {**table.getcolkeyword("DIRECTION", "MEASINFO"), "Ref": plan.frame}
        )
        table.addrows(len(plan.fields))
        for row, field in enumerate(plan.fields):
            names = {"NAME": field.name, "CODE": "", "SOURCE_ID": field.identifier, "CALIBRATION_GROUP": -1}
            always = {"SPECTRAL_WINDOW_ID": -1, "NUM_LINES": 0, "TIME": middle, "INTERVAL": ALWAYS}
            place = {"DIRECTION": np.array([field.lon, field.lat]), "PROPER_MOTION": np.zeros(2)}
            _put_cells(table, row, {**names, **always, **place})
    with tables.table(str(path), readonly=False, ack=False) as main:
        main.putkeyword("SOURCE", f"Table: {name}")


def _spectral_window(path: Path, plan: Plan) -> None:
    with _table(path, "SPECTRAL_WINDOW") as table, _table(path, "DATA_DESCRIPTION") as pairs:
        table.addrows(len(plan.windows))
        pairs.addrows(len(plan.windows))
        for row, window in enumerate(plan.windows):
            widths = window.widths_hz
            values = {
                "NAME": f"SPW{row}",
                "NUM_CHAN": len(widths),
                "CHAN_FREQ": window.frequencies_hz,
                "CHAN_WIDTH": widths,
                "EFFECTIVE_BW": widths,
                "RESOLUTION": widths,
                "TOTAL_BANDWIDTH": float(widths.sum()),
                "REF_FREQUENCY": float(window.frequencies_hz[0]),
                "MEAS_FREQ_REF": TOPOCENTRIC,
                "NET_SIDEBAND": 1,
                "FREQ_GROUP": 0,
                "FREQ_GROUP_NAME": "",
                "IF_CONV_CHAIN": 0,
                "FLAG_ROW": False,
            }
            _put_cells(table, row, values)
            _put_cells(pairs, row, {"SPECTRAL_WINDOW_ID": row, "POLARIZATION_ID": 0, "FLAG_ROW": False})


def receptor_pairs(plan: Plan) -> NDArray[np.int32]:
    """Return the receptors each correlation multiplies, rows of FEED's receptors, shape (correlations, 2)."""
    return np.array([RECEPTORS[code] for code in plan.stokes], np.int32)


def _polarization(path: Path, plan: Plan) -> None:
    codes = plan.stokes
    with _table(path, "POLARIZATION") as table:
        table.addrows(1)
        types = np.array(codes, np.int32)
        values = {
            "NUM_CORR": len(codes),
            "CORR_TYPE": types,
            "CORR_PRODUCT": receptor_pairs(plan),
            "FLAG_ROW": False,
        }
        _put_cells(table, 0, values)


def time_range(header: Uvh5Header) -> NDArray[np.float64]:
    """Return from when to when a group was observed: s of MJD, UTC, shape (2,)."""
    half = header.integration_s.max() / 2 / DAY
    return mjd_seconds(np.array([header.times_jd.min() - half, header.times_jd.max() + half]))


def _observation(path: Path, plan: Plan, profile: Profile) -> None:
    from casacore import tables

    header = plan.reference
    place = Site.of(header).itrf_m()
    with _table(path, "OBSERVATION") as table:
        # where pyuvdata looks for the array's reference point
        table.addcols(tables.makearrcoldesc("TELESCOPE_LOCATION", 0.0, shape=[3], valuetype="double"))
        table.addrows(1)
        values = {
            "TELESCOPE_NAME": profile.casa_name,
            "TELESCOPE_LOCATION": place,
            "OBSERVER": header.observer or header.telescope_name,
            "PROJECT": "",
            "SCHEDULE_TYPE": "",
            "RELEASE_DATE": 0.0,
            "TIME_RANGE": time_range(header),
            "FLAG_ROW": False,
        }
        _put_cells(table, 0, values)


def append_history(path: Path, entries: Sequence[HistoryEntry], now_mjd: float) -> None:
    """Append `entries` to the history of the Measurement Set at `path`; `now_mjd` is UTC, days."""
    with _table(path, "HISTORY") as table:
        before = int(table.nrows())
        table.addrows(len(entries))
        for row, entry in enumerate(entries, start=before):
            values = {
                "APPLICATION": "dsa_hcal_assets",
                "MESSAGE": entry.message,
                "ORIGIN": "dsa_hcal_assets.radio.conversion",
                "PRIORITY": "INFO",
                "OBJECT_ID": 0,
                "OBSERVATION_ID": -1,
                "TIME": now_mjd * DAY,
                "CLI_COMMAND": np.array([""]),
                "APP_PARAMS": np.array([entry.parameters]),
            }
            _put_cells(table, row, values)
