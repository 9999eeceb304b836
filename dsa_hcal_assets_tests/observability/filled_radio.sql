create temporary table new_group on commit drop as
select n, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS') as key, at
  from (select n, date_trunc('second', %(now)s - n * interval '309 s' - interval '30 min') as at
          from generate_series(0, %(groups)s - 1) n) times;

insert into platform.arrival (source, name, subject, partition, digest, bytes, state, received_at, loaded_at, run_id,
                              incoming_path)
select 'uvh5', key || '_sb' || sb, key || ' ' || sb, key, 'sha ' || key || sb, 1000, 'loaded', at, at, 'run ' || key, '/in'
  from new_group, generate_series(0, 15) sb;
delete from platform.changed_partition;
insert into radio.observation_group (group_key, profile, telescope, expected, found, state, content, first_sample,
                                     declination_deg, first_seen, last_seen, completed_at)
select key, 'dsa110', 'DSA-110', 16, 16, 'complete', 'c', at, 16.3, at, at + interval '310 s', at + interval '311 s'
  from new_group;
insert into radio.subband (group_key, subband, digest, name, header, seen_at)
select key, 0, 'sha ' || key || 0, key || '_sb00', jsonb_build_object(
           'first_jd', extract(epoch from at)::float8 / 86400 + 2440587.5,
           'last_jd', (extract(epoch from at) + 23 * 12.885)::float8 / 86400 + 2440587.5, 'integrations', 24), at
  from new_group;
insert into platform.product (kind, partition, version, path, bytes, checksum, created_at, code_version, run_id,
                              parameters, inputs)
select kind, key, 1, 'radio/' || kind || '/' || key, 1000, repeat('0', 64), at + (311 + 20 * place) * interval '1 s',
       '0', 'run ' || key, '{}', '[]'
  from new_group, unnest(%(kinds)s::text[]) with ordinality stage (kind, place) order by n desc, place;
insert into platform.current_product (kind, partition, product_id)
select kind, partition, product_id from platform.product where kind = any(%(kinds)s::text[]);
insert into platform.verdict (product_id, stage, metric, value, unit, level, blocking, partition, run_id, recorded_at)
select product_id, kind, metric, value, unit, case when value < 0.5 then 'pass' else 'warn' end, true, partition, run_id,
       created_at
  from platform.product
  join (values ('continuum_image', 'rms', 0.0003, 'Jy/beam'), ('continuum_image', 'flux_ratio', 0.97, ''),
               ('flags', 'flagged_fraction', 0.2, ''), ('calibration_tables', 'bandpass_snr', 30, '')
       ) judged (kind, metric, value, unit) using (kind);
-- every tenth group was stopped by a gate
insert into platform.verdict (product_id, stage, metric, value, level, blocking, partition, recorded_at)
select product_id, kind, 'dynamic_range', 1, 'fail', true, partition, created_at
  from platform.product join new_group on key = partition where kind = 'continuum_image' and n %% 10 = 9;
insert into platform.stage_time (stage, partition, run_id, outcome, started_at, ended_at, recorded_at)
select kind, partition, run_id, 'done', created_at - interval '20 s', created_at, created_at
  from platform.product where kind = any(%(kinds)s::text[]);
insert into radio.quicklook_latency
select product_id, partition, t, t + interval '1 s', t + interval '2 s', t + interval '9 s', t + interval '10 s',
       t + interval '20 s', t + interval '22 s'
  from (select product_id, partition, created_at as t from platform.product where kind = 'quicklook_image') made;
insert into radio.conversion_performance
select product_id, partition, 1, 'direct', 1e6, 4e9, 5e9, 2, 1, 3, 6, 1e9, created_at - interval '6 s'
  from platform.product where kind = 'measurement_set';
insert into radio.calibration_stream (profile, kind) values ('dsa110', 'calibrator');
insert into radio.calibration_set (stream_id, product_id, group_key, calibrator, centre, nominal, validity,
                                   declination_deg, reference_antenna, qa_level, state)
select (select stream_id from radio.calibration_stream), product_id, key, '3C286', at,
       tstzrange(at - interval '1 day', at + interval '1 day'), tstzrange(at - interval '1 h', at + interval '1 h'),
       16.3, '103', 'pass', 'active'
  from new_group join platform.product on partition = key and kind = 'calibration_tables' where n = 0;
insert into radio.calibration_use (group_key, profile, at, declination_deg, tolerance_deg, max_age_hours, set_id,
                                   standing, staleness_hours, reason, decided_at)
select key, 'dsa110', at, 16.3, 2, 72, (select max(set_id) from radio.calibration_set), 'valid', n / 12.0, 'nearest',
       at + interval '371 s'
  from new_group where n < 1000;
insert into radio.planned_transit
select 'dsa110', '3C286', %(now)s + n * interval '1 day', 16.3, 0.2, 0.98, 15.0, 14.7 from generate_series(1, 3) n;
insert into platform.alert (severity, category, title, raised_at, dedup_key)
values ('error', 'failed_run', 'a run failed', %(now)s - interval '1 h', 'a'), ('warning', 'disk', 'little room', %(now)s, 'b');
insert into platform.arrival (source, name, digest, bytes, state, received_at, reason, quarantined_at, incoming_path,
                              quarantine_path)
values ('uvh5', 'torn.hdf5', 'torn', 10, 'quarantined', %(now)s, '{"what": "torn"}', %(now)s, '/in', '/q')
