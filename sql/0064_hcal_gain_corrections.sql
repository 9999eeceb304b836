-- Gain corrections per tower and interval of validity, in sets: a set is made once and never changed.

create table hcal.correction_set (
    correction_set bigint generated always as identity primary key,
    day date not null,
    made_at timestamptz not null default clock_timestamp(),
    method text not null,
    parameters jsonb not null,
    run_id text not null,
    verdict text check (verdict in ('pass', 'warn', 'fail'))
);
comment on table hcal.correction_set is 'One making of the corrections of a day';
comment on column hcal.correction_set.correction_set is 'Number of the set; a later set of a day replaces an earlier one';
comment on column hcal.correction_set.day is 'UTC day whose intervals it covers';
comment on column hcal.correction_set.made_at is 'When';
comment on column hcal.correction_set.method is 'How: led_temperature (LED against the reference run, temperature and bias from slow control)';
comment on column hcal.correction_set.parameters is 'Coefficients, reference run and every other setting';
comment on column hcal.correction_set.run_id is 'The run of the platform that made it';
comment on column hcal.correction_set.verdict is 'Worst verdict of its quality checks; null until judged. Readers use pass and warn only';
create index correction_set_by_day on hcal.correction_set (day, correction_set);

create table hcal.gain_correction (
    correction_set bigint not null references hcal.correction_set,
    tower_id smallint not null,
    validity tstzrange not null check (not isempty(validity)),
    gain real check (gain > 0),
    gain_error real check (gain_error >= 0),
    status smallint not null,
    led_run integer,
    drift real,
    drift_error real,
    temperature real,
    temperature_correction real,
    bias_correction real,
    spread real,
    check ((gain is null) = (gain_error is null)),
    -- no btree_gist on the embedded server, hence the ranges of one number
    exclude using gist (int8range(correction_set, correction_set, '[]') with &&,
                        int4range(tower_id, tower_id, '[]') with &&, validity with &&)
);
comment on table hcal.gain_correction is 'Factor by which the signal of a tower is multiplied, valid for an interval of time; within a set the intervals of a tower do not overlap';
comment on column hcal.gain_correction.correction_set is 'hcal.correction_set';
comment on column hcal.gain_correction.tower_id is 'hcal.tower';
comment on column hcal.gain_correction.validity is 'UTC, begin included, end not';
comment on column hcal.gain_correction.gain is 'Multiplicative correction to the gain of the reference run at the reference temperature: 1 / (drift x temperature and bias response); null where it could not be determined';
comment on column hcal.gain_correction.gain_error is 'Uncertainty of gain for the mean of the interval, one standard deviation';
comment on column hcal.gain_correction.status is 'Sum of: 1 no LED measurement, 2 no temperature, 4 temperature taken from its half-sector, 8 no PIN diode, 16 LED run older than allowed, 32 bad in the LED run, 64 gain outside the sane range, 128 bias unknown. 0: complete';
comment on column hcal.gain_correction.led_run is 'LED run the drift comes from';
comment on column hcal.gain_correction.drift is 'Gain at that run relative to the reference run, both at reference temperature';
comment on column hcal.gain_correction.drift_error is 'Uncertainty of drift';
comment on column hcal.gain_correction.temperature is 'Mean SiPM temperature of the interval, deg C';
comment on column hcal.gain_correction.temperature_correction is '1 / (1 - k (T - Tref)) at that temperature';
comment on column hcal.gain_correction.bias_correction is '1 / response to the change of bias since the LED run';
comment on column hcal.gain_correction.spread is 'Standard deviation of the gain within the interval, relative, from the temperatures: to be added to gain_error for a single moment';
create index gain_correction_by_tower on hcal.gain_correction (correction_set, tower_id);

create view hcal.current_gain_correction as
select c.*
from (
    select distinct on (day) correction_set
    from hcal.correction_set where verdict in ('pass', 'warn')
    order by day, correction_set desc
) s
join hcal.gain_correction c using (correction_set);
comment on view hcal.current_gain_correction is 'Corrections of the newest set of each day that passed its checks';
