"""Reconstruction's way in: unixODBC and psqlODBC as Debian has them, its statements unchanged.

The statements are those of sPHENIX's `CaloTemp` and of the macros around it.
"""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.database import urls
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets_tests.hcal.conditions.conditions_data import add_corrections, add_run
from dsa_hcal_assets_tests.hcal.detector import DAY, cycle
from dsa_hcal_assets_tests.programs import program_of

pytestmark = pytest.mark.odbc

NEAREST = (
    "SELECT time FROM {table} {where} "
    "ORDER BY ABS(EXTRACT(epoch FROM time) - EXTRACT(epoch FROM '{moment}'::timestamp)) LIMIT 1;"
)
NEW_YORK = timedelta(hours=-4)  # in June


def odbc(database: Database, *statements: str) -> list[list[dict[str, str]]]:
    """Run statements through isql and return the rows of each as it prints them."""
    drivers = sorted(Path("/usr/lib").glob("*/odbc/psqlodbcw.so"))
    assert drivers, "isql is installed, psqlODBC's driver is not: apt-get install odbc-postgresql"
    given = urls.parse(database.url)
    connection = {
        "DRIVER": drivers[0],
        "SERVER": given["host"],
        "PORT": given["port"],
        "DATABASE": given["dbname"],
        "UID": given["user"],
        "PWD": given["password"],
    }
    line = ";".join(f"{name}={value}" for name, value in connection.items())
    results = []
    for statement in statements:
        done = subprocess.run(
            [str(program_of("odbc")), "-v", "-k", line, "-b", "-c", "-d|"],
            input=statement + "\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "ERROR" not in done.stdout, done.stdout
        [header, *rows] = done.stdout.splitlines() or [""]
        names = header.split("|")
        results.append([dict(zip(names, row.split("|"), strict=True)) for row in rows if row])
    return results


def local(moment: datetime) -> str:
    return f"{moment + NEW_YORK:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("detector", [0, 1])
def test_the_temperatures_of_a_run_are_found_as_reconstruction_finds_them(
    loaded: Database, detector: int
) -> None:
    add_run(loaded, 52001, cycle(5) + timedelta(minutes=4))
    [[begin]] = odbc(loaded, "SELECT brtimestamp FROM run WHERE runnumber = 52001;")
    assert begin == {"brtimestamp": local(cycle(5) + timedelta(minutes=4))}
    for where in ("", f"WHERE detector={detector}"):
        asked = NEAREST.format(table="hcal_heartbeat", where=where, moment=begin["brtimestamp"])
        [[nearest]] = odbc(loaded, asked)
        assert nearest == {"time": local(cycle(6))}
    at_time = f"WHERE time = '{nearest['time']}' and detector = {detector};"
    [towers] = odbc(loaded, f"SELECT towerid, temp FROM hcal_heartbeat {at_time}")
    truth = loaded.rows(
        "select tower_id %% 1536, temperature from hcal.tower_reading where ts = %s and tower_id / 1536 = %s",
        (cycle(6), detector),
    )
    assert {int(row["towerid"]): float(row["temp"]) for row in towers} == {
        tower: pytest.approx(value, abs=2e-5) for tower, value in truth
    }
    assert len(towers) == 1536


def test_the_emcals_temperatures_too(emcal_day: Database) -> None:
    asked = NEAREST.format(table="emcal_heartbeat", where="WHERE TRUE", moment=local(cycle(4)))
    [[nearest]] = odbc(emcal_day, asked)
    assert nearest == {"time": local(cycle(5))}
    [towers] = odbc(
        emcal_day,
        "SELECT towerid, temp_sipm as temp, temp_pa FROM emcal_heartbeat "
        f"WHERE time = '{nearest['time']}' and towerid < 10;",
    )
    truth = emcal_day.rows(
        "select tower_id - 3072, temperature_sipm, temperature_preamp from hcal.emcal_reading "
        "where ts = %s and tower_id < 3082",
        (cycle(5),),
    )
    found = {int(row["towerid"]): (float(row["temp"]), float(row["temp_pa"])) for row in towers}
    assert found == {tower: pytest.approx(values, abs=2e-5) for tower, *values in truth}


def test_the_valid_state_of_a_run_is_one_statement(loaded: Database) -> None:
    add_run(loaded, 52001, cycle(4))
    add_corrections(loaded, DAY, {7: 1.0625})
    two = "tower_id in (7, 8) order by tower_id"
    [rows, of_view] = odbc(
        loaded,
        f"select * from hcal.tower_state_of_run(52001) where {two}",
        f"select * from hcal.tower_state_by_run where run_number = 52001 and {two}",
    )
    assert [{name: row[name] for name in rows[0]} for row in of_view] == rows
    corrected, plain = rows
    assert (corrected["gain"], corrected["status"], corrected["gain_mode"]) == ("1.0625", "0", "normal")
    assert (plain["gain"], plain["gain_error"], plain["status"]) == ("1", "", "4")
    assert plain["reading_time"] == f"{cycle(4):%Y-%m-%d %H:%M:%S}"


def test_every_column_for_odbc_is_of_a_plain_type(database: Database) -> None:
    plain = {"integer", "bigint", "real", "double precision", "text", "timestamp without time zone"}
    views = (
        "tower_state_by_run",
        "tower_state_now",
        "emcal_state_by_run",
        "emcal_state_now",
        "tagged_payload",
    )
    found: list[tuple[Any, ...]] = database.rows(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'hcal' and table_name = any(%s)",
        (list(views),),
    )
    assert {table for table, _, _ in found} == set(views)
    assert {kind for _, _, kind in found} <= plain
