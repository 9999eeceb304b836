"""The test rig: readings, alerts, key figures."""

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.observability.monitoring.panels import (
    FULL,
    QUARTER,
    THIRD,
    Dashboard,
    Panel,
    PromQl,
    Sql,
)


def _readings(quantity: str) -> Sql:
    return Sql(f"""
select read_at as time, {quantity} as value from rig.reading where $__timeFilter(read_at) order by 1""")


def _days(column: str) -> Sql:
    return Sql(f"""
select day::timestamptz as time, {column}::float8 as value
  from rig.kpi where $__timeFilter(day::timestamptz) order by 1""")


RIG = Dashboard(
    "dsa-hcal-rig",
    "Test rig",
    "Cleaned readings of the propulsion test rig and the key figures of its days.",
    [
        (
            "Now",
            [
                Panel(
                    "Age of the newest reading",
                    [PromQl(f"time() - {m.RIG_READING_TIME}", "age")],
                    "number",
                    "s",
                    QUARTER,
                ),
                Panel(
                    "Readings shown",
                    Sql("select count(*) as readings from rig.reading where $__timeFilter(read_at)"),
                    "number",
                    width=QUARTER,
                ),
                Panel(
                    "Red alerts shown",
                    Sql(
                        "select count(*) filter (where temperature_alert = 'red')"
                        " + count(*) filter (where pressure_alert = 'red') as alerts"
                        " from rig.reading where $__timeFilter(read_at)"
                    ),
                    "number",
                    width=QUARTER,
                    limits=[(1, "red")],
                ),
                Panel(
                    "Quality of the newest day",
                    Sql("select data_quality_score / 100 as quality from rig.kpi order by day desc limit 1"),
                    "number",
                    "percentunit",
                    QUARTER,
                ),
            ],
        ),
        (
            "Readings",
            [
                Panel("Temperature", _readings("temperature"), unit="celsius"),
                Panel("Pressure, kPa", _readings("pressure")),
                Panel(
                    "Temperature, standard deviations from the day's mean", _readings("temperature_zscore")
                ),
                Panel("Pressure, standard deviations from the day's mean", _readings("pressure_zscore")),
            ],
        ),
        (
            "Days",
            [
                Panel("Mean temperature", _days("avg_temp"), unit="celsius", width=THIRD),
                Panel("Mean pressure, kPa", _days("avg_pressure"), width=THIRD),
                Panel("Red alerts", _days("alert_count"), "bars", width=THIRD),
                Panel(
                    "Key figures",
                    Sql("""
select day, avg_temp as "temperature, deg C", avg_pressure as "pressure, kPa", alert_count as alerts,
       uptime_hours as "uptime, h", total_records as records, data_quality_score as "quality, %"
  from rig.kpi order by day desc limit 90"""),
                    "table",
                    width=FULL,
                ),
            ],
        ),
    ],
    since="now-24h",
)
