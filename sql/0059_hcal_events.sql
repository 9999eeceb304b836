-- What was done to the detector and when: control-plane events, and what follows from them: the list
-- of runs and the set points. Events arrive in any order; the two tables that follow are the same for all.

create table hcal.event (
    event_id bigint generated always as identity primary key,
    at timestamptz not null,
    kind text not null check (kind in (
        'led_on', 'led_off', 'test_pulse_on', 'test_pulse_off', 'gain_changed', 'offsets_changed',
        'run_started', 'run_ended', 'power_cut', 'note'
    )),
    detector smallint check (detector between 0 and 2),
    half_sector smallint check (half_sector between 0 and 127),
    tower_id smallint check (tower_id between 0 and 27647),
    run_number integer check (run_number >= 0),
    value jsonb not null default '{}' check (jsonb_typeof(value) = 'object'),
    source text not null check (source <> ''),
    recorded_at timestamptz not null default clock_timestamp(),
    arrival_id bigint unique references platform.arrival,
    topic text not null generated always as (
        case
            when kind in ('led_on', 'led_off') then 'led'
            when kind in ('test_pulse_on', 'test_pulse_off') then 'test_pulse'
            when kind = 'gain_changed' then 'gain'
            when kind = 'offsets_changed' then 'offsets'
            when kind in ('run_started', 'run_ended') then 'run'
            when kind = 'power_cut' then 'power'
            else 'note'
        end
    ) stored,
    scope integer not null generated always as (
        case
            when tower_id is not null then 1000 + tower_id
            when half_sector is not null then 100 + half_sector
            when detector is not null then 1 + detector
            else 0
        end
    ) stored,
    constraint event_one_scope check (num_nonnulls(detector, half_sector, tower_id) <= 1),
    constraint event_of_a_run check (kind not in ('run_started', 'run_ended') or run_number is not null)
);
comment on table hcal.event is 'Time line of what was done to the detector; issuing control is not the platform''s business, recording it is';
comment on column hcal.event.event_id is 'Counts events in the order they were recorded, which is not that in which they happened';
comment on column hcal.event.at is 'When it happened';
comment on column hcal.event.kind is 'What happened: led_on, led_off, test_pulse_on, test_pulse_off, gain_changed, offsets_changed, run_started, run_ended, power_cut, note';
comment on column hcal.event.detector is 'Happened to a whole detector: 0 OHCal, 1 IHCal, 2 EMCal; with half_sector and tower_id null too: to everything';
comment on column hcal.event.half_sector is 'Happened to one half-sector (hcal.tower.half_sector)';
comment on column hcal.event.tower_id is 'Happened to one tower (hcal.tower; EMCal from 3072 on)';
comment on column hcal.event.run_number is 'Data-taking run that started or ended, or in which it happened, where known';
comment on column hcal.event.value is 'What else is known, by kind: docs/data-formats.md';
comment on column hcal.event.source is 'Who said so: a person, a script, a control program';
comment on column hcal.event.recorded_at is 'When the platform took it into its books';
comment on column hcal.event.arrival_id is 'Row of the ledger with the file it came in; null for rows that did not come by file';
comment on column hcal.event.topic is 'What it is about: led, test_pulse, gain, offsets, run, power, note; the newest event of a topic says how things stand';
comment on column hcal.event.scope is 'What it happened to as one number: 0 everything, 1 + detector, 100 + half_sector, 1000 + tower_id';
create index event_by_topic on hcal.event (topic, scope, at);
create index event_by_time on hcal.event (at);
create index event_by_run on hcal.event (run_number, kind) where run_number is not null;

create table hcal.run (
    run_number integer primary key check (run_number >= 0),
    started_at timestamptz not null,
    ended_at timestamptz,
    kind text,
    constraint run_ends_after_its_start check (ended_at >= started_at)
);
comment on table hcal.run is 'Data-taking runs, from run_started and run_ended';
comment on column hcal.run.run_number is 'Number the data acquisition gave it';
comment on column hcal.run.started_at is 'Begin of the run';
comment on column hcal.run.ended_at is 'End of the run; null: it goes on, or nobody said when it ended';
comment on column hcal.run.kind is 'What was taken (physics, cosmics, led, pedestal, ...); null where nobody said';
create index run_by_start on hcal.run (started_at);

create table hcal.set_point (
    tower_id smallint not null check (tower_id between 0 and 27647),
    quantity text not null check (quantity in ('bias_offset', 'gain')),
    validity tstzrange not null check (not isempty(validity)),
    value real not null,
    event_id bigint not null references hcal.event,
    -- no btree_gist on the embedded server: a range of one number, and a constraint a quantity
    constraint set_point_one_bias_offset exclude using gist
        (int4range(tower_id, tower_id, '[]') with &&, validity with &&) where (quantity = 'bias_offset'),
    constraint set_point_one_gain exclude using gist
        (int4range(tower_id, tower_id, '[]') with &&, validity with &&) where (quantity = 'gain')
);
comment on table hcal.set_point is 'What each tower was set to, from offsets_changed and gain_changed; to be compared with what is read back';
comment on column hcal.set_point.tower_id is 'hcal.tower; EMCal from 3072 on';
comment on column hcal.set_point.quantity is 'bias_offset or gain';
comment on column hcal.set_point.validity is 'From the event to the next one that sets the same of the same tower';
comment on column hcal.set_point.value is 'bias_offset: DAC/mV units as in hcal.tower_reading.bias_offset; gain: 0 normal, 1 high';
comment on column hcal.set_point.event_id is 'The event that set it';
create unique index set_point_by_tower on hcal.set_point (tower_id, quantity, lower(validity));
create index set_point_of_event on hcal.set_point (event_id);
