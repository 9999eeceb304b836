"""Catalogues in the database, by name and version: bulk loading, history, which one is current."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.errors import PermanentError
from dsa_hcal_assets.radio.catalogues.sky_pixels import pixel_of
from dsa_hcal_assets.radio.catalogues.survey_tables import PROBLEMS_KEPT, SourceTable
from dsa_hcal_assets.radio.catalogues.vla_list import ListedCalibrator

Kind = Literal["calibrators", "sources"]
State = Literal["current", "superseded", "removed"]

# Rows of one statement, so that each stays far below the database's deadline.
_BATCH = 100_000
_COPY = """
copy radio.catalogue_source (catalogue_id, source_number, name, ra_deg, dec_deg, healpix, flux_jy,
    flux_error_jy, spectral_index, position_error_arcsec) from stdin with (format csv)
"""
_COLUMNS = (
    "catalogue_id, name, version, kind, state, origin, checksum, frequency_hz, sources, refused, "
    "columns, problems, loaded_at"
)


class UnknownCatalogue(PermanentError):
    """No catalogue of this name is loaded."""


@dataclass(frozen=True)
class Catalogue:
    """One loaded version of a catalogue; see the comments of ``radio.catalogue``."""

    catalogue_id: int
    name: str
    version: int
    kind: Kind
    state: State
    origin: str
    checksum: str
    frequency_hz: float | None
    sources: int
    refused: int
    columns: dict[str, str]
    problems: list[dict[str, Any]]
    loaded_at: datetime


def content_checksum(path: Path, choices: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of a file and of the choices with which it is read."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(choices, sort_keys=True).encode())
    return digest.hexdigest()


def store_catalogue(
    database: Database,
    name: str,
    table: SourceTable,
    *,
    origin: str,
    checksum: str,
    calibrators: Sequence[ListedCalibrator] = (),
    keep_history: bool = True,
) -> Catalogue:
    """Enter a catalogue as the current version of its name; all of it, or nothing.

    The same content again changes nothing.

    Parameters
    ----------
    database
        Where to.
    name
        Lower case letters, digits, ``_ . -``.
    table
        The sources.
    origin, checksum
        File name and `content_checksum`.
    calibrators
        What the VLA list says of the sources, in their order; makes the catalogue one of calibrators.
    keep_history
        Keep the sources of older versions; otherwise only their records are kept.
    """
    with database.transaction() as cursor:
        # loading one name twice at a time would make two versions of one number
        cursor.execute("select pg_advisory_xact_lock(hashtext('radio.catalogue'), hashtext(%s))", (name,))
        known = _one(cursor, "name = %s and state = 'current'", name)
        if known is not None and known.checksum == checksum:
            return known
        cursor.execute(
            "update radio.catalogue set state = 'superseded' where name = %s and state = 'current'", (name,)
        )
        if not keep_history:
            _remove_superseded(cursor, name)
        cursor.execute(
            "insert into radio.catalogue (name, version, kind, state, origin, checksum, frequency_hz, "
            "sources, refused, columns, problems) select %s, 1 + coalesce(max(version), 0), %s, 'current', "
            "%s, %s, %s, %s, %s, %s, %s from radio.catalogue where name = %s returning catalogue_id",
            (
                name, "calibrators" if calibrators else "sources", origin, checksum, table.frequency_hz,
                len(table.numbers), table.refused, json.dumps(table.columns),
                json.dumps([vars(one) for one in table.problems[:PROBLEMS_KEPT]]), name,
            ),
        )  # fmt: skip
        (catalogue_id,) = cursor.fetchall()[0]
        for rows in _copy_rows(catalogue_id, table):
            cursor.copy_expert(_COPY, rows, 1 << 20)
        _store_calibrators(cursor, catalogue_id, calibrators)
        cursor.execute("analyze radio.catalogue_source")
        stored = _one(cursor, "catalogue_id = %s", catalogue_id)
        if stored is None:
            raise UnknownCatalogue(f"catalogue {name} was lost inside its own transaction")
        return stored


def catalogues(database: Database, name: str | None = None) -> list[Catalogue]:
    """Return all versions, by name, the newest first."""
    rows = database.rows(
        f"select {_COLUMNS} from radio.catalogue "  # noqa: S608 - a constant list of columns
        "where %s::text is null or name = %s order by name, version desc",
        (name, name),
    )
    return [Catalogue(*row) for row in rows]


def current_catalogue(database: Database, name: str) -> Catalogue:
    """Return the current version of a catalogue.

    Raises
    ------
    UnknownCatalogue
        If there is none; names those there are.
    """
    known = [one for one in catalogues(database) if one.state == "current"]
    for one in known:
        if one.name == name:
            return one
    raise UnknownCatalogue(
        f"no catalogue {name} is loaded",
        found=", ".join(one.name for one in known) or "none at all",
        remedy="load it with `dsa-hcal catalogue load`",
    )


def _one(cursor: Cursor, where: str, value: Any) -> Catalogue | None:
    cursor.execute(f"select {_COLUMNS} from radio.catalogue where {where}", (value,))  # noqa: S608
    row = cursor.fetchone()
    return None if row is None else Catalogue(*row)


def _remove_superseded(cursor: Cursor, name: str) -> None:
    cursor.execute(
        "update radio.catalogue set state = 'removed' where name = %s and state = 'superseded' "
        "returning catalogue_id, sources + refused",
        (name,),
    )
    for catalogue_id, rows in cursor.fetchall():
        for first in range(0, rows, _BATCH):
            cursor.execute(
                "delete from radio.catalogue_source where catalogue_id = %s "
                "and source_number > %s and source_number <= %s",
                (catalogue_id, first, first + _BATCH),
            )


def _copy_rows(catalogue_id: int, table: SourceTable) -> Iterator[io.BytesIO]:
    """Yield the sources as CSV in the order of the sky, so that a cone is a few pages of the table."""
    import pyarrow as pa
    from pyarrow import csv

    pixels = pixel_of(table.ra_deg, table.dec_deg)
    order = np.argsort(pixels, kind="stable")
    columns: dict[str, Any] = {
        "catalogue_id": np.full(len(order), catalogue_id),
        "source_number": table.numbers[order],
        "name": None if table.names is None else np.asarray(table.names, dtype=object)[order],
        "ra_deg": table.ra_deg[order],
        "dec_deg": table.dec_deg[order],
        "healpix": pixels[order],
        "flux_jy": table.flux_jy[order],
        "flux_error_jy": table.flux_error_jy[order],
        "spectral_index": table.spectral_index[order],
        "position_error_arcsec": table.position_error_arcsec[order],
    }
    arrays = {
        name: pa.nulls(len(order), pa.string()) if values is None else pa.array(values, from_pandas=True)
        for name, values in columns.items()
    }
    for batch in pa.table(arrays).to_batches(max_chunksize=_BATCH):
        written = io.BytesIO()
        csv.write_csv(batch, written, csv.WriteOptions(include_header=False))
        written.seek(0)
        yield written


def _store_calibrators(cursor: Cursor, catalogue_id: int, calibrators: Sequence[ListedCalibrator]) -> None:
    sources = [
        (catalogue_id, number, list(one.aliases), one.position_code)
        for number, one in enumerate(calibrators, start=1)
    ]
    bands = [
        (catalogue_id, number, band.wavelength_cm, band.band, band.frequency_hz, band.flux_jy, band.quality,
         band.uvmin_klambda, band.uvmax_klambda)
        for number, one in enumerate(calibrators, start=1)
        for band in one.fluxes
    ]  # fmt: skip
    for table, rows in (("radio.calibrator", sources), ("radio.calibrator_band", bands)):
        execute_values(cursor, f"insert into {table} values %s", rows, page_size=1000)  # noqa: S608
