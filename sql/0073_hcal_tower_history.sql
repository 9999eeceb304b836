-- One tower over months or years: what a day read of a tower in one place, instead of one row a cycle.

create table hcal.tower_history_day (
    day date primary key,
    cycles timestamptz[] not null check (cardinality(cycles) > 0),
    made_at timestamptz not null default now()
);
comment on table hcal.tower_history_day is 'UTC days that are over and are kept tower by tower in hcal.tower_history. Removed in the transaction that loads anything of the day, made again by the next rollup: a day that is here says exactly what hcal.tower_reading says';
comment on column hcal.tower_history_day.day is 'UTC day';
comment on column hcal.tower_history_day.cycles is 'Its cycles in order (hcal.snapshot.cycle): the times of the arrays in hcal.tower_history';
comment on column hcal.tower_history_day.made_at is 'When it was made';

create table hcal.tower_history (
    day date not null references hcal.tower_history_day on delete cascade,
    temperature real[] not null,
    leakage real[] not null,
    bias_offset real[] not null,
    bias real[] not null,
    lv_positive real[] not null,
    lv_negative real[] not null,
    tower_id smallint not null,
    primary key (day, tower_id)
);
comment on table hcal.tower_history is 'What hcal.tower_reading says of each tower in a day, as arrays over the day''s cycles; NaN: not read. Read it by hcal.tower_series';
comment on column hcal.tower_history.day is 'UTC day';
comment on column hcal.tower_history.temperature is 'SiPM temperatures, deg C';
comment on column hcal.tower_history.leakage is 'SiPM leakage currents as the controller reports them';
comment on column hcal.tower_history.bias_offset is 'Bias offsets as set, DAC/mV units';
comment on column hcal.tower_history.bias is 'Bias voltages of the half-sector as reported, V';
comment on column hcal.tower_history.lv_positive is 'Positive low voltages of the half-sector, V';
comment on column hcal.tower_history.lv_negative is 'Negative low voltages of the half-sector, V';
comment on column hcal.tower_history.tower_id is 'hcal.tower';

create function hcal.tower_series(tower smallint, first timestamptz, after timestamptz)
returns table (ts timestamptz, temperature real, leakage real, bias_offset real, bias real, lv_positive real,
               lv_negative real)
language sql stable parallel safe rows 10000 as $$
    select v.ts, nullif(v.temperature, 'NaN'), nullif(v.leakage, 'NaN'), nullif(v.bias_offset, 'NaN'),
           nullif(v.bias, 'NaN'), nullif(v.lv_positive, 'NaN'), nullif(v.lv_negative, 'NaN')
    from hcal.tower_history_day d
    join hcal.tower_history h on h.day = d.day and h.tower_id = tower
    cross join lateral unnest(d.cycles, h.temperature, h.leakage, h.bias_offset, h.bias, h.lv_positive,
                              h.lv_negative)
        as v (ts, temperature, leakage, bias_offset, bias, lv_positive, lv_negative)
    where d.day >= (first at time zone 'UTC')::date and d.day <= (after at time zone 'UTC')::date
      and v.ts >= first and v.ts < after
      and (v.temperature, v.leakage, v.bias_offset, v.bias, v.lv_positive, v.lv_negative)
          <> ('NaN'::real, 'NaN'::real, 'NaN'::real, 'NaN'::real, 'NaN'::real, 'NaN'::real)
    union all
    select s.cycle, r.temperature, r.leakage, r.bias_offset, r.bias, r.lv_positive, r.lv_negative
    from hcal.snapshot s
    -- "offset 0": sought for each of these few cycles, not for all cycles before the kept days are left out
    cross join lateral (
        select * from hcal.tower_reading r where r.ts = s.cycle and r.tower_id = tower offset 0
    ) r
    where s.cycle >= first and s.cycle < after
      and num_nonnulls(r.temperature, r.leakage, r.bias_offset, r.bias, r.lv_positive, r.lv_negative) > 0
      and not exists (select from hcal.tower_history_day d where d.day = (s.cycle at time zone 'UTC')::date)
$$;
comment on function hcal.tower_series(smallint, timestamptz, timestamptz) is 'What was read of a tower from a time on until before another, a row a cycle, in no order; null: not read. A cycle in which nothing of it was read has no row';
