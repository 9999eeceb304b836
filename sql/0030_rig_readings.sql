-- The test rig: rows as delivered, cleaned readings, key figures of each day.

create schema if not exists rig;
comment on schema rig is 'Propulsion test rig';

create table rig.delivered (
    arrival_id bigint not null references platform.arrival,
    row_number integer not null check (row_number > 0),
    day date not null,
    read_at timestamptz,
    temperature double precision,
    pressure double precision,
    uptime double precision,
    constraint delivered_one_row_a_line primary key (arrival_id, row_number)
);
create index delivered_of_day on rig.delivered (day, arrival_id, row_number);
comment on table rig.delivered is 'Every row of every accepted file, as delivered; never changed';
comment on column rig.delivered.arrival_id is 'File it came in';
comment on column rig.delivered.row_number is 'Row in the file; the first below the header is 1';
comment on column rig.delivered.day is 'UTC day of the time stamp; without one, of the first stamp of the file';
comment on column rig.delivered.read_at is 'Time of the reading (UTC); null: missing in the file';
comment on column rig.delivered.temperature is 'deg C; null: missing in the file';
comment on column rig.delivered.pressure is 'kPa; null: missing in the file';
comment on column rig.delivered.uptime is 'h since the rig was started; null: missing in the file';

create table rig.file_day (
    arrival_id bigint not null references platform.arrival,
    day date not null,
    row_count integer not null check (row_count > 0),
    primary key (arrival_id, day)
);
create index file_day_of_day on rig.file_day (day, arrival_id);
comment on table rig.file_day is 'Which days a loaded file has rows for; a file may span several';

create table rig.cleaned_day (
    day date primary key,
    total integer not null,
    nulls integer not null,
    out_of_range integer not null,
    duplicates integer not null,
    kept integer not null,
    through_arrival bigint not null,
    run_id text not null default '',
    cleaned_at timestamptz not null default clock_timestamp(),
    constraint cleaned_day_accounts_for_all check (total = nulls + out_of_range + duplicates + kept)
);
comment on table rig.cleaned_day is 'What became of the rows of each day at its last cleaning';
comment on column rig.cleaned_day.total is 'Rows delivered for the day';
comment on column rig.cleaned_day.nulls is 'Dropped: a value was missing';
comment on column rig.cleaned_day.out_of_range is 'Dropped: temperature or pressure not physical';
comment on column rig.cleaned_day.duplicates is 'Dropped: an earlier good row has the same time stamp';
comment on column rig.cleaned_day.through_arrival is
    'Newest file that was included; the day is due again when a newer one has rows for it';

create table rig.reading (
    read_at timestamptz primary key,
    temperature double precision not null,
    pressure double precision not null,
    uptime double precision not null,
    temperature_zscore double precision not null,
    pressure_zscore double precision not null,
    temperature_alert text not null check (temperature_alert in ('none', 'red')),
    pressure_alert text not null check (pressure_alert in ('none', 'yellow', 'red')),
    run_id text not null default ''
);
comment on table rig.reading is 'Cleaned readings with alerts, one a time stamp; history is kept';
comment on column rig.reading.read_at is 'Time of the reading (UTC)';
comment on column rig.reading.temperature is 'deg C';
comment on column rig.reading.pressure is 'kPa';
comment on column rig.reading.uptime is 'h since the rig was started';
comment on column rig.reading.temperature_zscore is 'Distance from the mean of the day in sample standard deviations';
comment on column rig.reading.pressure_zscore is 'Distance from the mean of the day in sample standard deviations';
comment on column rig.reading.run_id is 'Run that cleaned the day last';

create table rig.kpi (
    day date primary key,
    avg_temp double precision,
    avg_pressure double precision,
    alert_count integer not null check (alert_count >= 0),
    uptime_hours double precision,
    total_records integer not null check (total_records >= 0),
    data_quality_score double precision check (data_quality_score between 0 and 100),
    run_id text not null default '',
    computed_at timestamptz not null default clock_timestamp()
);
comment on table rig.kpi is 'Key figures of each UTC day, as computed last; earlier versions are in the product tree';
comment on column rig.kpi.avg_temp is 'Mean of the cleaned temperatures, deg C; null: no reading left';
comment on column rig.kpi.avg_pressure is 'Mean of the cleaned pressures, kPa; null: no reading left';
comment on column rig.kpi.alert_count is 'Red alerts, temperature and pressure counted singly';
comment on column rig.kpi.uptime_hours is 'Largest uptime, h; null: no reading left';
comment on column rig.kpi.total_records is 'Rows delivered for the day, before cleaning';
comment on column rig.kpi.data_quality_score is 'Rows kept by cleaning, in percent of total_records';
