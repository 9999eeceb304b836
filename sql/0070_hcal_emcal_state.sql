-- The state of every EMCal tower that is valid at a time or run, as hcal.tower_state_at for the HCal's.

create function hcal.emcal_state_at(moment timestamptz, max_age interval default interval '1 hour')
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
    temperature_preamp real,
    leakage real,
    bias real,
    gain real,
    gain_error real,
    correction_set bigint,
    bad_severity integer,
    bad_reasons text,
    status integer
)
language sql stable parallel safe rows 24576 as $$
with nearest as materialized (
    select r.* from hcal.emcal_reading r
    where r.ts = hcal.nearest_emcal_cycle($1, $2) and r.temperature_sipm is not null
), missing as materialized (
    select t.tower_id from hcal.emcal_tower t
    where not exists (select from nearest n where n.tower_id = t.tower_id)
), other_cycles as materialized (
    select s.cycle from hcal.source_snapshot s
    where s.source = 'emcal' and s.cycle between $1 - $2 and $1 + $2 and exists (select from missing)
), reading as (
    select * from nearest
    union all
    -- towers that were not read then: their nearest temperature, else their nearest reading at all
    (select distinct on (r.tower_id) r.*
    from other_cycles c
    join hcal.emcal_reading r on r.ts = c.cycle
    join missing m on m.tower_id = r.tower_id
    order by r.tower_id, r.temperature_sipm is null, greatest(r.ts - $1, $1 - r.ts), r.ts)
)
select
    t.tower_id::integer, 2, t.towerid::integer, t.packed_key, t.ieta::integer, t.iphi::integer,
    r.ts at time zone 'UTC', extract(epoch from $1 - r.ts)::double precision,
    r.temperature_sipm, r.temperature_preamp, r.leakage, r.bias,
    coalesce(g.gain, 1::real), g.gain_error, g.correction_set,
    coalesce(b.severity, 0), coalesce(b.reasons, ''),
    hcal.state_status(r.temperature_sipm, r.bias, g.gain is not null, b.severity)
from hcal.emcal_tower t
left join reading r on r.tower_id = t.tower_id
left join hcal.correction_at($1) g on g.tower_id = t.tower_id
left join hcal.bad_channel_at($1) b on b.tower_id = t.tower_id
$$;
comment on function hcal.emcal_state_at(timestamptz, interval) is
    'State of the 24,576 EMCal towers valid at a time: a row each, as hcal.tower_state_at. Units as in '
    'hcal.emcal_reading; temperature: that of the SiPMs';

create function hcal.emcal_state_of_run(run_number integer, max_age interval default interval '1 hour')
returns table (
    tower_id integer, detector integer, towerid integer, tower_key integer, ieta integer, iphi integer,
    reading_time timestamp, age_seconds double precision, temperature real, temperature_preamp real,
    leakage real, bias real, gain real, gain_error real, correction_set bigint, bad_severity integer,
    bad_reasons text, status integer
)
language sql stable parallel safe rows 24576 as $$
select s.* from hcal.run r cross join lateral hcal.emcal_state_at(r.started_at, $2) s where r.run_number = $1
$$;
comment on function hcal.emcal_state_of_run(integer, interval) is
    'hcal.emcal_state_at the begin of a run; no row at all: the run is not known';

create view hcal.emcal_state_by_run as
select r.run_number, r.started_at at time zone 'UTC' as run_started, s.*
from hcal.run r cross join lateral hcal.emcal_state_at(r.started_at) s;
comment on view hcal.emcal_state_by_run is
    'hcal.emcal_state_at the begin of each run, readings at most an hour away; ask with "where run_number = ..."';

create view hcal.emcal_state_now as select * from hcal.emcal_state_at(now());
comment on view hcal.emcal_state_now is 'hcal.emcal_state_at this moment';
