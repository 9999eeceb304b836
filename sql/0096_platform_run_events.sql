-- What runs did last, for those who watch. Dagster makes its tables itself, after the migrations.

create function platform.run_events(most integer)
returns table (event_id bigint, happened_at timestamptz, kind text, run_id text, job text, step text, asset_key text, partition text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if to_regclass('dagster.event_logs') is not null then
        -- by the log's key alone: a run leaves about a hundred entries, of which few are of these kinds
        return query execute
            'select e.id, e."timestamp" at time zone ''UTC'', e.dagster_event_type, e.run_id::text, r.pipeline_name, '
            '       e.step_key, e.asset_key, coalesce(e.partition, r.partition) '
            '  from (select * from dagster.event_logs order by id desc limit 40 * $1) e '
            '  left join dagster.runs r on r.run_id = e.run_id '
            ' where e.dagster_event_type in (''PIPELINE_ENQUEUED'', ''PIPELINE_START'', ''PIPELINE_SUCCESS'', '
            '       ''PIPELINE_FAILURE'', ''PIPELINE_CANCELED'', ''STEP_FAILURE'', ''STEP_UP_FOR_RETRY'', '
            '       ''ASSET_MATERIALIZATION'') '
            ' order by e.id desc limit $1'
            using most;
    end if;
end
$$;
comment on function platform.run_events(integer) is
    'The newest events of Dagster''s runs that matter to people: begin and end of runs, failed steps, products; newest first';
revoke execute on function platform.run_events(integer) from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'dsa_hcal_reader') then
        grant execute on function platform.run_events(integer) to dsa_hcal_reader;
    end if;
end
$$;
