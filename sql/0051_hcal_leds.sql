-- What the controllers are asked now and then: LED intensities, PIN diodes, DAC settings.

create table hcal.led_reading (
    ts timestamptz not null,
    led_intensity_1 real,
    led_intensity_2 real,
    led_intensity_3 real,
    led_intensity_4 real,
    led_intensity_5 real,
    pin_diode_1 real,
    pin_diode_2 real,
    pin_diode_3 real,
    pin_diode_4 real,
    pin_diode_5 real,
    lit boolean,
    half_sector smallint not null,
    primary key (ts, half_sector)
) partition by range (ts);
comment on table hcal.led_reading is 'LEDs of each half-sector in the cycles that asked for them, one partition a month (hcal.ensure_month). No row: not asked for; null: asked for and not read';
comment on column hcal.led_reading.ts is 'Start of the cycle (hcal.snapshot.cycle)';
comment on column hcal.led_reading.led_intensity_1 is 'Intensity the first LED is set to, DAC units (about 1900 to 3200), whether it flashes or not';
comment on column hcal.led_reading.led_intensity_2 is 'Intensity the second LED is set to, DAC units';
comment on column hcal.led_reading.led_intensity_3 is 'Intensity the third LED is set to, DAC units';
comment on column hcal.led_reading.led_intensity_4 is 'Intensity the fourth LED is set to, DAC units';
comment on column hcal.led_reading.led_intensity_5 is 'Intensity the fifth LED is set to, DAC units';
comment on column hcal.led_reading.pin_diode_1 is 'First PIN diode that watches the LEDs, ADC counts (0 in the dark)';
comment on column hcal.led_reading.pin_diode_2 is 'Second PIN diode, ADC counts';
comment on column hcal.led_reading.pin_diode_3 is 'Third PIN diode, ADC counts';
comment on column hcal.led_reading.pin_diode_4 is 'Fourth PIN diode, ADC counts';
comment on column hcal.led_reading.pin_diode_5 is 'Fifth PIN diode, ADC counts';
comment on column hcal.led_reading.lit is 'Whether a PIN diode saw light (the boards do not tell the LED mask that was set); null: PIN diodes not read';
comment on column hcal.led_reading.half_sector is '0-127 (hcal.tower.half_sector)';

create table hcal.dac_reading (
    ts timestamptz not null,
    dac real,
    tower_id smallint not null,
    primary key (ts, tower_id)
) partition by range (ts);
comment on table hcal.dac_reading is 'DAC settings of each tower in the cycles that asked for them, one partition a month (hcal.ensure_month). Null: asked for and not read';
comment on column hcal.dac_reading.ts is 'Start of the cycle (hcal.snapshot.cycle)';
comment on column hcal.dac_reading.dac is 'DAC setting as the board reports it';
comment on column hcal.dac_reading.tower_id is 'hcal.tower';

-- The body it had is now hcal.ensure_month(text, timestamptz), of 0054: plpgsql looks it up when called.
create or replace function hcal.ensure_month(moment timestamptz) returns text
language plpgsql as $$
begin
    perform hcal.ensure_month('led_reading', moment);
    perform hcal.ensure_month('dac_reading', moment);
    return hcal.ensure_month('tower_reading', moment);
end
$$;
comment on function hcal.ensure_month(timestamptz) is 'Create the partitions of the controllers'' tables for the UTC month of a time unless they exist; return that of hcal.tower_reading';

create view hcal.half_sector_leds as
select
    half_sector,
    (select half_sector_label from hcal.tower t where t.half_sector = r.half_sector limit 1) as label,
    case
        when lit is null then null
        when not lit then 'Off'
        when least(led_intensity_1, led_intensity_2, led_intensity_3, led_intensity_4, led_intensity_5) < 1900
          or greatest(led_intensity_1, led_intensity_2, led_intensity_3, led_intensity_4, led_intensity_5) > 3200
            then 'Incorrect config'
        else 'On'
    end as state,
    (led_intensity_1 + led_intensity_2 + led_intensity_3 + led_intensity_4 + led_intensity_5) / 5 as led_intensity,
    (pin_diode_1 + pin_diode_2 + pin_diode_3 + pin_diode_4 + pin_diode_5) / 5 as pin_diode,
    ts
from hcal.led_reading r
where ts = (select max(ts) from hcal.led_reading);
comment on view hcal.half_sector_leds is 'LEDs of each half-sector as last read, for displays';
comment on column hcal.half_sector_leds.half_sector is '0-127 (hcal.tower.half_sector)';
comment on column hcal.half_sector_leds.label is 'Name on the shift displays, such as O-31S';
comment on column hcal.half_sector_leds.state is 'On, Off, or Incorrect config: lit with an intensity outside 1900 to 3200; null: not read';
comment on column hcal.half_sector_leds.led_intensity is 'Mean of the five intensities set, DAC units';
comment on column hcal.half_sector_leds.pin_diode is 'Mean of the five PIN diodes, ADC counts';
comment on column hcal.half_sector_leds.ts is 'Start of the cycle';
