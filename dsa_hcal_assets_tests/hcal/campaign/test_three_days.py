"""Three days of the whole detector with outages of everything: nothing lost, nothing twice, every gap known.

The controllers are simulated and real on TCP, the acquisition is a process that is really killed, the
database a server that is really down; only the time is simulated.
"""

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsa_hcal_assets.database import migrations
from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.database.embedded import EmbeddedServer
from dsa_hcal_assets.errors import DatabaseUnavailable
from dsa_hcal_assets.hcal import coverage
from dsa_hcal_assets.hcal.controllers.boards import write_boards
from dsa_hcal_assets.hcal.controllers.snapshot import CONTROLLERS
from dsa_hcal_assets.hcal.mapping.channel_map import ChannelMap
from dsa_hcal_assets.hcal.snapshots.due import due_days
from dsa_hcal_assets.hcal.snapshots.ingest import scan
from dsa_hcal_assets.hcal.towers.loading import load_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.simulation.boards.rack import ThreadedRack, rack_in_thread
from dsa_hcal_assets_tests.conftest import FAST
from dsa_hcal_assets_tests.hcal.campaign import acquisition, truth
from dsa_hcal_assets_tests.hcal.campaign.detector import Said, Trouble, TroubledBoard, troubled_rack

START = datetime(2026, 3, 29, tzinfo=UTC)  # summer time begins in Europe, a month ends
DAYS = timedelta(days=3)
END = START + DAYS
DATABASE_DOWN = (START + timedelta(hours=20), START + timedelta(hours=26))  # over midnight
DAMAGED = 0.1
SECONDS = 60

pytestmark = pytest.mark.timeout(1800)  # all cycles of three days take some minutes


@dataclass(frozen=True)
class Plan:
    """How much of it: all cycles of three days, or fewer.

    Attributes
    ----------
    step
        Time between two cycles.
    kills
        How often the acquisition is killed, half of them in the middle of a cycle.
    """

    step: timedelta
    kills: int

    @property
    def slots(self) -> list[datetime]:
        """When cycles are due."""
        return [START + number * self.step for number in range(round(DAYS / self.step))]


