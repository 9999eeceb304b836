-- A range of times of hcalmpodlog is found cycle by cycle: joined as a whole, an hour would read every
-- month, since a local time in a zone that can be set is no range of UTC for the planner.

create or replace view public.hcalmpodlog as
select
    (s.cycle at time zone (select hcal.local_zone())) as time,
    r.slot,
    r.channel,
    r.hcal_sector as hcal,
    r.v_set as vset,
    r.v_meas as vmeas,
    (r.i_limit * 1e3)::real as ilimit,
    (r.i_meas * 1e6)::real as imeas,
    r.status
from hcal.source_snapshot s
cross join lateral (
    select slot, channel, hcal_sector, v_set, v_meas, i_limit, i_meas, status
    from hcal.supply_reading
    where ts = s.cycle and kind = 'mpod' and hcal_sector is not null
    offset 0  -- keeps the planner from joining them as a whole after all
) r
where s.source = 'supplies';
