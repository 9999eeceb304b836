-- The rig's readings by hour, so that a trend over months or years reads thousands of rows, not millions.

create table rig.reading_hour (
    bucket timestamptz primary key,
    n integer not null check (n > 0),
    temperature_mean double precision not null,
    temperature_min double precision not null,
    temperature_max double precision not null,
    pressure_mean double precision not null,
    pressure_min double precision not null,
    pressure_max double precision not null,
    uptime_max double precision not null,
    temperature_red integer not null,
    pressure_red integer not null,
    pressure_yellow integer not null
);
comment on table rig.reading_hour is 'rig.reading by UTC hour; written by rig.roll_up in the transaction that replaces the readings of a day';
comment on column rig.reading_hour.bucket is 'Start of the UTC hour';
comment on column rig.reading_hour.n is 'Readings of the hour';
comment on column rig.reading_hour.temperature_mean is 'deg C';
comment on column rig.reading_hour.temperature_min is 'deg C';
comment on column rig.reading_hour.temperature_max is 'deg C';
comment on column rig.reading_hour.pressure_mean is 'kPa';
comment on column rig.reading_hour.pressure_min is 'kPa';
comment on column rig.reading_hour.pressure_max is 'kPa';
comment on column rig.reading_hour.uptime_max is 'h since the rig was started';
comment on column rig.reading_hour.temperature_red is 'Readings with a red temperature alert';
comment on column rig.reading_hour.pressure_red is 'Readings with a red pressure alert';
comment on column rig.reading_hour.pressure_yellow is 'Readings with a yellow pressure alert';

create function rig.roll_up(first timestamptz, after timestamptz) returns void
language sql as $$
    delete from rig.reading_hour where bucket >= first and bucket < after;
    insert into rig.reading_hour
    select date_trunc('hour', read_at, 'UTC'), count(*), avg(temperature), min(temperature), max(temperature),
           avg(pressure), min(pressure), max(pressure), max(uptime),
           count(*) filter (where temperature_alert = 'red'), count(*) filter (where pressure_alert = 'red'),
           count(*) filter (where pressure_alert = 'yellow')
    from rig.reading where read_at >= first and read_at < after group by 1;
$$;
comment on function rig.roll_up(timestamptz, timestamptz) is 'Make rig.reading_hour of whole hours anew, from one time on until before another';

select rig.roll_up('-infinity', 'infinity');
