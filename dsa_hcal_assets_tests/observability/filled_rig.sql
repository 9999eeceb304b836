insert into rig.reading
select date_trunc('minute', %(now)s) - n * interval '1 min', 60 + n %% 5, 100, n, 0, 0,
       case when n %% 50 = 0 then 'red' else 'none' end, 'none', 'r' from generate_series(0, %(cycles)s) n;
insert into rig.kpi (day, avg_temp, avg_pressure, alert_count, uptime_hours, total_records, data_quality_score)
select (%(now)s - n * interval '1 day')::date, 62, 100, 3, 24, 1440, 99.5 from generate_series(0, 9) n
