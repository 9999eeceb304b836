"""Arrivals are counted in the step of time they came in, source by source."""

from datetime import UTC, datetime, timedelta

from psycopg2.extras import execute_values

from dsa_hcal_assets.ledger.arrival_rates import ArrivalRate, arrival_rates

START = datetime(2025, 6, 5, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)


def test_files_and_bytes_are_counted_step_by_step(database):
    minutes = {"uvh5": [0, 1, 4.99, 5, 14], "rig": [-1, 7, 15]}
    rows = [
        (
            source,
            f"{source}{after}",
            f"{source}{after}",
            100,
            "pending",
            START + timedelta(minutes=after),
            "/x",
        )
        for source, all_of_it in minutes.items()
        for after in all_of_it
    ]
    with database.transaction() as cursor:
        execute_values(
            cursor,
            "insert into platform.arrival (source, name, digest, bytes, state, received_at, incoming_path) "
            "values %s",
            rows,
        )
    assert arrival_rates(database, START, STEP, 3) == [
        ArrivalRate("rig", [0, 1, 0], [0, 100, 0], START + timedelta(minutes=7)),
        ArrivalRate("uvh5", [3, 1, 1], [300, 100, 100], START + timedelta(minutes=14)),
    ]
    assert arrival_rates(database, START + timedelta(days=1), STEP, 3) == []
