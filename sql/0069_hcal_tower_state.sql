-- The state of every tower that is valid at a time or at the begin of a run: the nearest reading not
-- older than allowed, the gain correction and the bad channels of that time. Plain types only, times
-- naive UTC, so that any ODBC client can read it.

create function hcal.state_status(temperature real, bias real, corrected boolean, bad_severity integer)
returns integer language sql immutable parallel safe as $$
select case when temperature is null then 1 else 0 end
    + case when abs(bias) >= 30 then 0 else 2 end
    + case when corrected then 0 else 4 end
    + case bad_severity when 1 then 8 when 2 then 16 else 0 end
$$;
comment on function hcal.state_status is
    'What is wrong with a tower''s state, 0: nothing, else a sum of: 1 no temperature, 2 bias unknown or off '
    '(below 30 V), 4 gain not corrected, 8 bad but usable (hcal.bad_channel), 16 bad';

create function hcal.correction_at(moment timestamptz)
returns table (tower_id smallint, gain real, gain_error real, correction_set bigint)
language sql stable parallel safe as $$
select g.tower_id, g.gain, g.gain_error, g.correction_set
from hcal.gain_correction g
where g.correction_set = (
    select c.correction_set from hcal.correction_set c
    where c.day = ($1 at time zone 'UTC')::date and c.verdict in ('pass', 'warn')
    order by c.correction_set desc limit 1
) and g.validity @> $1 and g.gain is not null
$$;
comment on function hcal.correction_at(timestamptz) is
    'Gain corrections valid at a time, of the newest passed set of its day; units as in hcal.gain_correction';

create function hcal.bad_channel_at(moment timestamptz)
returns table (tower_id smallint, severity integer, reasons text)
language sql stable parallel safe as $$
select b.tower_id, max(b.severity)::integer, string_agg(distinct b.reason, ', ' order by b.reason)
from hcal.bad_channel b where b.validity @> $1 group by b.tower_id
$$;
comment on function hcal.bad_channel_at(timestamptz) is
    'Towers bad at a time, each once: its worst severity and all reasons (hcal.bad_channel)';

create function hcal.tower_state_at(moment timestamptz, max_age interval default interval '1 hour')
returns table (
    tower_id integer,
    detector integer,
    towerid integer,
    tower_key integer,
    ieta integer,
    iphi integer,
    reading_time timestamp,
    age_seconds double precision,
    temperature real,
    leakage real,
    bias_offset real,
    bias real,
    gain_mode text,
    gain real,
    gain_error real,
    correction_set bigint,
    bad_severity integer,
    bad_reasons text,
    status integer
)
language sql stable parallel safe rows 3072 as $$
with nearest as materialized (
    select r.* from hcal.tower_reading r
    where r.ts = hcal.nearest_cycle($1, $2) and r.temperature is not null
), missing as materialized (
    select t.tower_id from hcal.tower t
    where t.detector < 2 and not exists (select from nearest n where n.tower_id = t.tower_id)
), other_cycles as materialized (
    select s.cycle from hcal.snapshot s
    where s.cycle between $1 - $2 and $1 + $2 and exists (select from missing)
), reading as (
    select * from nearest
    union all
    -- towers that were not read then: their nearest temperature, else their nearest reading at all
    (select distinct on (r.tower_id) r.*
    from other_cycles c
    join hcal.tower_reading r on r.ts = c.cycle
    join missing m on m.tower_id = r.tower_id
    order by r.tower_id, r.temperature is null, greatest(r.ts - $1, $1 - r.ts), r.ts)
)
select
    t.tower_id::integer, t.detector::integer, t.towerid::integer, t.packed_key,
    t.ieta::integer, t.iphi::integer,
    r.ts at time zone 'UTC', extract(epoch from $1 - r.ts)::double precision,
    r.temperature, r.leakage, r.bias_offset, r.bias, r.gain::text,
    coalesce(g.gain, 1::real), g.gain_error, g.correction_set,
    coalesce(b.severity, 0), coalesce(b.reasons, ''),
    hcal.state_status(r.temperature, r.bias, g.gain is not null, b.severity)
from hcal.tower t
left join reading r on r.tower_id = t.tower_id
left join hcal.correction_at($1) g on g.tower_id = t.tower_id
left join hcal.bad_channel_at($1) b on b.tower_id = t.tower_id
where t.detector < 2
$$;
comment on function hcal.tower_state_at(timestamptz, interval) is
    'State of the 3072 HCal towers valid at a time: a row each. reading_time (UTC): the reading nearest to the '
    'time, of towers not read then their own nearest, at most max_age away; null: none, and with it all readings. '
    'age_seconds: time asked for less reading_time. Units as in hcal.tower_reading. gain: factor to multiply a '
    'signal by (hcal.gain_correction, newest passed set of the day), 1 where there is none. bad_severity, '
    'bad_reasons: hcal.bad_channel; 0 and empty: not bad. status: hcal.state_status, 0 all well';

create function hcal.tower_state_of_run(run_number integer, max_age interval default interval '1 hour')
returns table (
    tower_id integer, detector integer, towerid integer, tower_key integer, ieta integer, iphi integer,
    reading_time timestamp, age_seconds double precision, temperature real, leakage real, bias_offset real,
    bias real, gain_mode text, gain real, gain_error real, correction_set bigint, bad_severity integer,
    bad_reasons text, status integer
)
language sql stable parallel safe rows 3072 as $$
select s.* from hcal.run r cross join lateral hcal.tower_state_at(r.started_at, $2) s where r.run_number = $1
$$;
comment on function hcal.tower_state_of_run(integer, interval) is
    'hcal.tower_state_at the begin of a run; no row at all: the run is not known';

create view hcal.tower_state_by_run as
select r.run_number, r.started_at at time zone 'UTC' as run_started, s.*
from hcal.run r cross join lateral hcal.tower_state_at(r.started_at) s;
comment on view hcal.tower_state_by_run is
    'hcal.tower_state_at the begin of each run, readings at most an hour away; ask with "where run_number = ..."';

create view hcal.tower_state_now as select * from hcal.tower_state_at(now());
comment on view hcal.tower_state_now is 'hcal.tower_state_at this moment';
