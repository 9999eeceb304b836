-- The time line read: what was on between which times, how things stood at one time, and the runs
-- as reconstruction reads them. Views only: what events mean is computed from them, never kept beside.

create view hcal.event_interval as
select topic, detector, half_sector, state, started_at, ended_at, run_number, value, event_id, ended_by
from (
    select
        about.topic,
        unit.detector,
        unit.half_sector,
        case
            when e.kind in ('led_on', 'test_pulse_on') then 'on'
            when e.kind in ('led_off', 'test_pulse_off') then 'off'
            when e.kind = 'gain_changed' then e.value ->> 'gain'
        end as state,
        e.at as started_at,
        lead(e.at) over line as ended_at,
        e.run_number,
        e.value,
        e.event_id,
        lead(e.event_id) over line as ended_by
    from (
        select (number / 64)::smallint as detector, number::smallint as half_sector from generate_series(0, 127) number
        union all
        select 2::smallint, null
    ) as unit
    cross join (values ('led'), ('test_pulse'), ('gain')) as about (topic)
    join hcal.event e
        on e.topic in (about.topic, 'power') and e.scope in (0, 1 + unit.detector, 100 + unit.half_sector)
    -- at one instant the narrower scope has the last word
    window line as (
        partition by about.topic, unit.detector, unit.half_sector order by e.at, e.scope, e.kind
    )
) as told
where state is not null and ended_at is distinct from started_at
union all
select
    'run', null, null, 'running', r.started_at,
    least(r.ended_at, lead(r.started_at) over (order by r.started_at, r.run_number)),
    r.run_number, coalesce(e.value, '{}'), e.event_id, null
from hcal.run r
left join hcal.event e on e.run_number = r.run_number and e.kind = 'run_started';
comment on view hcal.event_interval is 'What was on between which times: topic led, test_pulse, gain, run. LED, test pulse and gain: one row a half-sector of the HCal (EMCal: the whole detector). A power cut ends what was on; what came back with the power is for the readings to tell';
comment on column hcal.event_interval.topic is 'led, test_pulse, gain or run';
comment on column hcal.event_interval.detector is '0 OHCal, 1 IHCal, 2 EMCal; null for runs';
comment on column hcal.event_interval.half_sector is 'hcal.tower.half_sector; null for the EMCal and for runs';
comment on column hcal.event_interval.state is 'led and test_pulse: on or off; gain: normal or high; run: running';
comment on column hcal.event_interval.started_at is 'Time of the event that began it';
comment on column hcal.event_interval.ended_at is 'Time of the event that ended it; of a run, its end or the start of the next; null: it lasts';
comment on column hcal.event_interval.run_number is 'Run the event named, or the run itself';
comment on column hcal.event_interval.value is 'What the event said besides';
comment on column hcal.event_interval.event_id is 'The event that began it; null for a run without one';
comment on column hcal.event_interval.ended_by is 'The event that ended it; null for runs, and while it lasts';

create function hcal.event_state_at(moment timestamptz)
returns table (
    topic text, detector smallint, half_sector smallint, state text, since timestamptz,
    run_number integer, value jsonb, event_id bigint
)
language sql stable as $$
    with latest as materialized (
        -- a seek in event_by_topic for each topic and scope there can be: 528 of them, however long the history
        select about.topic, scope.number as scope, e.at, e.kind, e.run_number, e.value, e.event_id
        from (values ('led'), ('test_pulse'), ('gain'), ('power')) as about (topic)
        cross join (
            select generate_series(0, 3) as number union all select generate_series(100, 227)
        ) as scope
        cross join lateral (
            select * from hcal.event e
            where e.topic = about.topic and e.scope = scope.number and e.at <= moment
            order by e.at desc, e.kind desc limit 1
        ) as e
    )
    select about.topic, unit.detector, unit.half_sector, told.state, told.at, told.run_number, told.value, told.event_id
    from (
        select (number / 64)::smallint as detector, number::smallint as half_sector from generate_series(0, 127) number
        union all
        select 2::smallint, null
    ) as unit
    cross join (values ('led'), ('test_pulse'), ('gain')) as about (topic)
    cross join lateral (
        select
            l.*,
            case
                when l.kind in ('led_on', 'test_pulse_on') then 'on'
                when l.kind in ('led_off', 'test_pulse_off') then 'off'
                when l.kind = 'gain_changed' then l.value ->> 'gain'
            end as state
        from latest l
        where l.topic in (about.topic, 'power') and l.scope in (0, 1 + unit.detector, 100 + unit.half_sector)
        order by l.at desc, l.scope desc, l.kind desc limit 1
    ) as told
    where told.state is not null
    union all
    select 'run', null, null, 'running', r.started_at, r.run_number, coalesce(e.value, '{}'), e.event_id
    from (select * from hcal.run where started_at <= moment order by started_at desc, run_number desc limit 1) r
    left join hcal.event e on e.run_number = r.run_number and e.kind = 'run_started'
    where r.ended_at is null or r.ended_at > moment
$$;
comment on function hcal.event_state_at(timestamptz) is 'How things stood at a time: the rows of hcal.event_interval that hold then, found by index seeks. What nobody told, and what a power cut left unknown, has no row';

create index snapshot_by_run on hcal.snapshot (run_number, cycle) where run_number >= 0;

create view public.run as
select r.run_number as runnumber, (r.started_at at time zone (select hcal.local_zone())) as brtimestamp
from hcal.run r
union all
-- of a run without events, the first cycle that named it
select s.run_number, (min(s.cycle) at time zone (select hcal.local_zone()))
from hcal.snapshot s
where s.run_number >= 0 and not exists (select from hcal.run r where r.run_number = s.run_number)
group by s.run_number;
comment on view public.run is 'Compatibility: runs and their begin. Of a run whose start no event told, the first acquisition cycle that carried its number';
comment on column public.run.runnumber is 'Number of the data-taking run';
comment on column public.run.brtimestamp is 'Begin of the run, local naive time (hcal.local_zone)';

create table hcal.channel_map_version (
    digest text primary key,
    first_used_at timestamptz not null default clock_timestamp(),
    content text not null
);
comment on table hcal.channel_map_version is 'Every channel map that was ever in use, so that a corrected one can be compared with what days were loaded with';
comment on column hcal.channel_map_version.digest is 'SHA-256 of the map file, as in hcal.snapshot.map_digest';
comment on column hcal.channel_map_version.first_used_at is 'When the platform first loaded with it';
comment on column hcal.channel_map_version.content is 'The rows of the map as CSV, without comments';
