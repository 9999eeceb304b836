"""Events from landing to the time line: each once, in any order, and what follows from them."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal.events import loading, timeline
from dsa_hcal_assets.hcal.events.event import ControlEvent
from dsa_hcal_assets.hcal.events.event_file import encode_event, write_event
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets_tests.hcal.events import told
from dsa_hcal_assets_tests.hcal.events.told import START, event

MINUTE = timedelta(minutes=1)
SET_POINTS = """
select tower_id, quantity, validity, s.value from hcal.set_point s
order by tower_id, quantity, validity
"""


def land(incoming: Path, ledger: Ledger, database: Database, *events: ControlEvent) -> loading.EventsLoaded:
    for one in events:
        write_event(incoming, one)
    loading.scan(incoming, ledger)
    return loading.load(database, ledger, "run-1")


def stood(database: Database, moment: datetime) -> set[tuple[str, int, int | None, str]]:
    rows = database.rows(
        "select topic, detector, half_sector, state from hcal.event_state_at(%s) where topic <> 'run'",
        (moment,),
    )
    return set(rows)


def test_an_event_lands_and_is_on_the_time_line(database: Database, ledger: Ledger, incoming: Path) -> None:
    one = event("led_on", half_sector=17, value={"mask": 31}, run_number=52000)
    assert land(incoming, ledger, database, one).recorded == 1
    (row,) = timeline.events(database, START, START + MINUTE).to_dict("records")
    assert (row["at"], row["kind"], row["half_sector"], row["value"]) == (START, "led_on", 17, {"mask": 31})
    assert (row["run_number"], row["source"], row["detector"]) == (52000, "test", None)
    assert ledger.balance()["events"].loaded == 1
    assert land(incoming, ledger, database).recorded == 0


def test_a_duplicate_is_recognised_however_it_is_named_and_spelled(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    one = event("power_cut", detector=1)
    land(incoming, ledger, database, one)
    (incoming / "again.json").write_bytes(encode_event(one).replace(b"\n", b"").replace(b"+00:00", b"Z"))
    report = loading.scan(incoming, ledger)
    assert report.duplicates == ["again.json"]
    assert land(incoming, ledger, database).recorded == 0
    assert database.rows("select count(*) from hcal.event") == [(1,)]


def test_a_contradicting_event_goes_to_quarantine_and_the_first_one_stays(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    land(incoming, ledger, database, event("gain_changed", value={"gain": "high"}))
    land(incoming, ledger, database, event("gain_changed", value={"gain": "normal"}))
    (refused,) = ledger.quarantined()
    assert refused.reason is not None
    assert refused.reason["error"] == "InputConflict"
    assert database.rows("select value ->> 'gain' from hcal.event") == [("high",)]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "EventUnreadable"),
        (b"\x00\xff", "EventUnreadable"),
        (encode_event(event("power_cut"))[:-9], "EventUnreadable"),
        (encode_event(event("power_cut", -2e6)), "SnapshotTimeImpossible"),
        (encode_event(event("power_cut", 6e7)), "SnapshotTimeImpossible"),
    ],
)
def test_a_bad_file_is_quarantined_with_the_reason_and_stops_nothing(
    database: Database, ledger: Ledger, incoming: Path, content: bytes, error: str
) -> None:
    incoming.mkdir(parents=True)
    (incoming / "a_bad_one.json").write_bytes(content)
    assert land(incoming, ledger, database, event("led_on")).recorded == 1
    (refused,) = ledger.quarantined()
    assert refused.reason is not None
    assert (refused.name, refused.reason["error"]) == ("a_bad_one.json", error)


def test_a_file_changed_after_it_was_accepted_is_not_recorded(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    path = write_event(incoming, event("led_on"))
    loading.scan(incoming, ledger)
    path.write_bytes(encode_event(event("led_off")))
    ((_, error),) = loading.load(database, ledger, "run-1").quarantined
    assert "changed after it was accepted" in error.what
    assert database.rows("select count(*) from hcal.event") == [(0,)]


def test_a_file_that_is_away_stays_pending(database: Database, ledger: Ledger, incoming: Path) -> None:
    path = write_event(incoming, event("led_on"))
    loading.scan(incoming, ledger)
    path.rename(path.with_suffix(".away"))
    assert loading.load(database, ledger, "run-1") == loading.EventsLoaded(0, ())
    path.with_suffix(".away").rename(path)
    assert loading.load(database, ledger, "run-1").recorded == 1


def test_several_loaders_at_once_record_each_event_once(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    events = told.history(9, 40)
    for one in events:
        write_event(incoming, one)
    loading.scan(incoming, ledger)
    with ThreadPoolExecutor(4) as loaders:
        done = list(loaders.map(lambda n: loading.load(database, ledger, f"run-{n}"), range(4)))
    assert sum(one.recorded for one in done) == len(events)
    assert stood(database, START + 30 * MINUTE) == told.state_at(events, START + 30 * MINUTE)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_order_of_arrival_everything_follows_from_what_happened(
    database: Database, ledger: Ledger, incoming: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH", 7)
    events = told.history(seed, 50)
    order = random.Random(seed)
    shuffled = order.sample(events, len(events))
    for part in (shuffled[:20], shuffled[20:]):
        land(incoming, ledger, database, *part)
    for minutes in (-1, 0, 0.5, 13, 30, 30.5, 59, 1000):
        moment = START + minutes * MINUTE
        assert stood(database, moment) == told.state_at(events, moment)
        for tower_id in (0, 5, 700, 1536, 2000, 3071, 27647):
            rows = database.rows(
                "select value from hcal.set_point"
                " where tower_id = %s and quantity = 'bias_offset' and validity @> %s",
                (tower_id, moment),
            )
            assert [value for (value,) in rows] == [
                value for value in [told.offset_at(events, tower_id, moment)] if value is not None
            ]


def test_intervals_are_the_states_of_all_times(database: Database, ledger: Ledger, incoming: Path) -> None:
    events = told.history(4, 40)
    events += [event("run_started", number, run_number=number) for number in (5, 20, 40)]
    events += [event("run_ended", 15, run_number=5)]
    land(incoming, ledger, database, *events)
    for minutes in (-1, 0, 5, 14.5, 15, 17, 20, 41, 60):
        moment = START + minutes * MINUTE
        held = database.rows(
            "select topic, detector, half_sector, state, started_at, run_number, value, event_id"
            " from hcal.event_interval where started_at <= %(t)s and coalesce(ended_at > %(t)s, true)",
            {"t": moment},
        )
        state = [tuple(row) for row in timeline.state_at(database, moment).astype(object).to_numpy()]
        assert len(held) == len(state)
        known = database.rows("select * from hcal.event_state_at(%s)", (moment,))
        assert sorted(map(str, held)) == sorted(map(str, known))


def test_led_runs_are_found_as_intervals(database: Database, ledger: Ledger, incoming: Path) -> None:
    land(
        incoming,
        ledger,
        database,
        event("led_off", 10, detector=0),
        event("led_on", 0, detector=0, value={"mask": 31}),
        event("power_cut", 20),
        event("led_on", 15, half_sector=3),
    )
    lit = timeline.intervals(database, "led", START, START + 60 * MINUTE)
    lit = lit[lit["state"] == "on"]
    assert set(lit["half_sector"][lit["value"] == {"mask": 31}]) == set(range(64))
    assert set(lit["ended_at"][lit["value"] == {"mask": 31}]) == {START + 10 * MINUTE}
    (later,) = lit[lit["started_at"] > START].to_dict("records")
    assert (later["half_sector"], later["ended_at"]) == (3, START + 20 * MINUTE)


def test_gain_is_a_set_point_of_every_tower_of_the_half_sector(
    database: Database, ledger: Ledger, incoming: Path
) -> None:
    land(
        incoming,
        ledger,
        database,
        event("gain_changed", 10, half_sector=17, value={"gain": "high"}),
        event("gain_changed", 0, detector=0, value={"gain": "normal"}),
    )
    rows = database.rows(
        "select value, upper(validity), count(*) from hcal.set_point where quantity = 'gain'"
        " group by 1, 2 order by 1, 2"
    )
    assert rows == [(0.0, START + 10 * MINUTE, 24), (0.0, None, 1536 - 24), (1.0, None, 24)]


def test_single_offsets_reach_their_towers_only(database: Database, ledger: Ledger, incoming: Path) -> None:
    one = event("offsets_changed", value={"offsets": {"385": -150, "27647": 12.5}})
    land(incoming, ledger, database, one)
    assert database.rows("select tower_id, value from hcal.set_point order by 1") == [
        (385, -150),
        (27647, 12.5),
    ]


class TestRuns:
    def run(self, database: Database) -> list[tuple[Any, ...]]:
        return database.rows("select run_number, started_at, ended_at, kind from hcal.run order by 1")

    def test_start_and_end_may_come_in_any_order(
        self, database: Database, ledger: Ledger, incoming: Path
    ) -> None:
        land(incoming, ledger, database, event("run_ended", 30, run_number=7))
        assert self.run(database) == []
        land(incoming, ledger, database, event("run_started", 0, run_number=7, value={"kind": "led"}))
        assert self.run(database) == [(7, START, START + 30 * MINUTE, "led")]

    def test_a_run_that_ends_before_it_starts_is_refused(
        self, database: Database, ledger: Ledger, incoming: Path
    ) -> None:
        land(incoming, ledger, database, event("run_ended", 0, run_number=7))
        ((_, error),) = land(incoming, ledger, database, event("run_started", 1, run_number=7)).quarantined
        assert type(error).__name__ == "RunEndsBeforeItStarts"
        assert self.run(database) == []
        assert ledger.balance()["events"].quarantined == 1

    def test_a_run_starts_once(self, database: Database, ledger: Ledger, incoming: Path) -> None:
        land(incoming, ledger, database, event("run_started", 0, run_number=7))
        land(incoming, ledger, database, event("run_started", 1, run_number=7))
        assert len(ledger.quarantined()) == 1
        assert self.run(database) == [(7, START, None, None)]

    def test_reconstruction_reads_the_begin_in_local_time(
        self, database: Database, ledger: Ledger, incoming: Path
    ) -> None:
        land(incoming, ledger, database, event("run_started", 0, run_number=7))
        assert database.rows("select brtimestamp from run where runnumber = 7") == [
            (datetime(2025, 6, 4, 20, 0),)  # New York, summer
        ]

    def test_a_run_of_the_run_number_file_begins_with_the_first_cycle_that_carried_it(
        self, day: Database
    ) -> None:
        assert day.rows("select * from run") == [(52000, datetime(2025, 6, 4, 20, 0))]


def test_what_stood_long_ago_is_found_by_the_index(database: Database) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "insert into hcal.event (at, kind, half_sector, source)"
            " select '2024-01-01Z'::timestamptz + n * interval '1 minute',"
            " case n / 128 % 2 when 0 then 'led_on' else 'led_off' end, n % 128, 'test'"
            " from generate_series(0, 59999) n"
        )
        cursor.execute("analyze hcal.event")
        cursor.execute(
            "explain (analyze, buffers, format json) select * from hcal.event_state_at('2024-01-03Z')"
        )
        ((plan,),) = cursor.fetchall()
    pages = plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]
    assert pages < 4000  # the table and its indices have more than four times as many
    assert len(timeline.state_at(database, datetime(2024, 1, 3, tzinfo=UTC))) == 128
