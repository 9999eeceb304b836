-- Which calibration set applies at a time and declination: pins, blacklist, damage, sets that are older than
-- their range; what every group was calibrated with, and which groups would get another set today.

alter table radio.calibration_set
    add column pinned boolean not null default false,
    -- narrower than any declination limit in use, wide enough that one pointing is one strip
    add column strip integer not null generated always as ((round(declination_deg * 10))::integer) stored,
    drop constraint calibration_set_state_check,
    add constraint calibration_set_state_check
        check (state in ('active', 'superseded', 'retired', 'blacklisted', 'damaged')),
    add constraint calibration_set_pinned_is_active check (not pinned or state = 'active'),
    drop constraint calibration_set_no_overlap,
    add constraint calibration_set_no_overlap exclude using gist (
        int4range(stream_id, stream_id, '[]') with &&,
        int4range(strip, strip, '[]') with &&,
        int4range(pinned::integer, pinned::integer, '[]') with &&,
        validity with &&
    ) where (state = 'active') deferrable initially deferred;

create index calibration_set_valid_at on radio.calibration_set using gist (validity) where state = 'active';
create index calibration_set_active_centre on radio.calibration_set (stream_id, centre) where state = 'active';

comment on column radio.calibration_set.centre is
    'Transit of the calibrator; where nothing transits, mid-time of the group';
comment on column radio.calibration_set.pinned is 'Chosen by hand: wins over all others while its nominal range holds';
comment on column radio.calibration_set.strip is
    'Declination in steps of 0.1 deg: sets of one strip follow each other in time';
comment on column radio.calibration_set.state is
    'active; superseded: a newer solve of the same group replaced it; retired: by hand or by its checks; '
    'blacklisted: by hand, never to be used; damaged: its tables cannot be read';

create function radio.allot_calibration(stream integer) returns void language sql as $$
with ordered as (
    select set_id, centre, lower(nominal) as first, upper(nominal) as last,
        lag(centre) over w as before, lag(upper(nominal)) over w as before_last,
        lead(centre) over w as after, lead(lower(nominal)) over w as after_first
    from radio.calibration_set where stream_id = stream and state = 'active'
    window w as (partition by strip, pinned order by centre)
), bounds as (
    select set_id,
        -- half-way to the neighbour, or as far as the neighbour does not reach
        case when before is null then first
             else greatest(first, least(before + (centre - before) / 2, before_last)) end as first,
        case when after is null then last
             else least(last, greatest(centre + (after - centre) / 2, after_first)) end as last
    from ordered
)
update radio.calibration_set s set validity = tstzrange(b.first, b.last)
from bounds b where b.set_id = s.set_id and s.validity is distinct from tstzrange(b.first, b.last)
$$;
comment on function radio.allot_calibration is
    'Cuts the nominal ranges of a stream''s active sets so that each moment of a strip has the nearest one';

select radio.allot_calibration(stream_id) from radio.calibration_stream;

create function radio.calibration_at(
    profile text,
    at timestamptz,
    declination_deg double precision default null,
    tolerance_deg double precision default 2.0,
    max_age_hours double precision default 0.0,
    kind text default 'calibrator'
) returns table (set_id bigint, standing text, staleness_hours double precision)
language sql stable rows 1 as $$
select found.set_id, found.standing, extract(epoch from found.distance)::float8 / 3600
from (
    (select s.set_id, case when s.pinned then 'pinned' else 'valid' end as standing, 1 as choice,
        greatest(s.centre - $2, $2 - s.centre) as distance
    from radio.calibration_set s join radio.calibration_stream c using (stream_id)
    where c.profile = $1 and c.kind = $6 and s.state = 'active' and s.validity @> $2
        and ($3 is null or abs(s.declination_deg - $3) <= $4)
    order by s.pinned desc, distance limit 1)
    union all
    (select s.set_id, case when s.nominal @> $2 then 'valid' else 'stale' end, 2,
        greatest(s.centre - $2, $2 - s.centre) as distance
    from radio.calibration_stream c join radio.calibration_set s using (stream_id)
    where c.profile = $1 and c.kind = $6 and s.state = 'active'
        and s.centre between $2 - $5 * interval '1 hour' and $2 + $5 * interval '1 hour'
        and ($3 is null or abs(s.declination_deg - $3) <= $4)
    order by s.nominal @> $2 desc, distance limit 1)
) found
order by found.choice limit 1
$$;
comment on function radio.calibration_at is
    'The set that applies to data of a time and declination (deg; null: any): a pinned one, else the nearest '
    'whose range holds, else (stale) the nearest not further than max_age_hours; no row: none may be used';

