"""Supplies in trouble: every sample that could be read is in the database once, and nothing else."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from dsa_hcal_assets.hcal.acquisition.deadlines import Deadlines
from dsa_hcal_assets.hcal.supplies.output_status import state_of
from dsa_hcal_assets.hcal.supplies.polling import PolledSupplies
from dsa_hcal_assets.simulation.boards.faults import Faults
from dsa_hcal_assets.simulation.supplies.bench import LV, METER, MPOD, SimulatedSupplies
from dsa_hcal_assets_tests.hcal.supplies.scene import NOW

CYCLES = 16
LV_EVERY = 5
TROUBLE = (Faults(down=True), Faults(mute=True), Faults(garbage=True))
HASTY = Deadlines(connect=1.0, reply=0.25, board=4.0, quiet=0.02, backoff=0.01)

Sample = tuple[str, int, int, datetime]


@dataclass
class Story:
    """What happens in each cycle, and the truth of what was readable.

    Attributes
    ----------
    samples
        Voltage and state (None: no status) of each readable sample.
    silent
        Supplies that were due and not readable.
    """

    moment: datetime = NOW
    samples: dict[Sample, tuple[float, str | None]] = field(default_factory=dict)
    silent: set[tuple[datetime, str]] = field(default_factory=set)

    def happen(self, supplies: SimulatedSupplies, dice: random.Random) -> None:
        """Switch and trip some channels."""
        for channel in dice.sample(sorted(supplies.mpod.channels), 3):
            supplies.mpod.channels[channel].trip()
        for channel in dice.sample(sorted(supplies.mpod.channels), 3):
            supplies.mpod.channels[channel].switch(dice.random() < 0.7, self.moment)
        supplies.lv.enabled[dice.randrange(1, 17)] = dice.randrange(256)

    def note(self, supplies: SimulatedSupplies, number: int, troubled: set[str]) -> None:
        """Write down what is true now."""
        due = {MPOD, METER} | ({LV} if number % LV_EVERY == 0 else set())
        self.silent |= {(self.moment, name) for name in due & troubled}
        readable = due - troubled
        if MPOD in readable:
            for slot, channel in supplies.mpod.channels:
                truth = supplies.mpod.truth(slot, channel)
                self.samples[MPOD, slot, channel, self.moment] = (truth.v_meas, state_of(truth.status))
        if LV in readable:
            for slot in supplies.lv.enabled:
                for value, volts in enumerate(supplies.lv.voltages(slot)):
                    self.samples[LV, slot, value, self.moment] = (volts, None)
        if METER in readable:
            self.samples[METER, 0, 0, self.moment] = (supplies.meter.truth()[0], None)


async def lived(dice: random.Random) -> tuple[Story, list]:
    story = Story()
    supplies = SimulatedSupplies(7, lv_every=LV_EVERY, now=lambda: story.moment)
    await supplies.start()
    polled, snapshots = PolledSupplies(supplies.units, HASTY), []
    try:
        for number in range(CYCLES):
            troubled = {name for name in (MPOD, LV, METER) if dice.random() < 0.25}
            for name in (MPOD, LV, METER):
                await supplies.set_faults(name, dice.choice(TROUBLE) if name in troubled else Faults())
            story.happen(supplies, dice)
            story.note(supplies, number, troubled)
            snapshots.append(await polled.take(story.moment, number, "story", -1))
            story.moment += timedelta(seconds=20)
    finally:
        polled.close()
        await supplies.stop()
    return story, snapshots


def test_what_could_be_read_is_stored_once_and_what_could_not_is_known(database, load):
    story, snapshots = asyncio.run(lived(random.Random(5)))
    shuffled = random.Random(6).sample(snapshots, len(snapshots))
    load(*shuffled[:9])
    load(*shuffled[9:])

    rows = database.rows("select crate, slot, channel, ts, v_meas, state from hcal.supply_reading")
    assert len(rows) == len(story.samples)
    stored = {(crate, slot, channel, ts): (volts, state) for crate, slot, channel, ts, volts, state in rows}
    assert stored.keys() == story.samples.keys()
    for sample, (volts, state) in story.samples.items():
        assert stored[sample] == (pytest.approx(volts, rel=1e-6, abs=1e-9), state), sample
    assert (
        set(database.rows("select ts, crate from hcal.supply_unit_reading where status <> 'ok'"))
        == story.silent
    )
    assert {state for _, state in story.samples.values()} >= {"On", "Tripped", "Other", None}
    assert len(story.silent) > 5
