"""A simulated day with anomalies whose place, time and kind are known: recall and false alarms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from dsa_hcal_assets.hcal.anomalies import places
from dsa_hcal_assets.hcal.mapping import geometry
from dsa_hcal_assets.hcal.mapping.channel_map import BOARDS
from dsa_hcal_assets_tests.hcal.anomalies.conftest import Look
from dsa_hcal_assets_tests.hcal.anomalies.scene import START, STEP, Scene, quiet

CYCLES = 144
OF_A_KIND = 12


@dataclass(frozen=True)
class Injected:
    """What was put into a scene: kind and quantity it must be found as, where, and which cycles."""

    kind: str
    quantity: str
    place: str
    start: int
    end: int


def test_what_was_injected_is_found_and_little_else(look: Look) -> None:
    before = [quiet(24, START - timedelta(days=days)) for days in (3, 2, 1)]
    scene = quiet(CYCLES)
    truth = list(inject(scene, np.random.default_rng(20250605)))
    found = look(*before, scene)

    missed = [one for one in truth if not is_found(one, found)]
    assert len(truth) == 7 * OF_A_KIND + 3
    assert len(missed) <= 0.02 * len(truth), missed
    # an injected tower shows up as more than one kind; elsewhere nothing may
    false = found[~found["place"].isin({one.place for one in truth})]
    assert len(false) <= 1, false[["kind", "quantity", "place", "started_at", "value"]].to_string()


def is_found(one: Injected, found: pd.DataFrame) -> bool:
    """Whether there is exactly this anomaly, with its first sample and its end right to the cycle."""
    same = found[
        (found["kind"] == one.kind)
        & (found["quantity"] == one.quantity)
        & (found["place"] == one.place)
        & (found["started_at"] == START + one.start * STEP)
    ]
    if len(same) != 1:
        return False
    end = same["ended_at"].iloc[0]
    return bool(pd.isna(end) if one.end >= CYCLES else end == START + one.end * STEP)


def inject(scene: Scene, random: np.random.Generator) -> Iterator[Injected]:
    """Change the scene; each tower, half-sector and board is used once."""
    towers = iter(random.permutation(geometry.HCAL_TOWERS).tolist())
    halves = iter(random.permutation(geometry.HALF_SECTORS).tolist())

    def on_towers(kind: str, quantity: str, change: Callable[[int, slice], None]) -> Iterator[Injected]:
        for _ in range(OF_A_KIND):
            tower, (start, end) = next(towers), span(random)
            change(tower, slice(start, end))
            yield Injected(kind, quantity, places.towers()[tower].name, start, end)

    def hot(tower: int, when: slice) -> None:
        scene.temperature[when, tower] = random.uniform(31, 40)

    def drifted(tower: int, when: slice) -> None:
        scene.temperature[when, tower] += random.choice([-1, 1]) * random.uniform(1.6, 4)

    def leaking(tower: int, when: slice) -> None:
        scene.leakage[when, tower] = random.uniform(15, 100)

    def dead(tower: int, when: slice) -> None:
        scene.leakage[when, tower] = 0

    def lost_offset(tower: int, when: slice) -> None:
        scene.bias_offset[when.start :, tower] = random.uniform(-2000, 1270)

    yield from on_towers("limit", "temperature", hot)
    yield from on_towers("history", "temperature", drifted)
    yield from on_towers("limit", "leakage", leaking)
    yield from on_towers("history", "leakage", dead)
    for one in on_towers("change", "bias_offset", lost_offset):
        yield Injected(one.kind, one.quantity, one.place, one.start, one.start + 1)
    for _ in range(OF_A_KIND):
        half, (start, end) = next(halves), span(random)
        scene.bias[start:end, half] = random.uniform(0, 5)
        yield Injected("off", "bias", places.half_sectors()[half].name, start, end)
    for half in (one for one in list(halves)[: 4 * OF_A_KIND : 4]):
        start, end = span(random)
        scene.high_gain[start:end, half] = True
        yield Injected("mode", "gain", places.half_sectors()[half].name, start, end)
    for board in random.choice(BOARDS, 3, replace=False).tolist():
        start = int(random.integers(CYCLES - 10, CYCLES - 4))
        scene.down |= {(cycle, board) for cycle in range(start, CYCLES)}
        yield Injected("silent", "replies", f"board {board}", start, CYCLES)


def span(random: np.random.Generator) -> tuple[int, int]:
    """An hour and more of the day's first 130 cycles, before boards fall silent."""
    start = int(random.integers(3, 100))
    return start, start + int(random.integers(6, 30))
