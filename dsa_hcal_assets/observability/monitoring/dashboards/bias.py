"""HCal for experts: bias voltages, currents and the states of their supplies."""

from dsa_hcal_assets.observability.monitoring.panels import FULL, HALF, Dashboard, Panel, Sql, Variable

_CHANNELS = "kind = 'mpod' and hcal_sector::text in ($sector) and $__timeFilter(ts)"
_SECTOR = "case when hcal_sector < 32 then 'O-' else 'I-' end || lpad((hcal_sector % 32)::text, 2, '0')"


def _series(value: str) -> Sql:
    return Sql(f"""
select ts as time, {_SECTOR} as metric, ({value})::float8 as value from hcal.supply_reading
 where {_CHANNELS} order by ts""")


BIAS = Dashboard(
    "dsa-hcal-expert-bias",
    "HCal expert: bias",
    "Voltages and currents of the bias supplies, sector by sector.",
    [
        (
            "Voltages",
            [
                Panel("Voltage measured", _series("v_meas"), unit="volt"),
                Panel("Voltage set", _series("v_set"), unit="volt"),
                Panel("Measured minus set", _series("v_meas - v_set"), unit="volt"),
                Panel(
                    "Moving standard deviation of the voltage",
                    _series(
                        "stddev_samp(v_meas) over (partition by crate, slot, channel order by ts"
                        " rows between 11 preceding and current row)"
                    ),
                    unit="volt",
                    text="Over twelve readings.",
                ),
            ],
        ),
        (
            "Currents",
            [
                Panel("Current measured", _series("i_meas"), unit="amp"),
                Panel(
                    "Share of the current limit", _series("i_meas / nullif(i_limit, 0)"), unit="percentunit"
                ),
                Panel("Current limit", _series("i_limit"), unit="amp"),
                Panel(
                    "Channels by state",
                    Sql(f"""
select ts as time, coalesce(state, 'not read') as metric, count(*)::float8 as channels
  from hcal.supply_reading where {_CHANNELS} group by 1, 2 order by 1"""),
                ),
            ],
        ),
        (
            "Now",
            [
                Panel(
                    "Channels now",
                    Sql(f"""
select {_SECTOR} as sector, crate, slot, channel, v_set as "set, V", v_meas as "measured, V",
       i_meas * 1e6 as "current, uA", i_limit * 1e3 as "limit, mA", state
  from hcal.supply_reading
 where ts = (select max(cycle) from hcal.source_snapshot where source = 'supplies')
   and kind = 'mpod' and hcal_sector::text in ($sector)
 order by hcal_sector"""),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "Trips",
                    Sql(f"""
select ts as time, {_SECTOR} as sector, crate, slot, channel, v_meas as "measured, V", status
  from hcal.supply_reading where {_CHANNELS} and state = 'Tripped' order by ts desc limit 200"""),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "Bias as the boards report it, by sector",
                    Sql(f"""
select bucket as time, {_SECTOR} as metric, mean as value
  from (select sector_id as hcal_sector, bucket, mean from hcal.sector_hour
         where quantity = 'bias' and sector_id::text in ($sector) and $__timeFilter(bucket)) hours
 order by 1"""),
                    unit="volt",
                    width=FULL,
                ),
            ],
        ),
    ],
    [Variable("sector", "Sector", Sql("select distinct sector_id::text from hcal.tower order by 1"))],
    "now-24h",
)
