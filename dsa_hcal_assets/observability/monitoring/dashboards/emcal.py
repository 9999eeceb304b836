"""The electromagnetic calorimeter: boards, voltages, temperatures."""

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.observability.monitoring.alert_rules import CYCLE_SECONDS
from dsa_hcal_assets.observability.monitoring.panels import (
    QUARTER,
    THIRD,
    Dashboard,
    Panel,
    PromQl,
    Sql,
    Variable,
)

_NEWEST = "(select max(cycle) from hcal.source_snapshot where source = 'emcal')"


def _boards(value: str) -> Sql:
    return Sql(f"""
select ts as time, 'sector ' || sector as metric, avg({value})::float8 as value from hcal.emcal_board_reading
 where sector::text in ($sector) and $__timeFilter(ts) group by 1, sector order by 1""")


def _towers(value: str) -> Sql:
    return Sql(f"""
select r.ts as time, 'sector ' || t.sector as metric, avg(r.{value})::float8 as value
  from hcal.emcal_reading r join hcal.emcal_tower t using (tower_id)
 where t.sector::text in ($sector) and $__timeFilter(r.ts) group by 1, t.sector order by 1""")


EMCAL = Dashboard(
    "dsa-hcal-emcal",
    "EMCal",
    "Interface boards and towers of the electromagnetic calorimeter; means by sector.",
    [
        (
            "Now",
            [
                Panel(
                    "Age of the newest snapshot",
                    Sql(f"select extract(epoch from now() - {_NEWEST}) as age"),
                    "number",
                    "s",
                    QUARTER,
                    [(2 * CYCLE_SECONDS, "orange"), (3 * CYCLE_SECONDS, "red")],
                ),
                Panel(
                    "Boards by status",
                    Sql(
                        "select status, count(*) as boards from hcal.emcal_board_reading"
                        f" where ts = {_NEWEST} group by 1 order by 2 desc"
                    ),
                    "table",
                    width=QUARTER,
                ),
                Panel(
                    "Boards reached",
                    [PromQl(f'sum({m.BOARD_UP}{{source="emcal"}})', "boards")],
                ),
            ],
        ),
        (
            "Sectors",
            [
                Panel("SiPM temperature", _towers("temperature_sipm"), unit="celsius", width=THIRD),
                Panel(
                    "Pre-amplifier temperature", _towers("temperature_preamp"), unit="celsius", width=THIRD
                ),
                Panel("Leakage", _towers("leakage"), width=THIRD),
                Panel("Bias", _boards("bias"), unit="volt", width=THIRD),
                Panel("Positive low voltage", _boards("lv_positive"), unit="volt", width=THIRD),
                Panel("Negative low voltage", _boards("lv_negative"), unit="volt", width=THIRD),
            ],
        ),
        (
            "Boards",
            [
                Panel(
                    "Boards now",
                    Sql(f"""
select controller, channel, sector, interface_board as board, status, gain::text as gain, bias as "bias, V",
       failed_readings as failed, error ->> 'what' as trouble
  from hcal.emcal_board_reading where ts = {_NEWEST} and sector::text in ($sector) order by 1, 2"""),
                    "table",
                ),
                Panel(
                    "Hottest towers now",
                    Sql(f"""
select t.towerid as tower, t.ieta, t.iphi, t.sector, r.temperature_sipm as "temperature, deg C", r.leakage
  from hcal.emcal_reading r join hcal.emcal_tower t using (tower_id)
 where r.ts = {_NEWEST} and r.temperature_sipm is not null order by r.temperature_sipm desc limit 50"""),
                    "table",
                ),
            ],
        ),
    ],
    [Variable("sector", "Sector", Sql("select distinct sector::text from hcal.emcal_board_map order by 1"))],
    "now-6h",
)
