-- The bias supplies' log under the names that dashboards and analyses already use.

create view public.hcalmpodlog as
select
    -- asked of the snapshot, not of the reading: an equality on time then finds the one cycle first
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
-- a range of times is found cycle by cycle: joined as a whole, an hour would read every month, since a
-- local time in a zone that can be set is no range of UTC for the planner
cross join lateral (
    select slot, channel, hcal_sector, v_set, v_meas, i_limit, i_meas, status
    from hcal.supply_reading
    where ts = s.cycle and kind = 'mpod' and hcal_sector is not null
    offset 0  -- keeps the planner from joining them as a whole after all
) r
where s.source = 'supplies';
comment on view public.hcalmpodlog is 'Compatibility: bias supplies of the HCal sectors by time (naive local time, see hcal.local_zone), slot and channel. Units as its rows show them (currents of 50-200, limits of 5.5): an assumption, hcal.supply_reading says V and A';
comment on column public.hcalmpodlog.time is 'Start of the cycle, local naive time';
comment on column public.hcalmpodlog.slot is 'Slot in the crate';
comment on column public.hcalmpodlog.channel is 'Channel of the slot';
comment on column public.hcalmpodlog.hcal is 'Sector: 0-31 outer, 32-63 inner';
comment on column public.hcalmpodlog.vset is 'Voltage set, V';
comment on column public.hcalmpodlog.vmeas is 'Voltage measured, V';
comment on column public.hcalmpodlog.ilimit is 'Current limit, mA';
comment on column public.hcalmpodlog.imeas is 'Current measured, uA';
comment on column public.hcalmpodlog.status is 'WIENER outputStatus as a number: bit n of the MIB is the number''s bit n';
