-- Groups that go on without all their subbands, the ledger's word on which groups changed, what
-- operators search headers by, and one view that tells where each group stands.

create table platform.changed_partition (
    source text not null,
    partition text not null,
    changes bigint not null default 1,
    primary key (source, partition)
);
comment on table platform.changed_partition is
    'Groups of subbands (source uvh5: others need no notes) whose set of counting arrivals (settled, not quarantined) changed since their source''s room '
    'took note; the room deletes the row in the transaction in which it does';
comment on column platform.changed_partition.changes is 'How often it changed meanwhile';

create function platform.note_changed_partition() returns trigger language plpgsql as $$
begin
    -- The update locks the row: whoever takes note waits for this transaction and then sees its change.
    insert into platform.changed_partition (source, partition) values (new.source, new.partition)
    on conflict (source, partition) do update set changes = changed_partition.changes + 1;
    return null;
end
$$;
comment on function platform.note_changed_partition() is 'Remembers the partition of an arrival that began or ceased to count';

create trigger arrival_counts after insert on platform.arrival
    for each row when (new.source = 'uvh5' and new.partition is not null and new.state <> 'quarantined')
    execute function platform.note_changed_partition();
create trigger arrival_counts_anew after update on platform.arrival
    for each row when (
        new.source = 'uvh5' and new.partition is not null
        and ((old.state <> 'quarantined' and old.settled) <> (new.state <> 'quarantined' and new.settled)
             or old.partition is distinct from new.partition)
    )
    execute function platform.note_changed_partition();

create index current_product_of_partition on platform.current_product (partition, kind);

alter table radio.observation_group
    drop constraint observation_group_state_check,
    drop constraint group_complete,
    add column missing smallint[] not null default '{}',
    add constraint group_state_known check (state in ('collecting', 'complete', 'partial', 'failed')),
    add constraint group_goes_on check (
        state not in ('complete', 'partial') or (completed_at is not null and content is not null)
    );
drop index radio.observation_group_collecting;
drop index radio.observation_group_completed;
create index observation_group_collecting on radio.observation_group (last_seen) where state = 'collecting';
create index observation_group_sample on radio.observation_group (first_sample);
create index observation_group_declination on radio.observation_group (declination_deg);

comment on column radio.observation_group.state is
    'collecting: subbands are missing; complete: all are here; partial: goes on without the missing ones; failed: '
    'given up incomplete (kept; a late subband or an operator re-opens it)';
comment on column radio.observation_group.content is
    'Digest over the subbands it holds; another value of a complete or partial group is to be processed again';
comment on column radio.observation_group.missing is 'Numbers of the subbands it should have and has not';
comment on column radio.observation_group.last_seen is 'When the number of its subbands changed last';
comment on column radio.observation_group.completed_at is 'When it became complete or partial with this content';

-- Every known group is looked at once more, for the new columns.
insert into platform.changed_partition (source, partition)
select 'uvh5', group_key from radio.observation_group;

-- The header stays the one record; these are the parts of it that people search by.
alter table radio.subband
    add column first_mjd double precision
        generated always as ((header ->> 'first_jd')::double precision - 2400000.5) stored,
    add column last_mjd double precision
        generated always as ((header ->> 'last_jd')::double precision - 2400000.5) stored,
    add column integrations integer generated always as ((header ->> 'integrations')::integer) stored,
    add column low_hz double precision generated always as ((header ->> 'low_hz')::double precision) stored,
    add column high_hz double precision generated always as ((header ->> 'high_hz')::double precision) stored,
    add column channels integer generated always as ((header ->> 'channels')::integer) stored,
    add column antennas integer generated always as ((header ->> 'antennas')::integer) stored,
    add column declination_deg double precision
        generated always as (degrees((header ->> 'declination_rad')::double precision)) stored,
    add column phase_kind text generated always as (header ->> 'phase_kind') stored,
    add column bytes bigint generated always as ((header ->> 'bytes')::bigint) stored;
create index subband_first_mjd on radio.subband (first_mjd);
create index subband_low_hz on radio.subband (low_hz);
create index subband_declination on radio.subband (declination_deg);
comment on column radio.subband.first_mjd is 'Middle of the first integration, MJD (UTC); a JD in float64 resolves 40 microseconds';
comment on column radio.subband.last_mjd is 'Middle of the last integration, MJD (UTC)';
comment on column radio.subband.integrations is 'Distinct time stamps';
comment on column radio.subband.low_hz is 'Centre of the lowest channel';
comment on column radio.subband.high_hz is 'Centre of the highest channel';
comment on column radio.subband.antennas is 'Antennas with data';
comment on column radio.subband.declination_deg is 'Apparent declination of a drift scan''s pointing';
comment on column radio.subband.phase_kind is 'drift, zenith or sidereal';
comment on column radio.subband.bytes is 'Size of the file';

create table radio.forming (
    about timestamptz primary key,
    names integer not null check (names > 0),
    noted_at timestamptz not null
);
comment on table radio.forming is
    'Files that landed and have not been read yet, by the time stamps in their names: a label for people, never a key';
comment on column radio.forming.about is 'Earliest time stamp in the names of the cluster, UTC';
comment on column radio.forming.names is 'Names seen';

-- Verdicts that close a gate are few: found first, they make the view quick over 50,000 groups.
create index verdict_closing on platform.verdict (partition, product_id)
    where blocking and lower(level) = 'fail';
create view radio.group_state as
select
    g.group_key,
    g.profile,
    g.telescope,
    g.expected,
    g.found,
    g.missing,
    case
        when g.state in ('collecting', 'failed') then g.state
        when exists (
            select from platform.arrival a
            where a.source = 'uvh5' and a.partition = g.group_key and a.state = 'pending' and a.settled
        ) then 'pending'
        when exists (
            select from platform.verdict v
            join platform.current_product made using (product_id)
            where v.partition = g.group_key and v.blocking and lower(v.level) = 'fail'
              and made.product_id >= started.product_id
              and (reported.product_id is null or made.product_id >= reported.product_id)
              and not exists (
                  select from platform.verdict later
                  where later.product_id = v.product_id and later.stage = v.stage and later.metric = v.metric
                    and later.verdict_id > v.verdict_id
              )
        ) then 'failed'
        when reported.product_id is not null then 'completed'
        else 'in progress'
    end as state,
    g.state as collected,
    g.content,
    g.first_sample,
    g.declination_deg,
    g.first_seen,
    g.last_seen,
    g.completed_at,
    g.failed_at
from radio.observation_group g
left join platform.current_product started on started.partition = g.group_key and started.kind = 'uvh5_group'
left join platform.current_product reported
    on reported.partition = g.group_key and reported.kind = 'radio_qa_report'
    and reported.product_id > started.product_id;
comment on view radio.group_state is
    'Where each group stands: collecting, pending (to be processed), in progress (taken up, no report yet), completed '
    '(its report is newer than its last start) or failed (given up incomplete, or stopped by a gate)';
comment on column radio.group_state.collected is 'collecting, complete, partial or failed, as ingest has it';
