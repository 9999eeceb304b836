-- What reconstruction and dashboards already read, under the names and columns they use.

create function hcal.local_zone() returns text
language sql stable as $$
    select coalesce(
        nullif(current_setting('dsa_hcal.local_zone', true), ''),
        (select value from hcal.setting where name = 'local_zone'),
        'America/New_York')
$$;
comment on function hcal.local_zone() is 'Zone of naive times in compatibility views: the session''s dsa_hcal.local_zone, else hcal.setting, else America/New_York';

create view public.hcal_heartbeat as
select
    -- asked of the snapshot, not of the reading: an equality on time then finds the one cycle first
    (s.cycle at time zone (select hcal.local_zone())) as time,
    (case when r.tower_id < 1536 then 0 else 1 end) as detector,
    (r.tower_id % 1536)::integer as towerid,
    (case r.gain when 'normal' then 'Norm' when 'high' then 'High' end)::varchar(4) as gain,
    r.lv_positive as vp,
    (-abs(r.bias))::real as vb,
    r.lv_negative as vn,
    r.bias_offset as vmod,
    r.leakage as current,
    r.temperature as temp
from hcal.snapshot s
join hcal.tower_reading r on r.ts = s.cycle;
comment on view public.hcal_heartbeat is 'Compatibility: state of all towers by time (naive local time, see hcal.local_zone) and detector. In the hour that the end of daylight saving time repeats, one local time can name two cycles; hcal.tower_reading is free of that';
comment on column public.hcal_heartbeat.time is 'Start of the cycle, local naive time';
comment on column public.hcal_heartbeat.detector is '0 = HCALOUT, 1 = HCALIN';
comment on column public.hcal_heartbeat.towerid is '0-1535';
comment on column public.hcal_heartbeat.gain is 'Norm or High';
comment on column public.hcal_heartbeat.vp is 'Positive low voltage, V';
comment on column public.hcal_heartbeat.vb is 'Bias, V, stored negative';
comment on column public.hcal_heartbeat.vn is 'Negative low voltage, V';
comment on column public.hcal_heartbeat.vmod is 'Bias offset as set';
comment on column public.hcal_heartbeat.current is 'Leakage current';
comment on column public.hcal_heartbeat.temp is 'SiPM temperature, deg C';

create function hcal.nearest_cycle(moment timestamptz, max_age interval default interval '1 hour')
returns timestamptz
language sql stable as $$
    select cycle from (
        (select cycle from hcal.snapshot where cycle <= moment and cycle >= moment - max_age order by cycle desc limit 1)
        union all
        (select cycle from hcal.snapshot where cycle > moment and cycle <= moment + max_age order by cycle limit 1)
    ) as neighbours
    -- abs() has no interval form; of two at equal distance the earlier one
    order by greatest(cycle - moment, moment - cycle), cycle limit 1
$$;
comment on function hcal.nearest_cycle(timestamptz, interval) is 'Cycle nearest to a time, at most max_age away (else null), by two index seeks';

create function public.hcal_heartbeat_time(local_time timestamp, max_age interval default interval '1 hour')
returns timestamp
language sql stable as $$
    select hcal.nearest_cycle(local_time at time zone hcal.local_zone(), max_age) at time zone hcal.local_zone()
$$;
comment on function public.hcal_heartbeat_time(timestamp, interval) is 'hcal_heartbeat.time nearest to a local naive time, at most max_age away: instead of ordering the table by the time difference';
