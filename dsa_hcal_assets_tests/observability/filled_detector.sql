create temporary table new_cycle on commit drop as
select row_number() over (order by n desc) as n, date_trunc('minute', %(now)s) - n * interval '10 min' as ts
  from generate_series(0, %(cycles)s - 1) n;
select hcal.ensure_month(%(now)s), hcal.ensure_month(%(now)s - %(cycles)s * interval '10 min');
select hcal.ensure_month(name, at)
  from unnest(array['supply_reading', 'emcal_reading', 'register_reading', 'led_reading', 'dac_reading']) name,
       unnest(array[%(now)s, %(now)s - %(cycles)s * interval '10 min']) at;

insert into platform.arrival (source, name, subject, partition, digest, bytes, state, received_at, loaded_at, run_id,
                              incoming_path)
select source, source || ts, ts, ts::date, source || ts, 5000, 'loaded', ts, ts, 'load', '/in'
  from new_cycle, unnest(array['hcal', 'supplies', 'emcal', 'registers']) source;
insert into hcal.snapshot
select ts, arrival_id, n, 'acquisition', 52000, 15, 0, 1, 0, 0, 3072, 'm', 'load', ts, 'pass'
  from new_cycle join platform.arrival on source = 'hcal' and digest = 'hcal' || ts;
insert into hcal.source_snapshot
select source, ts, arrival_id, n, 'acquisition', 52000, 4, 0, 1, 100, 'load', ts
  from new_cycle join platform.arrival on digest = source || ts where source <> 'hcal';
insert into hcal.board_reading (ts, board, status, sampled_at)
select ts, board, case when board = '97' then 'down' else 'ok' end, ts
  from new_cycle, (select distinct board from hcal.channel_map) boards;
insert into hcal.tower_reading (ts, temperature, leakage, bias_offset, bias, lv_positive, lv_negative, gain, tower_id)
select ts, 20 + half_sector * 0.01, 0.5, 0, 66, 6.4, -6.6, 'normal', tower_id from new_cycle, hcal.tower;
insert into hcal.half_sector_hour
select date_trunc('hour', ts) as bucket, half_sector, q, 24, 20 + half_sector * 0.01, 0.1, 19, 21
  from new_cycle, generate_series(0, 127) half_sector, unnest(enum_range(null::hcal.quantity)) q group by 1, 2, 3;
insert into hcal.half_sector_day
select date_trunc('day', bucket) as day, half_sector, quantity, 24, min(mean), 0.1, 19, 21
  from hcal.half_sector_hour group by 1, 2, 3;
insert into hcal.sector_hour
select bucket, half_sector / 2, quantity, 48, min(mean), 0.1, 19, 21 from hcal.half_sector_hour group by 1, 2, 3;
insert into hcal.sector_day
select bucket, half_sector / 2, quantity, 48, min(mean), 0.1, 19, 21 from hcal.half_sector_day group by 1, 2, 3;
insert into hcal.led_reading
select ts, 2000, 2000, 2000, 2000, 2000, 70, 71, 72, 73, 74, true, half_sector
  from new_cycle, generate_series(0, 127) half_sector;
insert into hcal.supply_unit_reading (ts, crate, kind, status, sampled_at, main_switch)
select ts, 'mpod', 'mpod'::hcal.supply_kind, 'ok', ts, true from new_cycle
union all select ts, 'lv', 'lv_crate', 'ok', ts, null from new_cycle;
insert into hcal.supply_reading (ts, v_set, v_meas, i_limit, i_meas, status, hcal_sector, slot, channel, switched_on, kind,
                                 crate, state)
select ts, 66, 66 + sector * 0.001, 0.0055, 0.0001, 1, sector, sector / 8, sector %% 8, true, 'mpod', 'mpod',
       case sector when 5 then 'Tripped' else 'On' end
  from new_cycle, generate_series(0, 63) sector;
insert into hcal.supply_reading (ts, v_meas, i_meas, slot, channel, switched_on, kind, crate)
select ts, 7.5, 0.015, 0, channel, true, 'lv_crate', 'lv' from new_cycle, generate_series(0, 15) channel;
insert into hcal.emcal_board_reading (ts, controller, channel, sector, interface_board, status, sampled_at, gain, bias,
                                      lv_positive, lv_negative)
select ts, controller, channel, sector, interface_board, 'ok', ts, 'normal', 68, 6.4, -6.6
  from new_cycle, hcal.emcal_board_map where sector < %(emcal_sectors)s;
insert into hcal.emcal_reading (ts, temperature_sipm, temperature_preamp, bias, leakage, tower_id)
select ts, 18 + sector * 0.01, 25, 68, 0.3, tower_id from new_cycle, hcal.emcal_tower where sector < %(emcal_sectors)s;
insert into hcal.register_definition (table_digest, register, kind, description, place, unit, valid_low, valid_high, every)
values ('t', 'temperature', 'adc', 'Temperature of the board', '0x10', 'deg C', 10, 60, 1);
insert into hcal.register_board_reading (ts, board, status, sampled_at, table_digest, registers_read, failed_readings)
select ts, 'adc0', 'ok', ts, 't', 1, 0 from new_cycle;
insert into hcal.register_reading (ts, raw, value, state, board, register)
select ts, 35, 35, 'normal', 'adc0', 'temperature' from new_cycle;
insert into hcal.anomaly (kind, quantity, place, detector, half_sector, started_at, last_seen_at, severity, value,
                          limit_value, samples, day)
select 'limit', 'temperature', 'OHCal 17', 0, 1, min(ts), max(ts), 'error', 40, 35, count(*), min(ts)::date from new_cycle;
insert into hcal.event (at, kind, source, value)
values (%(now)s - interval '1 h', 'note', 'shifter', '{"text": "beam off"}');
insert into hcal.analysis_run (run_number, kind, started_at, ended_at, contents, arrival_ids, events, towers, parameters,
                               run_id, level)
values (52000, 'led', %(now)s - interval '2 h', %(now)s - interval '1 h', 'waveforms', '{}', 1000, 3072, '{}', 'r', 'pass');
insert into hcal.led_run_tower (run_number, tower_id, at, n, led_mean, outliers, saturated, status)
select 52000, tower_id, %(now)s - interval '2 h', 1000, 4000, 0, 0, 'ok' from hcal.tower
