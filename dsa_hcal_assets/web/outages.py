"""A database that is away: 503 with the reason, never an empty answer."""

import logging

import psycopg2
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

OUTAGES = (DatabaseUnavailable, psycopg2.Error)


def add_outage_answers(app: FastAPI) -> None:
    """Answer every request that meets an outage with 503."""
    for kind in OUTAGES:
        app.add_exception_handler(kind, _unavailable)


def reason_of(error: Exception) -> str:
    """Return what may be shown of an outage."""
    # A driver's text may hold parts of a query; the platform's own errors are made to be shown.
    shown = isinstance(error, DatabaseUnavailable)
    return str(error) if shown else f"the database refused a query ({type(error).__name__})"


def _unavailable(_: Request, error: Exception) -> JSONResponse:
    logger.warning("no answer from the database: %s", error)
    reason = reason_of(error)
    content = {"detail": reason, "status": "unavailable", "database": "down", "reason": reason}
    return JSONResponse(content | {"timestamp": utc_now().isoformat()}, status_code=503)
