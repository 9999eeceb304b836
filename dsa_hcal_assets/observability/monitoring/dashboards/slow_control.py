"""HCal for experts: temperatures, leakage, offsets, low voltages, LEDs and boards."""

from dsa_hcal_assets.observability.monitoring.panels import FULL, HALF, Dashboard, Panel, Sql, Variable


def _hours(quantity: str, value: str = "mean") -> Sql:
    return Sql(f"""
select h.bucket as time, t.half_sector_label as metric, h.{value}::float8 as value
  from hcal.half_sector_hour h
  join (select distinct half_sector, half_sector_label from hcal.tower) t using (half_sector)
 where h.quantity = '{quantity}' and t.half_sector_label in ($half_sector) and $__timeFilter(h.bucket)
 order by 1""")


def _leds(value: str) -> Sql:
    return Sql(f"""
select ts as time, half_sector_label as metric, ({value})::float8 as value from hcal.led_reading
  join (select distinct half_sector, half_sector_label from hcal.tower) t using (half_sector)
 where half_sector_label in ($half_sector) and $__timeFilter(ts) order by 1""")


SLOW_CONTROL = Dashboard(
    "dsa-hcal-expert-slow-control",
    "HCal expert: slow control",
    "Hourly means of the half-sectors; choose some, or the lines become many.",
    [
        (
            "Sensors",
            [
                Panel("SiPM temperature", _hours("temperature"), unit="celsius"),
                Panel("SiPM temperature, highest tower", _hours("temperature", "max"), unit="celsius"),
                Panel("Leakage", _hours("leakage"), text="As the boards report it; meaningful with bias on."),
                Panel("Leakage, highest tower", _hours("leakage", "max")),
                Panel("Bias offset, DAC units", _hours("bias_offset")),
                Panel("Spread of the offsets, DAC units", _hours("bias_offset", "std")),
                Panel("Positive low voltage", _hours("lv_positive"), unit="volt"),
                Panel("Negative low voltage", _hours("lv_negative"), unit="volt"),
            ],
        ),
        (
            "LEDs",
            [
                Panel(
                    "LED intensity as set, DAC units",
                    _leds(
                        "(led_intensity_1 + led_intensity_2 + led_intensity_3 + led_intensity_4"
                        " + led_intensity_5) / 5"
                    ),
                ),
                Panel(
                    "PIN diodes, ADC counts",
                    _leds("(pin_diode_1 + pin_diode_2 + pin_diode_3 + pin_diode_4 + pin_diode_5) / 5"),
                ),
                Panel(
                    "Pulse height in LED runs, ADC counts",
                    Sql("""
select r.at as time, t.half_sector_label as metric, avg(r.led_mean)::float8 as value
  from hcal.led_run_tower r join hcal.tower t using (tower_id)
 where t.half_sector_label in ($half_sector) and $__timeFilter(r.at) group by 1, 2 order by 1"""),
                ),
                Panel(
                    "LED and pedestal runs",
                    Sql("""
select started_at as time, run_number as run, kind, events, towers, level from hcal.analysis_run
 where $__timeFilter(started_at) order by 1 desc"""),
                    "table",
                ),
            ],
        ),
        (
            "Boards",
            [
                Panel(
                    "Readings that failed, by board",
                    Sql("""
select ts as time, board as metric, failed_readings::float8 as value from hcal.board_reading
 where $__timeFilter(ts) order by 1"""),
                ),
                Panel(
                    "Boards now",
                    Sql("""
select board, status, sampled_at as "asked at", failed_readings as failed, error ->> 'what' as trouble
  from hcal.board_reading where ts = (select max(cycle) from hcal.snapshot) order by board"""),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "Low-voltage crates",
                    Sql("""
select ts as time, crate || ' ' || slot || '/' || channel as metric, v_meas::float8 as value
  from hcal.supply_reading where kind = 'lv_crate' and $__timeFilter(ts) order by 1"""),
                    unit="volt",
                ),
                Panel(
                    "Registers of digitiser boards now",
                    Sql("""
select board, register, value, unit, state, description from hcal.register_state
 where ts = (select max(cycle) from hcal.source_snapshot where source = 'registers')
 order by state, board, register limit 500"""),
                    "table",
                ),
                Panel(
                    "Anomalies",
                    Sql("""
select started_at as time, ended_at, severity, kind, quantity, place, value, limit_value as "limit"
  from hcal.anomaly where $__timeFilter(started_at) or ended_at is null
 order by started_at desc limit 500"""),
                    "table",
                    width=FULL,
                ),
            ],
        ),
    ],
    [
        Variable(
            "half_sector",
            "Half-sector",
            Sql("select distinct half_sector_label from hcal.tower order by 1"),
        )
    ],
    "now-7d",
)
