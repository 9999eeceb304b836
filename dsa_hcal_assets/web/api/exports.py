"""``/api/exports``: rows of tables and views as CSV or Parquet."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import BaseModel, Field

from dsa_hcal_assets.database.export import NoTime, rows_of, write_csv, write_parquet
from dsa_hcal_assets.database.exportable import Exportable, exportable
from dsa_hcal_assets.web.context import Web
from dsa_hcal_assets.web.spans import BAD_DAY, DayText, End, Start, day_of, whole_day
from dsa_hcal_assets.web.streams import AT_ONCE, WrittenAnswer

MOST_ROWS = 10_000_000
USUAL_ROWS = 1_000_000
MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA.values()}, "description": "The rows"},
    404: {"description": "Nothing of that name may be exported"},
}
Label = Annotated[
    str,
    Path(
        pattern=r"^[a-z_]{1,20}\.[a-z0-9_]{1,63}$",
        max_length=90,
        description="`name` of an item of /api/exports",
    ),
]


class Export(BaseModel):
    """A table or view that may be exported."""

    name: str
    comment: str
    time_column: str | None = Field(
        description="What `date`, `start` and `end` go by; null: rows have no time"
    )
    columns: dict[str, str] = Field(description="PostgreSQL's type by name")


def routes(web: Web) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["exports"])
    limiter = anyio.CapacityLimiter(AT_ONCE)

    @router.get("/api/exports")
    def exports() -> list[Export]:
        """Tables and views that may be exported."""
        return [
            Export(name=one.label, comment=one.comment, time_column=one.time_column, columns=one.columns)
            for one in exportable(web.reader).values()
        ]

    @router.get("/api/exports/{name}", response_class=Response, responses=BAD_DAY | _ANSWERS)
    def export(
        name: Label,
        format: Literal["csv", "parquet"] = "csv",
        date: DayText = None,
        start: Start | None = None,
        end: End | None = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Most rows")] = USUAL_ROWS,
    ) -> Response:
        """Rows of a table or view in order of time: of a day, or with start <= time < end.

        The answer begins before the last row is known, and breaks off where something fails. One that ends
        as it should is whole, unless it has `limit` rows: then there may be more.
        """
        source = exportable(web.reader).get(name)
        if source is None:
            raise HTTPException(
                404, f"{name} may not be exported, or is not there; /api/exports lists what may"
            )
        first, last = _bounds(date, start, end)
        try:
            query = rows_of(source, first, last, limit)
        except NoTime as error:
            raise HTTPException(422, str(error)) from error
        write = partial(write_csv, web.export_reader, query)
        if format == "parquet":
            write = partial(write_parquet, web.export_reader, source, query)
        headers = {
            "Content-Disposition": f'attachment; filename="{_file_name(source, date)}.{format}"',
            "X-Row-Limit": str(limit),
        }
        return WrittenAnswer(write, limiter, media_type=MEDIA[format], headers=headers)

    return router


def _bounds(
    date: str | None, start: datetime | None, end: datetime | None
) -> tuple[datetime | None, datetime | None]:
    if date is None:
        if start and end and end <= start:
            raise HTTPException(422, "end: a time after `start` is expected")
        return start, end
    if start or end:
        raise HTTPException(422, "either `date`, or `start` and `end` are expected")
    return whole_day(day_of(date))


def _file_name(source: Exportable, date: str | None) -> str:
    return source.label if date is None else f"{source.label}_{date}"
