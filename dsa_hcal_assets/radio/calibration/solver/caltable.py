"""Write solutions as a CASA caltable: applycal, gaincal, bandpass and plotms take it for their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.flagging.visibilities import READ_ONLY

# CASA's name for the kind of solution -> whether its parameters are complex gains or real (delays, ns)
KINDS = {"B Jones": True, "G Jones": True, "K Jones": False}
Kind = Literal["B Jones", "G Jones", "K Jones"]
SUBTABLES = ("OBSERVATION", "ANTENNA", "FIELD", "SPECTRAL_WINDOW")


@dataclass(frozen=True)
class Entries:
    """Solutions of one spectral window as rows of a caltable.

    Attributes
    ----------
    spectral_window
        SPECTRAL_WINDOW_ID.
    antennas
        Antenna ids, shape (n_antenna,).
    values, snr
        Shape (n_interval, n_antenna, n_channel, 2); NaN: none. Gains follow CASA's convention,
        V_ij = g_i conj(g_j) M_ij; delays are in ns.
    times, lengths
        Mean time (UTC MJD seconds) and length (s), shape (n_interval,).
    """

    spectral_window: int
    antennas: NDArray[np.int64]
    values: NDArray[np.complex128] | NDArray[np.float64]
    snr: NDArray[np.float64]
    times: NDArray[np.float64]
    lengths: NDArray[np.float64]


def write_caltable(
    path: Path, ms: Path, kind: Kind, entries: Sequence[Entries], *, reference: int, field: int, scan: int
) -> Path:
    """Write a caltable for `ms`; antennas without a solution get a flagged row.

    Parameters
    ----------
    path
        Directory that must not exist.
    ms
        Measurement Set solved on; its sub-tables are copied.
    kind
        What the solutions are.
    reference, field, scan
        Reference antenna's id, FIELD_ID and SCAN_NUMBER of all rows.

    Raises
    ------
    PermanentError
        If `path` exists.
    """
    from casacore.tables import table

    if path.exists():
        raise PermanentError(f"caltable {path} exists", remedy="remove it or choose another name")
    names = _names(ms)
    rows = [_Rows(one, len(names)) for one in entries]
    description = _description(KINDS[kind])
    with table(str(path), description, nrow=sum(len(one) for one in rows), ack=False) as main:
        start = 0
        for one in rows:
            one.put(main, start, reference, field, scan, "CPARAM" if KINDS[kind] else "FPARAM")
            start += len(one)
        keywords = {
            "ParType": "Complex" if KINDS[kind] else "Float",
            "MSName": ms.name,
            "VisCal": kind,
            "PolBasis": "unknown",
            "CASA_Version": "dsa_hcal_assets",
        }
        for keyword, value in keywords.items():
            main.putkeyword(keyword, value)
        for name in SUBTABLES:
            with table(str(ms / name), **READ_ONLY) as source:
                source.copy(str(path / name), deep=True, valuecopy=True).close()
            main.putkeyword(name, f"Table: {path.absolute() / name}")
        # that of the Measurement Set has columns CASA cannot append to
        _empty_history(path)
        main.putkeyword("HISTORY", f"Table: {path.absolute() / 'HISTORY'}")
        main.putinfo({"type": "Calibration", "subType": kind, "readme": ""})
    if all(one.values.shape[2] == 1 for one in entries):
        _join_channels(path)
    return path


class _Rows:
    """Entries of one window in the order of rows: interval by interval, all antennas of the set."""

    def __init__(self, entries: Entries, antennas: int) -> None:
        intervals, _, channels, feeds = entries.values.shape
        self.entries, self.antennas = entries, antennas
        values = np.full((intervals, antennas, channels, feeds), np.nan, entries.values.dtype)
        snr = np.zeros(values.shape, np.float32)
        values[:, entries.antennas] = entries.values
        snr[:, entries.antennas] = entries.snr
        self.flag = ~np.isfinite(values).reshape(-1, channels, feeds)
        neutral = 1.0 if np.iscomplexobj(values) else 0.0
        self.values = np.where(self.flag, neutral, values.reshape(self.flag.shape))
        self.snr = np.where(self.flag, 0, snr.reshape(self.flag.shape))

    def __len__(self) -> int:
        return len(self.flag)

    def put(self, main: Any, start: int, reference: int, field: int, scan: int, column: str) -> None:
        entries, count = self.entries, len(self)
        error = np.divide(np.abs(self.values), self.snr, out=np.zeros(self.snr.shape), where=self.snr > 0)
        scalars = {
            "TIME": np.repeat(entries.times, self.antennas),
            "INTERVAL": np.repeat(entries.lengths, self.antennas),
            "ANTENNA1": np.tile(np.arange(self.antennas, dtype=np.int32), len(entries.times)),
            "ANTENNA2": np.full(count, reference, np.int32),
            "FIELD_ID": np.full(count, field, np.int32),
            "SCAN_NUMBER": np.full(count, scan, np.int32),
            "SPECTRAL_WINDOW_ID": np.full(count, entries.spectral_window, np.int32),
            "OBSERVATION_ID": np.zeros(count, np.int32),
        }
        kind = np.complex64 if column == "CPARAM" else np.float32
        arrays = {
            column: self.values.astype(kind),
            "FLAG": self.flag,
            "SNR": self.snr.astype(np.float32),
            "PARAMERR": error.astype(np.float32),
            "WEIGHT": np.ones(self.snr.shape, np.float32),
        }
        for name, values in (scalars | arrays).items():
            main.putcol(name, values, start, count)


def _description(gains: bool) -> Any:
    from casacore import tables

    scalars = [
        tables.makescacoldesc(name, value)
        for name, value in (
            ("TIME", 0.0),
            ("FIELD_ID", 0),
            ("SPECTRAL_WINDOW_ID", 0),
            ("ANTENNA1", 0),
            ("ANTENNA2", 0),
            ("INTERVAL", 0.0),
            ("SCAN_NUMBER", 0),
            ("OBSERVATION_ID", 0),
        )
    ]
    column = ("CPARAM", 0j, "complex") if gains else ("FPARAM", 0.0, "float")
    arrays = [column, *((name, 0.0, "float") for name in ("PARAMERR", "SNR", "WEIGHT"))]
    described = tables.maketabdesc(
        [
            *scalars,
            *(tables.makearrcoldesc(name, value, ndim=-1, valuetype=kind) for name, value, kind in arrays),
            tables.makearrcoldesc("FLAG", False, ndim=-1),
        ]
    )
    described["TIME"]["keywords"] = {
        "QuantumUnits": np.array(["s"]),
        "MEASINFO": {"type": "epoch", "Ref": "UTC"},
    }
    described["INTERVAL"]["keywords"] = {"QuantumUnits": np.array(["s"])}
    return described


def _names(ms: Path) -> list[str]:
    from casacore.tables import table

    with table(str(ms / "ANTENNA"), **READ_ONLY) as antennas:
        return [str(name) for name in antennas.getcol("NAME")]


def _empty_history(path: Path) -> None:
    from casacore.tables import default_ms_subtable

    default_ms_subtable("HISTORY", str(path / "HISTORY")).close()


def _join_channels(path: Path) -> None:
    """Describe each spectral window as the one channel its solutions are for, as CASA does."""
    from casacore.tables import table

    with table(str(path / "SPECTRAL_WINDOW"), readonly=False, ack=False) as windows:
        for row in range(windows.nrows()):
            middle = float(np.mean(windows.getcell("CHAN_FREQ", row)))
            width = float(windows.getcell("TOTAL_BANDWIDTH", row))
            windows.putcell("CHAN_FREQ", row, np.array([middle]))
            for column in ("CHAN_WIDTH", "EFFECTIVE_BW", "RESOLUTION"):
                windows.putcell(column, row, np.array([width]))
            windows.putcell("NUM_CHAN", row, 1)
