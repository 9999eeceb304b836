"""DSA operations: do groups keep up with the sky, how good are they, what are they calibrated with."""

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.observability.monitoring.alert_rules import (
    CALIBRATION_SECONDS,
    GROUP_SECONDS,
    LIMITS,
)
from dsa_hcal_assets.observability.monitoring.panels import (
    FULL,
    HALF,
    QUARTER,
    THIRD,
    Dashboard,
    Panel,
    PromQl,
    Sql,
    Variable,
)


def _percentile(share: float, histogram: object, by: str) -> PromQl:
    return PromQl(
        f"histogram_quantile({share}, sum by (le, {by}) (rate({histogram}_bucket[1h])))",
        f"{{{{{by}}}}} p{round(share * 100)}",
    )


def _measured(stage: str, metric: str) -> Sql:
    return Sql(f"""
select recorded_at as time, '{metric}' as metric, value from platform.verdict
 where stage = '{stage}' and metric = '{metric}' and $__timeFilter(recorded_at)
   and partition in (select group_key from radio.observation_group where profile in ($profile)) order by 1""")


DSA_OPERATIONS = Dashboard(
    "dsa-hcal-dsa-operations",
    "DSA operations",
    "Observation groups on their way from the last subband to images.",
    [
        (
            "Real time",
            [
                Panel(
                    "Real-time margin",
                    [PromQl(str(m.REALTIME_MARGIN), "margin")],
                    "number",
                    "s",
                    QUARTER,
                    text="A group's time on the sky minus that of its processing; below 0 groups pile up.",
                ),
                Panel(
                    "Groups that wait",
                    [PromQl(f'{m.GROUPS}{{state="pending"}}', "pending")],
                    "number",
                    width=QUARTER,
                    limits=[(LIMITS.groups_waiting_warning, "orange"), (LIMITS.groups_waiting_error, "red")],
                ),
                Panel(
                    "Age of the newest calibration",
                    [PromQl(f"time() - {m.CALIBRATION_TIME}", "{{profile}}")],
                    "number",
                    "s",
                    QUARTER,
                    [(CALIBRATION_SECONDS // 2, "orange"), (CALIBRATION_SECONDS, "red")],
                ),
                Panel(
                    "Last quick look",
                    [PromQl(f'{m.QUICKLOOK_LATENCY}{{stage="judged"}}', "judged")],
                    "number",
                    "s",
                    QUARTER,
                    [(60, "orange"), (GROUP_SECONDS, "red")],
                ),
                Panel(
                    "From the completion of a group to the end of each stage",
                    [
                        _percentile(0.5, m.GROUP_LATENCY, "stage"),
                        _percentile(0.95, m.GROUP_LATENCY, "stage"),
                    ],
                    unit="s",
                ),
                Panel(
                    "A group's processing and its time on the sky",
                    [PromQl(str(m.GROUP_PROCESSING), "processing"), PromQl(str(m.GROUP_SKY), "sky")],
                    unit="s",
                ),
                Panel("Groups by state", [PromQl(str(m.GROUPS), "{{state}}")], width=THIRD),
                Panel("Runs that have not ended", [PromQl(str(m.RUNS), "{{status}}")], width=THIRD),
                Panel(
                    "Quick looks: from the landing of the last subband",
                    Sql("""
select judged_at as time, stage as metric, extract(epoch from moment - landed_at)::float8 as value
  from radio.quicklook_latency
 cross join lateral (values ('seen', seen_at), ('started', started_at), ('read', read_at),
                            ('calibrated', calibrated_at), ('imaged', imaged_at),
                            ('judged', judged_at)) v (stage, moment)
 where $__timeFilter(judged_at) order by 1"""),
                    unit="s",
                    width=THIRD,
                ),
            ],
        ),
        (
            "Groups",
            [
                Panel(
                    "Groups that came in",
                    Sql("""
select date_trunc('hour', completed_at) as time, 'groups an hour' as metric, count(*)::float8 as value
  from radio.observation_group where $__timeFilter(completed_at) and profile in ($profile)
 group by 1 order by 1"""),
                    "bars",
                    width=THIRD,
                ),
                Panel(
                    "Subbands missing",
                    Sql("""
select first_sample as time, 'missing' as metric, cardinality(missing)::float8 as value
  from radio.observation_group where $__timeFilter(first_sample) and profile in ($profile) order by 1"""),
                    width=THIRD,
                ),
                Panel(
                    "Conversion",
                    Sql("""
select started_at as time, v.part as metric, v.seconds as value from radio.conversion_performance
 cross join lateral (values ('load', load_seconds), ('phase', phase_seconds), ('write', write_seconds),
                            ('total', total_seconds)) v (part, seconds)
 where $__timeFilter(started_at) order by 1"""),
                    unit="s",
                    width=THIRD,
                ),
                Panel(
                    "Newest groups",
                    Sql("""
select group_key as "group", state, found || ' of ' || expected as subbands, missing, profile,
       round(declination_deg::numeric, 3) as "declination, deg", last_seen as "last subband"
  from radio.group_state where group_key in (
       select group_key from radio.observation_group where profile in ($profile)
        order by first_sample desc limit 50)
 order by group_key desc"""),
                    "table",
                    width=FULL,
                ),
            ],
        ),
        (
            "Quality",
            [
                Panel("Image noise, Jy/beam", _measured("continuum_image", "rms")),
                Panel("Share of data flagged", _measured("flags", "flagged_fraction"), unit="percentunit"),
                Panel(
                    "Flux densities over the catalogue's",
                    _measured("continuum_image", "flux_ratio"),
                    width=THIRD,
                ),
                Panel(
                    "Signal to noise of bandpasses",
                    _measured("calibration_tables", "bandpass_snr"),
                    width=THIRD,
                ),
                Panel(
                    "Verdicts an hour",
                    [PromQl(f"sum by (level) (increase({m.VERDICTS}[1h]))", "{{level}}")],
                    width=THIRD,
                ),
                Panel(
                    "Gates that are closed",
                    Sql("""
select v.partition as "group", v.stage, v.metric, v.value, v.limit_text as "limit",
       v.recorded_at as "judged at"
  from platform.verdict v join platform.current_product using (product_id)
 where v.blocking and lower(v.level) = 'fail' and $__timeFilter(v.recorded_at)
 order by v.recorded_at desc limit 200"""),
                    "table",
                    width=FULL,
                ),
            ],
        ),
        (
            "Calibration",
            [
                Panel(
                    "Age of the set each group was calibrated with",
                    Sql("""
select decided_at as time, standing as metric, staleness_hours * 3600 as value from radio.calibration_use
 where staleness_hours is not null and profile in ($profile) and $__timeFilter(decided_at) order by 1"""),
                    unit="s",
                    width=HALF,
                ),
                Panel(
                    "Coming transits",
                    Sql("""
select transit, calibrator, round(separation_deg::numeric, 2) as "separation, deg",
       round(apparent_jy::numeric, 2) as "apparent, Jy", profile
  from radio.coming_transit where profile in ($profile) limit 20"""),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "Calibration sets",
                    Sql("""
select set_id as "set", calibrator, centre as "transit", state, pinned, qa_level as quality, valid_from,
       valid_until, round(declination_deg::numeric, 2) as "declination, deg", reason
  from radio.calibration_sets where profile in ($profile) order by centre desc limit 100"""),
                    "table",
                    width=FULL,
                ),
            ],
        ),
    ],
    [
        Variable(
            "profile",
            "Telescope",
            Sql("select distinct profile from radio.observation_group order by 1"),
        )
    ],
    "now-24h",
)
