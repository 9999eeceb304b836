"""What follows from an event for single towers: set points with validity, whatever the order of arrival."""

from collections.abc import Mapping

from psycopg2.extensions import cursor as Cursor

from dsa_hcal_assets.hcal.events.event import ControlEvent, GainSetting, OffsetSetting

NORMAL_GAIN, HIGH_GAIN = 0.0, 1.0

# Of two events at one instant the one with the narrower scope counts, in whatever order they come.
_OVERRULED = """
select s.tower_id from hcal.set_point s join hcal.event e using (event_id)
where s.tower_id = any(%(towers)s::smallint[]) and s.quantity = %(quantity)s and lower(s.validity) = %(at)s
  and e.scope > (select scope from hcal.event where event_id = %(event_id)s)
"""
_REMOVE_OVERRULED = """
delete from hcal.set_point
where tower_id = any(%(towers)s::smallint[]) and quantity = %(quantity)s and lower(validity) = %(at)s
"""
_END_EARLIER = """
update hcal.set_point set validity = tstzrange(lower(validity), %(at)s)
where tower_id = any(%(towers)s::smallint[]) and quantity = %(quantity)s
  and lower(validity) < %(at)s and validity @> %(at)s::timestamptz
"""
_INSERT = """
insert into hcal.set_point (tower_id, quantity, validity, value, event_id)
select c.tower_id, %(quantity)s, tstzrange(%(at)s, (
    select min(lower(s.validity)) from hcal.set_point s
    where s.tower_id = c.tower_id and s.quantity = %(quantity)s and lower(s.validity) > %(at)s
)), c.value, %(event_id)s
from unnest(%(towers)s::smallint[], %(values)s::real[]) as c (tower_id, value)
"""


def values_set(event: ControlEvent) -> tuple[str, Mapping[int, float]] | None:
    """Return the quantity an event sets and the value of each tower; None if it sets nothing.

    Returns
    -------
    str
        ``bias_offset`` (DAC/mV units) or ``gain`` (0 normal, 1 high), as `hcal.set_point.quantity`.
    Mapping
        Value by tower id.
    """
    said = event.said()
    if isinstance(said, GainSetting):
        value = HIGH_GAIN if said.gain == "high" else NORMAL_GAIN
        return "gain", dict.fromkeys(event.towers(), value)
    if isinstance(said, OffsetSetting):
        if said.offset is not None:
            return "bias_offset", dict.fromkeys(event.towers(), said.offset)
        return "bias_offset", said.offsets or {}
    return None


def towers_set(event: ControlEvent) -> int:
    """Return how many towers an event sets something of."""
    found = values_set(event)
    return len(found[1]) if found else 0


def apply(cursor: Cursor, event_id: int, event: ControlEvent) -> None:
    """Write the set points of a recorded event; each holds until the next event that sets the same.

    The caller holds the turn (`loading`), so that two events do not cut one interval at once.
    """
    found = values_set(event)
    if found is None:
        return
    quantity, values = found
    what = {"quantity": quantity, "at": event.at, "event_id": event_id}
    cursor.execute(_OVERRULED, what | {"towers": list(values)})
    overruled = {tower_id for (tower_id,) in cursor.fetchall()}
    kept = {tower_id: value for tower_id, value in values.items() if tower_id not in overruled}
    for statement in (_REMOVE_OVERRULED, _END_EARLIER, _INSERT):
        cursor.execute(statement, what | {"towers": list(kept), "values": list(kept.values())})
