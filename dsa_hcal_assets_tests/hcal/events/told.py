"""Events for tests, and what a reader of all of them would say of a time: the truth of the time line."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from dsa_hcal_assets.hcal.events.event import ControlEvent, Kind

START = datetime(2025, 6, 5, tzinfo=UTC)
TOPIC = {
    Kind.LED_ON: "led",
    Kind.LED_OFF: "led",
    Kind.TEST_PULSE_ON: "test_pulse",
    Kind.TEST_PULSE_OFF: "test_pulse",
    Kind.GAIN_CHANGED: "gain",
}


def event(kind: Kind | str, minutes: float = 0, **known: Any) -> ControlEvent:
    """Return an event so many minutes after `START`."""
    at = START + timedelta(minutes=minutes)
    return ControlEvent(at=at, kind=Kind(kind), **{"source": "test"} | known)


def history(seed: int, count: int) -> list[ControlEvent]:
    """Return events of random kinds, scopes and times, several of them at one instant; no two contradict."""
    random = np.random.default_rng(seed)
    kinds = [*TOPIC, Kind.POWER_CUT, Kind.OFFSETS_CHANGED]
    scopes: list[dict[str, int]] = [{}, {"detector": 0}, {"detector": 1}, {"detector": 2}]
    scopes += [{"half_sector": number} for number in (0, 17, 63, 64, 127)]
    everywhere = event(Kind.GAIN_CHANGED, 13, value={"gain": "high"})
    found = {everywhere.subject(): everywhere}
    while len(found) < count:
        kind = kinds[random.integers(len(kinds))]
        scope = scopes[random.integers(len(scopes))]
        value: dict[str, Any] = {}
        if kind is Kind.GAIN_CHANGED:
            # a set point of each tower: everything and the EMCal have 27,648 and 24,576 of them
            scope = scope if scope not in ({}, {"detector": 2}) else {"detector": int(random.integers(2))}
            value = {"gain": ["normal", "high"][random.integers(2)]}
        if kind is Kind.OFFSETS_CHANGED:
            tower_id = int(random.choice([5, 700, 1536, 3071, 27647]))
            scope = {"tower_id": tower_id} if random.random() < 0.5 else {"detector": int(random.integers(2))}
            value = {"offset": float(random.integers(-2000, 1270))}
        one = event(kind, int(random.integers(60)), value=value, **scope)
        found.setdefault(one.subject(), one)
    return list(found.values())


def covers(one: ControlEvent, detector: int, half_sector: int | None) -> bool:
    """Tell whether an event concerns a half-sector (None: the EMCal)."""
    if one.tower_id is not None:
        return False
    if one.half_sector is not None:
        return one.half_sector == half_sector
    return one.detector is None or one.detector == detector


def state_at(events: Iterable[ControlEvent], moment: datetime) -> set[tuple[str, int, int | None, str]]:
    """Return (topic, detector, half_sector, state) of what is known at `moment`, from all events."""
    past = sorted((one for one in events if one.at <= moment), key=_standing)
    units: list[tuple[int, int | None]] = [(number // 64, number) for number in range(128)]
    known = {}
    for detector, half_sector in [*units, (2, None)]:
        for one in past:
            if not covers(one, detector, half_sector):
                continue
            for topic in ("led", "test_pulse", "gain"):
                if one.kind is Kind.POWER_CUT:
                    known.pop((topic, detector, half_sector), None)
                elif TOPIC.get(one.kind) == topic:
                    known[topic, detector, half_sector] = _state(one)
    return {(*place, state) for place, state in known.items()}


def offset_at(events: Iterable[ControlEvent], tower_id: int, moment: datetime) -> float | None:
    """Return the offset a tower was set to last at `moment`."""
    told = [one for one in events if one.kind is Kind.OFFSETS_CHANGED and tower_id in one.towers()]
    past = sorted((one for one in told if one.at <= moment), key=_standing)
    return past[-1].value["offset"] if past else None


def _standing(one: ControlEvent) -> tuple[datetime, int, int, int, str]:
    """Later counts; at one instant the narrower scope."""
    narrow = [-1 if number is None else number for number in (one.tower_id, one.half_sector, one.detector)]
    return (one.at, narrow[0], narrow[1], narrow[2], str(one.kind))


def _state(one: ControlEvent) -> str:
    if one.kind is Kind.GAIN_CHANGED:
        return str(one.value["gain"])
    return "on" if one.kind in (Kind.LED_ON, Kind.TEST_PULSE_ON) else "off"