create table radio.calibration_use (
    use_id bigint generated always as identity primary key,
    group_key text not null,
    profile text not null,
    at timestamptz not null,
    declination_deg double precision,
    tolerance_deg double precision not null,
    max_age_hours double precision not null,
    set_id bigint references radio.calibration_set,
    standing text not null check (standing in ('pinned', 'valid', 'stale', 'none')),
    staleness_hours double precision,
    reason text not null,
    product_id bigint references platform.product,
    run_id text not null default '',
    decided_at timestamptz not null default clock_timestamp(),
    constraint calibration_use_set check ((set_id is null) = (standing = 'none'))
);
create index calibration_use_of_group on radio.calibration_use (group_key, use_id desc);
create index calibration_use_of_set on radio.calibration_use (set_id);
comment on table radio.calibration_use is
    'Every choice of a calibration set for a group, also that there was none, with its reason; never changed';
comment on column radio.calibration_use.at is 'Mid-time of the group';
comment on column radio.calibration_use.tolerance_deg is 'Largest difference of declinations that was allowed, deg';
comment on column radio.calibration_use.max_age_hours is 'How far a set beyond its range might be, h';
comment on column radio.calibration_use.staleness_hours is 'Between the set''s centre and the data, h';
comment on column radio.calibration_use.reason is 'What was chosen and which nearer sets were not, and why';
comment on column radio.calibration_use.product_id is 'The calibrated_ms made with it; null: none was made';

create view radio.recalibration_due as
select u.group_key, u.profile, u.at, u.set_id as used_set, u.standing as used_standing,
    u.staleness_hours as used_staleness_hours, best.set_id as better_set, best.standing as better_standing,
    best.staleness_hours as better_staleness_hours,
    case when u.set_id is null then 'no set could be used'
         when used.state <> 'active' then 'the set that was used is ' || used.state
         when best.standing = 'pinned' then 'another set is pinned'
         else 'a better set has come' end as why
from (select distinct on (group_key) * from radio.calibration_use order by group_key, use_id desc) u
left join radio.calibration_set used on used.set_id = u.set_id
cross join lateral radio.calibration_at(
    u.profile, u.at, u.declination_deg, u.tolerance_deg, u.max_age_hours) best
where best.set_id is distinct from u.set_id;
comment on view radio.recalibration_due is
    'Groups that would get another calibration set today than they got: to be calibrated again';

create or replace view radio.calibration_sets as
select
    s.set_id, c.profile, c.kind, s.state, s.qa_level, s.group_key, s.calibrator, s.centre,
    lower(s.validity) as valid_from, upper(s.validity) as valid_until, s.nominal, s.validity,
    s.declination_deg, s.reference_antenna, s.product_id, p.partition, p.version, p.path, p.checksum,
    s.registered_at, s.pinned,
    (select e.reason from radio.calibration_event e where e.set_id = s.set_id
     order by e.event_id desc limit 1) as reason
from radio.calibration_set s
join radio.calibration_stream c using (stream_id)
join platform.product p using (product_id);
comment on view radio.calibration_sets is
    'Calibration sets with their products and the reason of their state; which applies: radio.calibration_at';
