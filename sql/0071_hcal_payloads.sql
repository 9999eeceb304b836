-- Conditions as files: a payload is valid for an interval of time, a global tag chooses one payload for
-- each detector and moment. What was registered never changes, and neither does a published tag.

create table hcal.payload (
    payload_id bigint generated always as identity primary key,
    detector smallint not null check (detector between 0 and 2),
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    product_id bigint not null references platform.product,
    root_file text not null,
    root_sha256 text not null check (root_sha256 ~ '^[0-9a-f]{64}$'),
    parquet_file text not null,
    parquet_sha256 text not null check (parquet_sha256 ~ '^[0-9a-f]{64}$'),
    towers integer not null check (towers > 0),
    correction_set bigint references hcal.correction_set,
    registered_at timestamptz not null default clock_timestamp(),
    check (valid_from < valid_until),
    unique (product_id, detector, valid_from),
    unique (payload_id, detector, valid_from, valid_until)
);
comment on table hcal.payload is 'Payload files: conditions of one detector for one interval of validity; rows are only ever added';
comment on column hcal.payload.payload_id is 'Counts payloads in the order they were registered: of two for the same time the higher is the newer';
comment on column hcal.payload.detector is '0 OHCal, 1 IHCal, 2 EMCal';
comment on column hcal.payload.valid_from is 'First moment it is valid for';
comment on column hcal.payload.valid_until is 'First moment it is no longer valid for';
comment on column hcal.payload.product_id is 'Published product (kind conditions_payload) whose directory the files are in';
comment on column hcal.payload.root_file is 'ROOT file, relative to the product''s directory';
comment on column hcal.payload.root_sha256 is 'SHA-256 of it';
comment on column hcal.payload.parquet_file is 'The same as Parquet, relative to the product''s directory';
comment on column hcal.payload.parquet_sha256 is 'SHA-256 of it';
comment on column hcal.payload.towers is 'Rows of each file';
comment on column hcal.payload.correction_set is 'Set of gain corrections in it; null: not corrected';
comment on column hcal.payload.registered_at is 'When';
create index payload_by_time on hcal.payload (detector, valid_from, payload_id);

create table hcal.global_tag (
    tag_id integer generated always as identity primary key,
    name text not null unique check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    state text not null default 'open' check (state in ('open', 'running', 'published')),
    description text not null default '',
    created_at timestamptz not null default clock_timestamp(),
    published_at timestamptz,
    check ((state = 'published') = (published_at is not null))
);
comment on table hcal.global_tag is 'Named choices of payloads: who names a tag gets the same conditions every time';
comment on column hcal.global_tag.tag_id is 'Number of the tag';
comment on column hcal.global_tag.name is 'Name users know';
comment on column hcal.global_tag.state is 'open: being put together, anything may change; running: only grows where it had no answer; published: never changes again';
comment on column hcal.global_tag.description is 'What it is for';
comment on column hcal.global_tag.created_at is 'When it was made';
comment on column hcal.global_tag.published_at is 'When it was published';

create table hcal.global_tag_payload (
    tag_id integer not null references hcal.global_tag,
    detector smallint not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null,
    payload_id bigint not null,
    added_at timestamptz not null default clock_timestamp(),
    primary key (tag_id, detector, valid_from) include (valid_until, payload_id),
    foreign key (payload_id, detector, valid_from, valid_until)
        references hcal.payload (payload_id, detector, valid_from, valid_until),
    -- no btree_gist on the embedded server, hence the ranges of one number
    constraint global_tag_payload_no_overlap exclude using gist (
        int4range(tag_id, tag_id, '[]') with &&,
        int4range(detector, detector, '[]') with &&,
        tstzrange(valid_from, valid_until) with &&
    )
);
comment on table hcal.global_tag_payload is 'Payloads of each global tag; of one detector no two are valid at one time';
comment on column hcal.global_tag_payload.tag_id is 'hcal.global_tag';
comment on column hcal.global_tag_payload.detector is 'As in hcal.payload';
comment on column hcal.global_tag_payload.valid_from is 'As in hcal.payload';
comment on column hcal.global_tag_payload.valid_until is 'As in hcal.payload';
comment on column hcal.global_tag_payload.payload_id is 'hcal.payload';
comment on column hcal.global_tag_payload.added_at is 'When it was added to the tag';

create function hcal.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% never change once they are registered', tg_argv[0]
        using errcode = 'restrict_violation', hint = tg_argv[1];
end
$$;
comment on function hcal.refuse_change() is 'Trigger: no row may be changed or removed; arguments: what the rows are, what to do instead';

create trigger payload_is_kept before update or delete or truncate on hcal.payload
    for each statement execute function hcal.refuse_change(
        'payloads', 'make a new payload and put it into a new tag');
