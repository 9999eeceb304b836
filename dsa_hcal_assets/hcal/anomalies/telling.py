"""Severe anomalies become alerts: one for each half-sector or board and kind, one for many at once.

Belongs here: which alerts are due and which troubles are over. Not here: recording and delivering
(alerts/); a trouble that is open is told once, because its alert has a key.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pandas as pd

from dsa_hcal_assets.alerts import Alert, Severity
from dsa_hcal_assets.alerts.record import open_keys, resolve
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_between
from dsa_hcal_assets.hcal.anomalies.words import words
from dsa_hcal_assets.hcal.mapping.geometry import Detector, half_sector_label

CATEGORY = "anomaly"
KEY = "hcal.anomaly"
NEWS = timedelta(days=1)  # what was last seen longer ago comes from a backfill and alarms nobody
MANY = 8  # half-sectors or boards with the same trouble are one trouble of the detector
NAMED = 20  # places listed in one alert


def tell(database: Database, say: Callable[[Alert], None], now: datetime) -> tuple[int, int]:
    """Say what is severe and still going on, and note what is over.

    Parameters
    ----------
    say
        Takes an alert, such as `Installation.tell`.
    now
        Aware.

    Returns
    -------
    tuple
        Alerts due (those told before included), troubles that were found to be over.
    """
    found = anomalies_between(database, now - NEWS, now)
    going_on = list(_troubles(found[(found["severity"] == "error") & found["ended_at"].isna()]))
    due = [_alert(*trouble) for trouble in going_on if trouble[-1]["last_seen_at"].max() > now - NEWS]
    for alert in due:
        say(alert)
    keys = {_key(*names) for *names, _ in going_on}
    over = open_keys(database, f"{KEY}.").keys() - keys
    for key in over:
        resolve(database, key)
    return len(due), len(over)


def _troubles(errors: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """Yield kind, quantity, unit and the anomalies that are one trouble."""
    for (kind, quantity), same in errors.groupby(["kind", "quantity"]):
        units = same.apply(_unit, axis=1)
        if units.nunique() > MANY:
            units = same["detector"].map(_detector)
        for unit, some in same.groupby(units):
            yield str(kind), str(quantity), str(unit), some


def _unit(row: pd.Series) -> str:
    if not pd.isna(row["half_sector"]):
        return half_sector_label(int(row["half_sector"]))
    return str(row["place"])


def _detector(number: int) -> str:
    return "boards" if pd.isna(number) else Detector(number).label


def _key(kind: str, quantity: str, unit: str) -> str:
    return f"{KEY}.{kind}.{quantity}.{unit}"


def _alert(kind: str, quantity: str, unit: str, some: pd.DataFrame) -> Alert:
    worst = some.iloc[(some["value"] - some["limit_value"]).abs().argmax()]
    places = some["place"].unique().tolist()
    value = f"{worst['value']:.4g} (limit {worst['limit_value']:g}) {worst['detail']['unit']}"
    since = some["started_at"].min()
    return Alert(
        Severity.ERROR,
        category=CATEGORY,
        title=f"{unit}: {words(kind, quantity)}",
        message=f"{len(places)} since {since:%Y-%m-%d %H:%M} UTC; worst {worst['place']}: {value}",
        source="hcal",
        partition=f"{since:%Y-%m-%d}",
        details={"kind": kind, "quantity": quantity, "count": len(places), "places": places[:NAMED]},
        dedup_key=_key(kind, quantity, unit),
    )
