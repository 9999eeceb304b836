-- Observation groups and what the headers of their subbands say. Which file is accepted, loaded or
-- quarantined is the ledger's; a group refers to it by digest.

create schema if not exists radio;
comment on schema radio is 'Radio interferometer: groups, calibration, images';

create table radio.observation_group (
    group_key text primary key check (group_key ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$'),
    profile text not null,
    telescope text not null,
    expected smallint not null check (expected > 0),
    found smallint not null default 0 check (found >= 0),
    state text not null default 'collecting' check (state in ('collecting', 'complete', 'failed')),
    content text,
    first_sample timestamptz not null,
    declination_deg double precision,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    completed_at timestamptz,
    failed_at timestamptz,
    constraint group_complete check (state <> 'complete' or (completed_at is not null and content is not null)),
    constraint group_failed check ((state = 'failed') = (failed_at is not null))
);
create index observation_group_collecting on radio.observation_group (first_seen) where state <> 'complete';
create index observation_group_completed on radio.observation_group (completed_at, group_key)
    where state = 'complete';

comment on table radio.observation_group is 'One row an observation: files that share the header''s first time stamp';
comment on column radio.observation_group.group_key is 'Middle of the first integration, UTC, to the second';
comment on column radio.observation_group.expected is 'Subbands a complete group has, by the profile';
comment on column radio.observation_group.found is 'Subbands the ledger holds for it (pending or loaded)';
comment on column radio.observation_group.state is
    'collecting: subbands are missing; complete: all are here; failed: still incomplete after the collecting time '
    '(kept; a late subband re-opens it)';
comment on column radio.observation_group.content is 'Digest over the subbands of a complete group; changes when one is replaced';
comment on column radio.observation_group.declination_deg is 'Apparent declination of a drift scan''s pointing';
comment on column radio.observation_group.first_seen is 'When the first of its files was taken in';

create table radio.subband (
    group_key text not null references radio.observation_group,
    subband smallint not null check (subband >= 0),
    digest text not null,
    name text not null,
    header jsonb not null,
    seen_at timestamptz not null,
    primary key (group_key, subband, digest)
);
create unique index subband_digest on radio.subband (digest);

comment on table radio.subband is 'Header facts of every subband that could be read, so that no file is opened twice for them';
comment on column radio.subband.digest is 'Digest of the header and the size: the file''s identity in the ledger';
comment on column radio.subband.header is 'Times (JD), frequencies (Hz), antennas, phase kind and digests of the arrays';
