-- How long stages take, and what waits for Dagster: for metrics and dashboards.

create table platform.stage_time (
    stage_time_id bigint generated always as identity primary key,
    stage text not null,
    partition text not null,
    run_id text not null,
    outcome text not null check (outcome in ('done', 'failed')),
    started_at timestamptz not null,
    ended_at timestamptz not null check (ended_at >= started_at),
    recorded_at timestamptz not null default clock_timestamp()
);
create index stage_time_recorded on platform.stage_time (recorded_at);
create index stage_time_of_partition on platform.stage_time (partition, stage, ended_at);
create index stage_time_of_stage on platform.stage_time (stage, ended_at);
comment on table platform.stage_time is 'One row each time a stage ran for a partition';
comment on column platform.stage_time.stage_time_id is 'Counts them';
comment on column platform.stage_time.stage is 'Name of the asset';
comment on column platform.stage_time.partition is 'Partition it ran for';
comment on column platform.stage_time.run_id is 'Run of Dagster';
comment on column platform.stage_time.outcome is 'done: it returned, whatever its checks said; failed: it ended with an error';
comment on column platform.stage_time.started_at is 'When it began';
comment on column platform.stage_time.ended_at is 'When it had published, or failed';
comment on column platform.stage_time.recorded_at is 'When this row was written';

-- The newest product of a kind, open alerts and anomalies in force, without reading the years behind them.
create index product_of_kind on platform.product (kind, created_at desc);
create index alert_open_severity on platform.alert (lower(severity)) where resolved_at is null;
create index arrival_quarantined on platform.arrival (source) where state = 'quarantined';

-- Dagster makes its tables itself, after the migrations, and readers have no business in them but this.
create function platform.run_queue()
returns table (status text, runs bigint, oldest timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if to_regclass('dagster.runs') is not null then
        return query execute
            'select r.status::text, count(*), min(coalesce(to_timestamp(r.start_time), r.create_timestamp at time zone ''UTC'')) '
            'from dagster.runs r where r.status not in (''SUCCESS'', ''FAILURE'', ''CANCELED'') group by r.status';
    end if;
end
$$;
comment on function platform.run_queue() is
    'Runs of Dagster that have not ended, by status, with the time the oldest began or, before that, was asked for';
revoke execute on function platform.run_queue() from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'dsa_hcal_reader') then
        grant execute on function platform.run_queue() to dsa_hcal_reader;
    end if;
end
$$;

select platform.grant_access();
