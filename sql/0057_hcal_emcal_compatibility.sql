-- The EMCal's state under the names and columns that reconstruction reads.

create view public.emcal_heartbeat as
select
    -- asked of the snapshot, not of the reading: an equality on time then finds the one cycle first
    (s.cycle at time zone (select hcal.local_zone())) as time,
    (r.tower_id - 3072)::integer as towerid,
    r.temperature_sipm as temp_sipm,
    r.temperature_preamp as temp_pa,
    (-abs(r.bias))::real as bias,
    r.leakage as current
from hcal.source_snapshot s
join hcal.emcal_reading r on r.ts = s.cycle
where s.source = 'emcal';
comment on view public.emcal_heartbeat is 'Compatibility: state of all EMCal towers by time (naive local time, see hcal.local_zone). In the hour that the end of daylight saving time repeats, one local time can name two cycles; hcal.emcal_reading is free of that';
comment on column public.emcal_heartbeat.time is 'Start of the cycle, local naive time';
comment on column public.emcal_heartbeat.towerid is '0-24575';
comment on column public.emcal_heartbeat.temp_sipm is 'SiPM temperature, deg C';
comment on column public.emcal_heartbeat.temp_pa is 'Pre-amplifier temperature, deg C';
comment on column public.emcal_heartbeat.bias is 'Bias, V, stored negative as in hcal_heartbeat';
comment on column public.emcal_heartbeat.current is 'Leakage current';

create function hcal.nearest_emcal_cycle(moment timestamptz, max_age interval default interval '1 hour')
returns timestamptz
language sql stable as $$
    select cycle from (
        (select cycle from hcal.source_snapshot
         where source = 'emcal' and cycle <= moment and cycle >= moment - max_age order by cycle desc limit 1)
        union all
        (select cycle from hcal.source_snapshot
         where source = 'emcal' and cycle > moment and cycle <= moment + max_age order by cycle limit 1)
    ) as neighbours
    -- abs() has no interval form; of two at equal distance the earlier one
    order by greatest(cycle - moment, moment - cycle), cycle limit 1
$$;
comment on function hcal.nearest_emcal_cycle(timestamptz, interval) is 'Cycle of the EMCal nearest to a time, at most max_age away (else null), by two index seeks';

create function public.emcal_heartbeat_time(local_time timestamp, max_age interval default interval '1 hour')
returns timestamp
language sql stable as $$
    select hcal.nearest_emcal_cycle(local_time at time zone hcal.local_zone(), max_age)
        at time zone hcal.local_zone()
$$;
comment on function public.emcal_heartbeat_time(timestamp, interval) is 'emcal_heartbeat.time nearest to a local naive time, at most max_age away: instead of ordering the table by the time difference';
