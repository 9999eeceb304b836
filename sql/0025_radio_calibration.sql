-- Which calibration set holds when: ranges that cannot overlap, and the history of every set.

create schema if not exists radio;

create table radio.calibration_stream (
    stream_id integer generated always as identity primary key,
    profile text not null check (profile <> ''),
    kind text not null check (kind <> ''),
    unique (profile, kind)
);
comment on table radio.calibration_stream is
    'Sets of one telescope profile and kind follow each other in time: one holds at any moment';
comment on column radio.calibration_stream.kind is 'calibrator: solved on a calibrator of known flux density';

create table radio.calibration_set (
    set_id bigint generated always as identity primary key,
    stream_id integer not null references radio.calibration_stream,
    product_id bigint not null unique references platform.product,
    group_key text not null,
    calibrator text not null,
    centre timestamptz not null,
    nominal tstzrange not null check (not isempty(nominal)),
    validity tstzrange,
    declination_deg double precision not null check (declination_deg between -90 and 90),
    reference_antenna text not null,
    qa_level text not null check (qa_level in ('pass', 'warn', 'fail')),
    state text not null check (state in ('active', 'superseded', 'retired')),
    registered_at timestamptz not null default clock_timestamp(),
    constraint calibration_set_centre_inside check (centre <@ nominal),
    constraint calibration_set_active_has_validity check ((state = 'active') = (validity is not null)),
    constraint calibration_set_validity_inside check (validity <@ nominal and not isempty(validity)),
    -- a set that failed its checks is kept for the record, but can never be chosen
    constraint calibration_set_failed_is_inactive check (not (state = 'active' and qa_level = 'fail')),
    -- the embedded server has no btree_gist: equality of the stream is overlap of one-element ranges.
    -- deferred: registering a set moves its neighbours' bounds in the same transaction
    constraint calibration_set_no_overlap exclude using gist (
        int4range(stream_id, stream_id, '[]') with &&, validity with &&
    ) where (state = 'active') deferrable initially deferred
);
create index calibration_set_by_centre on radio.calibration_set (stream_id, centre);

comment on table radio.calibration_set is 'Registered calibration sets; rows are never deleted';
comment on column radio.calibration_set.product_id is 'The calibration_tables product, a version of it';
comment on column radio.calibration_set.group_key is 'Group the set was solved on';
comment on column radio.calibration_set.centre is 'Mid-time of that group';
comment on column radio.calibration_set.nominal is 'When its bandpass may be used at all, by the profile';
comment on column radio.calibration_set.validity is
    'When it is the one to use: nominal, cut half-way to the neighbouring active sets; null: not active';
comment on column radio.calibration_set.declination_deg is 'Declination the dishes pointed to, deg';
comment on column radio.calibration_set.qa_level is 'Worst verdict on its solutions';
comment on column radio.calibration_set.state is
    'active; superseded: a newer solve of the same group replaced it; retired: by hand or by its checks';

create table radio.calibration_event (
    event_id bigint generated always as identity primary key,
    set_id bigint not null references radio.calibration_set,
    at timestamptz not null default clock_timestamp(),
    state text not null,
    reason text not null check (reason <> '')
);
create index calibration_event_of_set on radio.calibration_event (set_id, at);
comment on table radio.calibration_event is 'Every change of state of a calibration set, with its reason';

create view radio.calibration_sets as
select
    s.set_id, c.profile, c.kind, s.state, s.qa_level, s.group_key, s.calibrator, s.centre,
    lower(s.validity) as valid_from, upper(s.validity) as valid_until, s.nominal, s.validity,
    s.declination_deg, s.reference_antenna, s.product_id, p.partition, p.version, p.path, p.checksum,
    s.registered_at
from radio.calibration_set s
join radio.calibration_stream c using (stream_id)
join platform.product p using (product_id);
comment on view radio.calibration_sets is
    'Calibration sets with their products; which holds at t: where state = ''active'' and validity @> t';
