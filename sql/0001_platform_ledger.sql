-- What arrived, where it stands, and why it is quarantined.
-- The invariants are held here, not only in code: one row a content, one effect a subject,
-- no row ever lost, no illegal change of state.

create schema if not exists platform;
comment on schema platform is 'Custody: arrivals, products, verdicts, alerts';
create schema if not exists dagster;
comment on schema dagster is 'Tables of Dagster itself: runs, events, schedules';

create table platform.arrival (
    arrival_id bigint generated always as identity primary key,
    source text not null check (source <> ''),
    name text not null check (name <> '' and name !~ '/'),
    subject text,
    partition text,
    digest text not null check (digest <> ''),
    bytes bigint not null check (bytes >= 0),
    state text not null check (state in ('pending', 'loaded', 'quarantined')),
    settled boolean not null default true,
    sample_time timestamptz,
    received_at timestamptz not null default clock_timestamp(),
    loaded_at timestamptz,
    run_id text,
    quarantined_at timestamptz,
    reason jsonb,
    incoming_path text not null,
    quarantine_path text,
    constraint arrival_one_row_a_content unique (source, digest),
    constraint arrival_one_quarantine_place unique (quarantine_path),
    constraint arrival_identified check ((subject is null) = (partition is null)),
    constraint arrival_loaded check (
        state <> 'loaded'
        or (subject is not null and loaded_at is not null and run_id is not null and settled)
    ),
    constraint arrival_quarantined check (
        (state = 'quarantined') = (reason is not null and quarantined_at is not null)
        and (state <> 'quarantined' or quarantine_path is not null)
    )
);
create unique index arrival_one_effect_a_subject on platform.arrival (source, subject)
    where state <> 'quarantined';
create index arrival_pending on platform.arrival (source, partition, arrival_id) where state = 'pending';
create index arrival_of_partition on platform.arrival (source, partition, state);
create index arrival_unsettled on platform.arrival (arrival_id) where not settled;

comment on table platform.arrival is 'One row for each content that was accepted from a source, for ever';
comment on column platform.arrival.subject is
    'The effect this content has (cycle start, group and subband, ...); null while it could not be read';
comment on column platform.arrival.partition is 'Partition whose run loads it; null while it could not be read';
comment on column platform.arrival.digest is 'Identity of the content within its source';
comment on column platform.arrival.settled is
    'False while the bytes are between incoming_path and quarantine_path; reconcile finishes the move';
comment on column platform.arrival.sample_time is 'Time the content is about (UTC)';
comment on column platform.arrival.run_id is 'Run that loaded it last';
comment on column platform.arrival.reason is 'Error record of the quarantine: what, expected, found, remedy';
comment on column platform.arrival.incoming_path is 'Where it landed, and where a release puts it back';
comment on column platform.arrival.quarantine_path is 'Where its bytes are kept while it is quarantined';

create table platform.delivery (
    delivery_id bigint generated always as identity primary key,
    source text not null,
    name text not null,
    arrival_id bigint not null references platform.arrival,
    outcome text not null check (outcome in ('new', 'duplicate', 'conflict', 'unreadable')),
    in_place boolean not null,
    delivered_at timestamptz not null default clock_timestamp()
);
create unique index delivery_one_name_in_place on platform.delivery (source, name) where in_place;
create index delivery_of_arrival on platform.delivery (arrival_id);

comment on table platform.delivery is 'Every file name a content was delivered under; duplicates are counted here';
comment on column platform.delivery.in_place is
    'Whether the file lies in incoming under this name; a quarantined one has left it, so its name may come again';

create function platform.guard_arrival() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'arrival % cannot be deleted: the ledger forgets nothing', old.arrival_id
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.source <> old.source or new.name <> old.name or new.incoming_path <> old.incoming_path
        or new.arrival_id <> old.arrival_id
        or (old.subject is not null
            and (new.subject, new.partition, new.digest) is distinct from (old.subject, old.partition, old.digest))
    then
        raise exception 'arrival %: its identity cannot be changed', old.arrival_id
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.state <> old.state and (old.state, new.state) not in (
        ('pending', 'loaded'), ('pending', 'quarantined'), ('quarantined', 'pending')
    ) then
        raise exception 'arrival %: % cannot become %', old.arrival_id, old.state, new.state
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end
$$;
comment on function platform.guard_arrival() is 'Refuses deletion, change of identity and illegal changes of state';

create trigger arrival_guard before update or delete on platform.arrival
    for each row execute function platform.guard_arrival();

create view platform.ledger_balance as
select
    source,
    count(*) as accepted,
    count(*) filter (where state = 'loaded') as loaded,
    count(*) filter (where state = 'quarantined') as quarantined,
    count(*) filter (where state = 'pending') as pending
from platform.arrival
group by source;
comment on view platform.ledger_balance is 'Per source: accepted = loaded + quarantined + pending';
