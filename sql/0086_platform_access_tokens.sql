-- Who may use the API: tokens of programs and people, and sessions of browsers that signed in with one.

create table platform.access_token (
    token_id text primary key check (token_id ~ '^[0-9a-f]{12}$'),
    name text not null check (length(name) between 1 and 64),
    role text not null check (role in ('viewer', 'operator', 'admin')),
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    created_at timestamptz not null default clock_timestamp(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
create unique index access_token_name on platform.access_token (name) where revoked_at is null;
comment on table platform.access_token is 'Tokens for the API; their secrets are not kept, only digests';
comment on column platform.access_token.token_id is 'Public part of the token, 12 hexadecimal digits';
comment on column platform.access_token.name is 'Who or what uses it; names callers in the audit';
comment on column platform.access_token.role is 'What it allows: viewer, operator or admin';
comment on column platform.access_token.secret_sha256 is 'SHA-256 of the secret part, which is 256 random bits';
comment on column platform.access_token.created_at is 'When it was made (UTC)';
comment on column platform.access_token.created_by is 'Account that made it';
comment on column platform.access_token.expires_at is 'It is refused from then on (UTC); null: never';
comment on column platform.access_token.last_used_at is 'Last use (UTC), to the minute';
comment on column platform.access_token.revoked_at is 'When it was taken back (UTC)';
comment on column platform.access_token.revoked_by is 'Account that took it back';

create table platform.access_session (
    session_id text primary key check (session_id ~ '^[0-9a-f]{12}$'),
    token_id text not null references platform.access_token,
    secret_sha256 bytea not null check (length(secret_sha256) = 32),
    started_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    address text not null
);
create index access_session_expires on platform.access_session (expires_at);
create index access_session_token on platform.access_session (token_id);
comment on table platform.access_session is 'Browsers that are signed in: their cookie is a secret of its own, not the token';
comment on column platform.access_session.session_id is 'Public part of the cookie, 12 hexadecimal digits';
comment on column platform.access_session.token_id is 'Token they signed in with; when it ends, so does the session';
comment on column platform.access_session.secret_sha256 is 'SHA-256 of the secret part, which is 256 random bits';
comment on column platform.access_session.started_at is 'When they signed in (UTC)';
comment on column platform.access_session.expires_at is 'They have to sign in again then (UTC)';
comment on column platform.access_session.address is 'Where they signed in from';

-- Readers and writers of the database have no part in this: rights to all tables are granted to them at each
-- start, so row security keeps them out. It does not hold the owner, who is the platform.
alter table platform.access_token enable row level security;
alter table platform.access_session enable row level security;
