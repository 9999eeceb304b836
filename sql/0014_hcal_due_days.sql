-- Days whose report is older than their telemetry, so that work cut anywhere is found again.

create table hcal.due_day (
    day date primary key,
    arrival_id bigint not null,
    marked_at timestamptz not null default clock_timestamp()
);
comment on table hcal.due_day is 'UTC days with telemetry that no report shows yet: marked in the transaction that loads, removed when the report is published';
comment on column hcal.due_day.arrival_id is 'Newest snapshot file loaded: changes when there is something new to do';
comment on column hcal.due_day.marked_at is 'When telemetry of the day was last loaded';
