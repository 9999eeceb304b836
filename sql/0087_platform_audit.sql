-- What was asked of the platform through its API, by whom, and what came of it. Nothing is ever taken out.

create table platform.audit (
    audit_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    name text not null,
    role text check (role in ('viewer', 'operator', 'admin')),
    token_id text,
    address text not null,
    method text not null,
    route text not null,
    parameters jsonb not null default '{}',
    outcome text not null default 'asked' check (outcome in ('asked', 'done', 'refused', 'failed')),
    status smallint,
    answered_at timestamptz
);
create index audit_at on platform.audit (at);
create index audit_name on platform.audit (name, audit_id);
comment on table platform.audit is 'Every action asked of the API, and every wrong token';
comment on column platform.audit.audit_id is 'Counts them';
comment on column platform.audit.at is 'When it was asked (UTC)';
comment on column platform.audit.name is 'Who: name of the token, local without one on this machine, empty if unknown';
comment on column platform.audit.role is 'Their role; null if unknown';
comment on column platform.audit.token_id is 'Public part of the token that was shown, right or wrong';
comment on column platform.audit.address is 'Where from; command line for what was done there';
comment on column platform.audit.method is 'HTTP method, or CLI';
comment on column platform.audit.route is 'Route with its parameters'' names, or the path where none was found, or the command';
comment on column platform.audit.parameters is 'Parameters of path and query, and the body; secrets are masked';
comment on column platform.audit.outcome is 'asked: not answered yet, or the service ended meanwhile; done; refused; failed';
comment on column platform.audit.status is 'HTTP status of the answer';
comment on column platform.audit.answered_at is 'When it was answered (UTC)';

create function platform.keep_audit() returns trigger
language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.outcome = 'asked'
       and (to_jsonb(old) - '{outcome,status,answered_at}'::text[])
           = (to_jsonb(new) - '{outcome,status,answered_at}'::text[]) then
        return new;
    end if;
    raise exception 'the audit keeps what it has: % refused', lower(tg_op);
end
$$;
comment on function platform.keep_audit() is 'Refuses every change of the audit but the answer to what was asked';
create trigger keep before update or delete on platform.audit for each row execute function platform.keep_audit();
create trigger keep_all before truncate on platform.audit for each statement execute function platform.keep_audit();

-- Readers may look; only the owner, who is the platform, writes.
alter table platform.audit enable row level security;
create policy look on platform.audit for select using (true);
