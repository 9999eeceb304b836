-- What was usual for each tower on each day: the history that a new day is compared with.

create table hcal.tower_day (
    day date not null,
    tower_id smallint not null references hcal.tower,
    quantity text not null check (quantity in ('temperature', 'leakage', 'bias_offset')),
    n integer not null check (n > 0),
    median real not null,
    deviation real not null check (deviation >= 0),
    primary key (day, quantity, tower_id)
);
comment on table hcal.tower_day is 'Median and scatter of each tower in a UTC day, robust against what was out of order';
comment on column hcal.tower_day.day is 'UTC day';
comment on column hcal.tower_day.tower_id is 'hcal.tower';
comment on column hcal.tower_day.quantity is 'Column of hcal.tower_reading; leakage counts with bias on only';
comment on column hcal.tower_day.n is 'Samples';
comment on column hcal.tower_day.median is 'Median of the day, in the unit of the quantity';
comment on column hcal.tower_day.deviation is 'Standard deviation estimated from the median absolute deviation (factor 1.4826)';
create index tower_day_series on hcal.tower_day (tower_id, quantity, day);