class Acquisition:
    """The acquisition's process, started, told the time, and killed."""

    def __init__(self, boards_file: Path, directory: Path) -> None:
        self._command = [sys.executable, "-m", acquisition.__name__, str(boards_file), str(directory)]
        self._process: subprocess.Popen[str] | None = None

    def cycle(self, moment: datetime) -> None:
        """Let it take a snapshot, and wait until that is on disk."""
        self._tell(moment)
        self._expect(acquisition.WRITTEN)

    def killed_in_cycle(self, moment: datetime, after: float) -> None:
        """Kill it `after` seconds of a cycle; it may have ended by then."""
        self._tell(moment)
        threading.Event().wait(after)
        self.kill()

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=SECONDS)
            self._process = None

    def _tell(self, moment: datetime) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._expect(acquisition.READY)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{moment.isoformat()}\n")
        self._process.stdin.flush()

    def _expect(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word


class Platform:
    """What runs behind incoming: a database that can be down, and what loads into it whenever it is not."""

    def __init__(self, home: Path, incoming: Path, channel_map: ChannelMap) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        self._server = EmbeddedServer(home / "campaign", port, settings=FAST)
        self._server.start()
        self.database = Database(self._server.url(), statement_seconds=30)
        migrations.apply(self.database)
        self.ledger = Ledger(self.database, incoming.parent / "quarantine")
        self._incoming, self._channel_map = incoming, channel_map
        self.refused = 0

    def set_down(self, down: bool) -> None:
        """Stop the database, or start it again."""
        if down == self._server.owned:
            self._server.stop() if down else self._server.start()

    def tick(self) -> None:
        """Do what the sensor and the runs it asks for do; without the database they fail, and that is all."""
        try:
            scan(self._incoming, self.ledger, CONTROLLERS, limit=50)
            for due in due_days(self.database, self.ledger, CONTROLLERS.name):
                load_day(self.database, self.ledger, due.day, self._channel_map, "campaign")
        except DatabaseUnavailable:
            self.refused += 1

    def close(self) -> None:
        """End the database."""
        self.database.close()
        self._server.stop()


@dataclass
class Campaign:
    """Everything at work, and the one who breaks it."""

    plan: Plan
    incoming: Path
    platform: Platform
    rack: ThreadedRack[TroubledBoard]
    acquisition: Acquisition
    said: Said
    moment: datetime = START

    def run(self) -> None:
        """Live through all slots; afterwards the platform has the time to catch up."""
        chance = random.Random(20260329)
        slots = self.plan.slots
        killed = set(chance.sample(range(1, len(slots) - 1), self.plan.kills))
        vanished = {
            board: self._absence(chance) for board in chance.sample(sorted(self.rack.rack.servers), 5)
        }
        restart_at = 0
        for number, self.moment in enumerate(slots):
            self.platform.set_down(DATABASE_DOWN[0] <= self.moment < DATABASE_DOWN[1])
            for board, (first, last) in vanished.items():
                self._set_down(board, first <= self.moment < last)
            if number >= restart_at:
                self._cycle(number in killed, chance)
                if number in killed:
                    restart_at = number + chance.randrange(1, 4)
            if number % 3 == 0:
                self.platform.tick()
        self.acquisition.kill()
        for _ in range(1 + len(slots) // 50):
            self.platform.tick()

    def _cycle(self, kill: bool, chance: random.Random) -> None:
        if not kill:
            self.acquisition.cycle(self.moment)
        elif chance.random() < 0.5:
            self.acquisition.cycle(self.moment)
            self.acquisition.kill()
        else:
            self.acquisition.killed_in_cycle(self.moment, chance.uniform(0, 0.5))

    def _absence(self, chance: random.Random) -> tuple[datetime, datetime]:
        first = START + chance.uniform(0, 0.9) * DAYS
        return first, first + timedelta(hours=chance.uniform(1, 9))

    def _set_down(self, board: str, down: bool) -> None:
        if self.rack.rack.servers[board].faults.down != down:
            self.rack.set_faults(board, Trouble(self.rack.rack.board(board), down=down))

    def taken(self) -> list[datetime]:
        """Return the cycles whose snapshot is on disk, by file name alone."""
        names = {CONTROLLERS.file_name(moment): moment for moment in self.plan.slots}
        return sorted(names[path.name] for path in self.incoming.glob("*.snap"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Plan(timedelta(hours=1), kills=6), id="hourly"),
        pytest.param(Plan(timedelta(minutes=10), kills=20), id="all", marks=pytest.mark.verify),
    ],
)
def campaign(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server_home: Path,
    channel_map: ChannelMap,
) -> Iterator[Campaign]:
    """A campaign that has been run."""
    home = tmp_path_factory.mktemp("campaign")
    incoming, said = home / "incoming" / "hcal", Said()
    platform = Platform(server_home / f"campaign_{request.param.kills}", incoming, channel_map)
    here: list[Campaign] = []
    rack = troubled_rack(lambda: here[0].moment if here else START, said, share=DAMAGED)
    with rack_in_thread(rack) as running:
        write_boards(home / "boards.toml", running.boards)
        acquiring = Acquisition(home / "boards.toml", incoming)
        here.append(Campaign(request.param, incoming, platform, running, acquiring, said))
        try:
            here[0].run()
            yield here[0]
        finally:
            acquiring.kill()
            platform.close()


def test_the_campaign_was_one(campaign: Campaign) -> None:
    """Each trouble did happen: holes after kills, a database that refused, spoiled replies, silent boards."""
    taken = campaign.taken()
    assert len(campaign.plan.slots) - 3 * campaign.plan.kills <= len(taken) < len(campaign.plan.slots)
    acquisitions = campaign.platform.database.rows("select distinct acquisition_id from hcal.snapshot")
    assert len(acquisitions) > campaign.plan.kills / 2
    assert campaign.platform.refused > 0
    complete = sum(len(campaign.said.of(cycle, "80")) for cycle in taken) / (40 * len(taken))
    assert 0.85 < complete < 1
    silent = [
        board for cycle in taken for board in campaign.rack.rack.servers if not campaign.said.of(cycle, board)
    ]
    assert len(set(silent)) >= 5


def test_every_snapshot_on_disk_is_loaded_once(campaign: Campaign) -> None:
    taken, database = campaign.taken(), campaign.platform.database
    assert database.rows("select cycle from hcal.snapshot order by cycle") == [(cycle,) for cycle in taken]
    balance = campaign.platform.ledger.balance()["hcal"]
    assert (balance.accepted, balance.loaded) == (len(taken), len(taken))


def test_every_sample_whose_reply_was_readable_is_in_the_database_once_and_nothing_else_is(
    campaign: Campaign, channel_map: ChannelMap
) -> None:
    rows = campaign.platform.database.rows(
        "select ts, tower_id, temperature, leakage, bias_offset, bias, lv_positive, lv_negative, gain::text"
        " from hcal.tower_reading"
    )
    expected = truth.towers(campaign.said, campaign.taken(), channel_map.at(START))
    assert len(rows) == len(expected)
    assert {(*row[:2], *map(_single, row[2:])) for row in rows} == expected


def test_every_readable_led_and_pin_diode_is_in_the_database_once_and_nothing_else_is(
    campaign: Campaign, channel_map: ChannelMap
) -> None:
    columns = ", ".join(
        f"{name}_{number}" for name in ("led_intensity", "pin_diode") for number in range(1, 6)
    )
    rows = campaign.platform.database.rows(
        f"select ts, (select min(tower_id) from hcal.tower t where t.half_sector = l.half_sector), {columns}"
        f" from hcal.led_reading l where num_nonnulls({columns}) > 0"
    )
    expected = truth.leds(campaign.said, campaign.taken(), channel_map.at(START))
    assert {(*row[:2], *map(_single, row[2:])) for row in rows} == expected
    assert len(rows) == len(expected)


def test_the_gap_list_is_the_truth(campaign: Campaign) -> None:
    found = coverage.gaps(campaign.platform.database, START, END)
    listed = [
        (row.start.to_pydatetime(), row.end.to_pydatetime(), row.board, str(row.reason), row.cycles)
        for row in found.itertuples()
    ]
    assert listed == truth.gaps(
        campaign.said, campaign.taken(), campaign.plan.step, START, END, sorted(campaign.rack.rack.servers)
    )


def _single(value: object) -> object:
    return truth.single(value) if isinstance(value, float) else value