create trigger global_tag_is_not_emptied before truncate on hcal.global_tag
    for each statement execute function hcal.refuse_change('tags', 'delete open tags one by one');
create trigger global_tag_payload_is_not_emptied before truncate on hcal.global_tag_payload
    for each statement execute function hcal.refuse_change('payloads of tags', 'delete those of open tags');

create function hcal.guard_global_tag() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        if old.state <> 'open' then
            raise exception 'global tag % is %: it cannot be removed', old.name, old.state
                using errcode = 'restrict_violation';
        end if;
        return old;
    end if;
    if old.state = 'published' then
        raise exception 'global tag % is published: it never changes again', old.name
            using errcode = 'restrict_violation', hint = 'make a new tag from it';
    end if;
    if old.state = 'running' and (new.state = 'open' or new.name <> old.name) then
        raise exception 'global tag % is running: it can only be published', old.name
            using errcode = 'restrict_violation', hint = 'make a new tag from it';
    end if;
    if new.tag_id <> old.tag_id or new.created_at <> old.created_at then
        raise exception 'number and age of global tag % are its own', old.name
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function hcal.guard_global_tag() is 'Trigger: published tags never change, running ones can only be published';
create trigger global_tag_guard before update or delete on hcal.global_tag
    for each row execute function hcal.guard_global_tag();

create function hcal.guard_global_tag_payload() returns trigger language plpgsql as $$
declare
    tag hcal.global_tag;
begin
    if tg_op = 'UPDATE' then
        raise exception 'payloads of a tag are added and removed, not changed'
            using errcode = 'restrict_violation';
    end if;
    -- waits for a publication under way, and makes one wait for this transaction
    select * into tag from hcal.global_tag t
        where t.tag_id = case tg_op when 'DELETE' then old.tag_id else new.tag_id end for share;
    if tag.state = 'published' or (tag.state = 'running' and tg_op = 'DELETE') then
        raise exception 'global tag % is %: its payloads stay as they are', tag.name, tag.state
            using errcode = 'restrict_violation', hint = 'make a new tag from it';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function hcal.guard_global_tag_payload() is 'Trigger: payloads of published tags stay, those of running tags can only become more';
create trigger global_tag_payload_guard before insert or update or delete on hcal.global_tag_payload
    for each row execute function hcal.guard_global_tag_payload();

create view hcal.tagged_payload as
select
    t.name as tag, t.state, g.detector::integer as detector,
    g.valid_from at time zone 'UTC' as valid_from, g.valid_until at time zone 'UTC' as valid_until,
    p.payload_id, p.product_id, d.path as directory,
    p.root_file, p.root_sha256, p.parquet_file, p.parquet_sha256, p.towers, p.correction_set
from hcal.global_tag t
join hcal.global_tag_payload g using (tag_id)
join hcal.payload p using (payload_id)
join platform.product d using (product_id);
comment on view hcal.tagged_payload is
    'Payloads of all tags with their files, times naive UTC; directory is relative to the product tree. Which one '
    'is valid at a time: hcal.payload_at';

create function hcal.payload_at(tag text, detector integer, moment timestamptz)
returns table (
    payload_id bigint, valid_from timestamp, valid_until timestamp, directory text,
    root_file text, root_sha256 text, parquet_file text, parquet_sha256 text
)
language sql stable parallel safe rows 1 as $$
select p.payload_id, found.valid_from at time zone 'UTC', found.valid_until at time zone 'UTC', d.path,
    p.root_file, p.root_sha256, p.parquet_file, p.parquet_sha256
from hcal.global_tag t
cross join lateral (
    -- intervals of a tag do not overlap: the last that begins by then is the only one that can hold
    select g.payload_id, g.valid_from, g.valid_until from hcal.global_tag_payload g
    where g.tag_id = t.tag_id and g.detector = $2 and g.valid_from <= $3
    order by g.valid_from desc limit 1
) found
join hcal.payload p on p.payload_id = found.payload_id
join platform.product d on d.product_id = p.product_id
where t.name = $1 and found.valid_until > $3
$$;
comment on function hcal.payload_at(text, integer, timestamptz) is
    'The payload of a global tag for a detector (0 OHCal, 1 IHCal, 2 EMCal) at a time; no row: the tag has none';

create function hcal.payload_of_run(tag text, detector integer, run_number integer)
returns table (
    payload_id bigint, valid_from timestamp, valid_until timestamp, directory text,
    root_file text, root_sha256 text, parquet_file text, parquet_sha256 text
)
language sql stable parallel safe rows 1 as $$
select p.* from hcal.run r cross join lateral hcal.payload_at($1, $2, r.started_at) p where r.run_number = $3
$$;
comment on function hcal.payload_of_run(text, integer, integer) is 'hcal.payload_at the begin of a run';
