"""HCal for shifters: is everything read, and is anything wrong, now."""

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.observability.monitoring.alert_rules import CYCLE_SECONDS
from dsa_hcal_assets.observability.monitoring.panels import (
    FULL,
    HALF,
    QUARTER,
    THIRD,
    Dashboard,
    Panel,
    PromQl,
    Sql,
)

_NEWEST = "(select max(cycle) from hcal.snapshot)"

SHIFTER = Dashboard(
    "dsa-hcal-shifter",
    "HCal shifter",
    "State of both hadronic calorimeters in the newest snapshot, by half-sector, and what is out of order.",
    [
        (
            "Now",
            [
                Panel(
                    "Age of the newest snapshot",
                    Sql("select extract(epoch from now() - max(cycle)) as age from hcal.snapshot"),
                    "number",
                    "s",
                    QUARTER,
                    [(2 * CYCLE_SECONDS, "orange"), (3 * CYCLE_SECONDS, "red")],
                    "A snapshot comes every ten minutes.",
                ),
                Panel(
                    "Boards that give no readings",
                    Sql(
                        "select count(*) filter (where status = 'down') as boards from hcal.board_reading"
                        f" where ts = {_NEWEST}"
                    ),
                    "number",
                    "short",
                    QUARTER,
                    [(1, "red")],
                ),
                Panel(
                    "Anomalies in force",
                    Sql("select count(*) as anomalies from hcal.anomaly where ended_at is null"),
                    "number",
                    "short",
                    QUARTER,
                    [(1, "orange"), (20, "red")],
                ),
                Panel(
                    "Bias channels tripped",
                    Sql(
                        "select count(*) filter (where state = 'Tripped') as tripped from hcal.supply_reading"
                        " where ts = (select max(cycle) from hcal.source_snapshot where source = 'supplies')"
                    ),
                    "number",
                    "short",
                    QUARTER,
                    [(1, "red")],
                ),
            ],
        ),
        (
            "Half-sectors",
            [
                Panel(
                    "Half-sectors now",
                    Sql(f"""
select t.half_sector_label as "half-sector", mode() within group (order by r.gain)::text as gain,
       round(avg(r.temperature)::numeric, 2) as "temperature, deg C",
       round(avg(r.leakage)::numeric, 3) as leakage, round(avg(r.bias)::numeric, 2) as "bias, V",
       count(*) filter (where r.bias_offset <> 0) as "offsets not 0",
       max(l.state) as "LED", round(max(l.pin_diode)::numeric, 1) as "PIN diode, ADC counts"
  from hcal.tower_reading r join hcal.tower t using (tower_id)
  left join hcal.half_sector_leds l using (half_sector)
 where r.ts = {_NEWEST}
 group by t.half_sector, t.half_sector_label order by t.half_sector"""),
                    "table",
                    width=FULL,
                    text="O-31S: outer, sector 31, south half. Gain is that of most towers.",
                ),
            ],
        ),
        (
            "The last hours",
            [
                Panel(
                    "SiPM temperature by detector: lowest, mean, highest half-sector",
                    Sql("""
select bucket as time, case when half_sector < 64 then 'OHCal ' else 'IHCal ' end || name as metric, value
  from (select bucket, half_sector / 64 * 64 as half_sector,
               min(mean) as lowest, avg(mean) as mean, max(mean) as highest
          from hcal.half_sector_hour
         where quantity = 'temperature' and $__timeFilter(bucket) group by 1, 2) hours
 cross join lateral (values ('lowest', lowest), ('mean', mean), ('highest', highest)) v (name, value)
 order by 1"""),
                    unit="celsius",
                    limits=[(30, "orange"), (35, "red")],
                ),
                Panel(
                    "Boards by status",
                    Sql("""
select ts as time, status as metric, count(*)::float8 as boards from hcal.board_reading
 where $__timeFilter(ts) group by 1, 2 order by 1"""),
                ),
                Panel(
                    "LEDs by state",
                    Sql("""
select state as "LEDs", count(*) as "half-sectors" from hcal.half_sector_leds group by 1 order by 2 desc"""),
                    "table",
                    width=THIRD,
                ),
                Panel(
                    "Supplies by state",
                    [PromQl(f"{m.SUPPLY_CHANNELS}", "{{state}}")],
                    width=THIRD,
                ),
                Panel(
                    "Boards reached",
                    [PromQl(f"sum by (source) ({m.BOARD_UP})", "{{source}}")],
                    width=THIRD,
                ),
                Panel(
                    "Anomalies in force",
                    Sql("""
select started_at as since, severity, kind, quantity, place, value, limit_value as "limit", samples
  from hcal.anomaly where ended_at is null order by severity, started_at limit 200"""),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "What was done to the detector",
                    Sql("""
select at as time, kind, source, run_number as run, value ->> 'text' as text
  from hcal.event where $__timeFilter(at) order by at desc limit 200"""),
                    "table",
                    width=HALF,
                ),
            ],
        ),
    ],
)
