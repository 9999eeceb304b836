-- Group keys that left Dagster's partition set, so that its pages stay quick. Their products, verdicts and
-- events stay where they are; a restored key has them back.

create table radio.retired_key (
    group_key text primary key,
    added_at timestamptz,
    retired_at timestamptz not null,
    reason text not null,
    restored_at timestamptz,
    constraint retired_key_order check (restored_at is null or restored_at >= retired_at)
);
create index retired_key_open on radio.retired_key (retired_at, group_key) where restored_at is null;

comment on table radio.retired_key is 'Groups whose partition key was taken out of the live window, with the last time that happened';
comment on column radio.retired_key.group_key is 'Key of the group: middle of its first integration, UTC';
comment on column radio.retired_key.added_at is 'When the key had entered the live window; null if unknown';
comment on column radio.retired_key.reason is 'Which limit of the window it was beyond, or who asked';
comment on column radio.retired_key.restored_at is 'When the key came back into the live window; null while it is retired';
