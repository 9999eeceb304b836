-- Alerts that were raised, to whom they went, and who took note.

create table platform.alert (
    id bigint generated always as identity primary key,
    raised_at timestamptz not null default clock_timestamp(),
    severity text not null check (lower(severity) in ('debug', 'info', 'warning', 'error', 'critical')),
    category text not null,
    title text not null,
    message text not null default '',
    source text not null default '',
    partition text,
    run_id text,
    details jsonb not null default '{}',
    dedup_key text,
    delivered jsonb not null default '{}',
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz
);
create index alert_raised on platform.alert (raised_at desc);
create index alert_open on platform.alert (dedup_key, raised_at desc) where resolved_at is null;

comment on table platform.alert is 'Alerts raised by checks, sensors and services';
comment on column platform.alert.dedup_key is 'Alerts with the same key are one trouble told again';
comment on column platform.alert.delivered is 'Result per channel: {channel: {at, ok, error}}';
comment on column platform.alert.resolved_at is 'When the trouble was seen to be over';
