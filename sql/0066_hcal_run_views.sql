-- LED and pedestal runs under the names and columns that reconstruction and dashboards use.

create view public.hcal_led as
select
    t.run_number as run,
    (case when t.tower_id < 1536 then 0 else 1 end) as detector,
    (t.tower_id % 1536)::integer as towerid,
    (t.at at time zone (select hcal.local_zone())) as time,
    t.led_mean,
    t.led_std,
    l.led_mask,
    l.pindiode[1] as pindiode_1,
    l.pindiode[2] as pindiode_2,
    l.pindiode[3] as pindiode_3,
    l.pindiode[4] as pindiode_4,
    l.pindiode[5] as pindiode_5,
    l.led_width[1] as led_width_1,
    l.led_width[2] as led_width_2,
    l.led_width[3] as led_width_3,
    l.led_width[4] as led_width_4,
    l.led_width[5] as led_width_5,
    l.led_intensity[1] as led_intensity_1,
    l.led_intensity[2] as led_intensity_2,
    l.led_intensity[3] as led_intensity_3,
    l.led_intensity[4] as led_intensity_4,
    l.led_intensity[5] as led_intensity_5
from hcal.led_run_tower t
join hcal.tower w using (tower_id)
left join hcal.led_run_light l on l.run_number = t.run_number and l.half_sector = w.half_sector;
comment on view public.hcal_led is 'Compatibility: LED runs by run, detector and tower (naive local time, see hcal.local_zone)';
comment on column public.hcal_led.run is 'Run number';
comment on column public.hcal_led.detector is '0 = HCALOUT, 1 = HCALIN';
comment on column public.hcal_led.towerid is '0-1535';
comment on column public.hcal_led.time is 'Begin of the run, local naive time';
comment on column public.hcal_led.led_mean is 'Mean pulse height, ADC counts';
comment on column public.hcal_led.led_std is 'Standard deviation of a pulse''s height, ADC counts';
comment on column public.hcal_led.led_mask is 'LEDs that were on, 31 = all five; null where not known';
comment on column public.hcal_led.pindiode_1 is 'First PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_led.pindiode_2 is 'Second PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_led.pindiode_3 is 'Third PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_led.pindiode_4 is 'Fourth PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_led.pindiode_5 is 'Fifth PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_led.led_width_1 is 'First LED: pulse width as set; null where not known';
comment on column public.hcal_led.led_width_2 is 'Second LED: pulse width as set; null where not known';
comment on column public.hcal_led.led_width_3 is 'Third LED: pulse width as set; null where not known';
comment on column public.hcal_led.led_width_4 is 'Fourth LED: pulse width as set; null where not known';
comment on column public.hcal_led.led_width_5 is 'Fifth LED: pulse width as set; null where not known';
comment on column public.hcal_led.led_intensity_1 is 'First LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_led.led_intensity_2 is 'Second LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_led.led_intensity_3 is 'Third LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_led.led_intensity_4 is 'Fourth LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_led.led_intensity_5 is 'Fifth LED: intensity as set, DAC counts; null where not known';

create view public.hcal_pedestal as
select
    t.run_number as run,
    (case when t.tower_id < 1536 then 0 else 1 end) as detector,
    (t.tower_id % 1536)::integer as towerid,
    (t.at at time zone (select hcal.local_zone())) as time,
    t.pedestal_mean,
    t.pedestal_std,
    l.pindiode[1] as pindiode_1,
    l.pindiode[2] as pindiode_2,
    l.pindiode[3] as pindiode_3,
    l.pindiode[4] as pindiode_4,
    l.pindiode[5] as pindiode_5,
    l.led_intensity[1] as led_intensity_1,
    l.led_intensity[2] as led_intensity_2,
    l.led_intensity[3] as led_intensity_3,
    l.led_intensity[4] as led_intensity_4,
    l.led_intensity[5] as led_intensity_5
from hcal.pedestal_run_tower t
join hcal.tower w using (tower_id)
left join hcal.led_run_light l on l.run_number = t.run_number and l.half_sector = w.half_sector;
comment on view public.hcal_pedestal is 'Compatibility: pedestal runs by run, detector and tower (naive local time, see hcal.local_zone)';
comment on column public.hcal_pedestal.run is 'Run number';
comment on column public.hcal_pedestal.detector is '0 = HCALOUT, 1 = HCALIN';
comment on column public.hcal_pedestal.towerid is '0-1535';
comment on column public.hcal_pedestal.time is 'Begin of the run, local naive time';
comment on column public.hcal_pedestal.pedestal_mean is 'Pedestal, ADC counts';
comment on column public.hcal_pedestal.pedestal_std is 'Noise: standard deviation of a sample, ADC counts';
comment on column public.hcal_pedestal.pindiode_1 is 'First PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_pedestal.pindiode_2 is 'Second PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_pedestal.pindiode_3 is 'Third PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_pedestal.pindiode_4 is 'Fourth PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_pedestal.pindiode_5 is 'Fifth PIN diode of the half-sector, ADC counts; null where not known';
comment on column public.hcal_pedestal.led_intensity_1 is 'First LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_pedestal.led_intensity_2 is 'Second LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_pedestal.led_intensity_3 is 'Third LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_pedestal.led_intensity_4 is 'Fourth LED: intensity as set, DAC counts; null where not known';
comment on column public.hcal_pedestal.led_intensity_5 is 'Fifth LED: intensity as set, DAC counts; null where not known';
