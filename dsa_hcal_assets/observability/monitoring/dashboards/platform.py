"""The platform: services, runs, stages, custody, acquisition's jobs, database, disk."""

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.observability.monitoring.alert_rules import JOB
from dsa_hcal_assets.observability.monitoring.panels import (
    HALF,
    QUARTER,
    THIRD,
    Dashboard,
    Panel,
    PromQl,
    Sql,
)

PLATFORM = Dashboard(
    "dsa-hcal-platform",
    "Platform",
    "Does everything run, how busy is it, what waits.",
    [
        (
            "Now",
            [
                Panel("API", [PromQl(f'up{{job="{JOB}"}}', "{{instance}}")], "number", width=QUARTER),
                Panel("Database", [PromQl(str(m.DATABASE_UP), "up")], "number", width=QUARTER),
                Panel(
                    "Open alerts",
                    [PromQl(str(m.OPEN_ALERTS), "{{severity}}")],
                    "number",
                    width=QUARTER,
                ),
                Panel(
                    "Parts of the metrics that cannot be read",
                    [PromQl(f"count({m.COLLECTOR_UP} == 0) or vector(0)", "parts")],
                    "number",
                    width=QUARTER,
                    limits=[(1, "red")],
                ),
                Panel(
                    "Open alerts",
                    Sql("""
select raised_at as since, severity, category, title, partition, acknowledged_by as "seen by"
  from platform.alert where resolved_at is null order by raised_at desc limit 200"""),
                    "table",
                    width=24,
                ),
            ],
        ),
        (
            "Runs and stages",
            [
                Panel("Runs that have not ended", [PromQl(str(m.RUNS), "{{status}}")], width=THIRD),
                Panel("Oldest run", [PromQl(str(m.RUN_AGE), "{{status}}")], unit="s", width=THIRD),
                Panel(
                    "Stages an hour",
                    [PromQl(f"sum by (outcome) (increase({m.STAGE_SECONDS}_count[1h]))", "{{outcome}}")],
                    width=THIRD,
                ),
                Panel(
                    "Median time of stages",
                    [
                        PromQl(
                            "histogram_quantile(0.5,"
                            f" sum by (le, stage) (rate({m.STAGE_SECONDS}_bucket[1h])))",
                            "{{stage}}",
                        )
                    ],
                    unit="s",
                ),
                Panel(
                    "Stages",
                    Sql("""
select stage, count(*) as times, count(*) filter (where outcome = 'failed') as failed,
       percentile_cont(0.5) within group (order by seconds) as "median, s",
       percentile_cont(0.95) within group (order by seconds) as "95 %, s", max(seconds) as "longest, s"
  from (select stage, outcome, extract(epoch from ended_at - started_at)::float8 as seconds
          from platform.stage_time where $__timeFilter(ended_at)) shown
 group by stage order by 4 desc"""),
                    "table",
                ),
            ],
        ),
        (
            "Custody",
            [
                Panel(
                    "Arrivals by source and state",
                    Sql(
                        "select source, accepted, loaded, quarantined, pending"
                        " from platform.ledger_balance order by 1"
                    ),
                    "table",
                    width=HALF,
                ),
                Panel(
                    "Quarantine",
                    Sql("""
select quarantined_at as time, source, name, reason ->> 'what' as trouble, reason ->> 'remedy' as remedy
  from platform.arrival where state = 'quarantined' order by quarantined_at desc limit 200"""),
                    "table",
                    width=HALF,
                ),
                Panel("Pending arrivals", [PromQl(f'{m.ARRIVALS}{{state="pending"}}', "{{source}}")]),
                Panel("Snapshots that wait to be loaded", [PromQl(str(m.SPOOL_FILES), "{{source}}")]),
            ],
        ),
        (
            "Acquisition",
            [
                Panel(
                    "Messages a second",
                    [
                        PromQl(
                            f'sum by (job) (rate({m.DAQ_MESSAGES}{{direction="out"}}[5m]))',
                            "{{job}}",
                        )
                    ],
                    width=THIRD,
                ),
                Panel(
                    "Payload a second",
                    [PromQl(f'sum by (job) (rate({m.DAQ_BYTES}{{direction="out"}}[5m]))', "{{job}}")],
                    unit="Bps",
                    width=THIRD,
                ),
                Panel(
                    "Messages that wait",
                    [PromQl(f"sum by (job) ({m.DAQ_QUEUE})", "{{job}}")],
                    width=THIRD,
                ),
                Panel(
                    "From send to consumer, 95 %",
                    [
                        PromQl(
                            f"histogram_quantile(0.95, sum by (le, job) (rate({m.DAQ_LATENCY}_bucket[5m])))",
                            "{{job}}",
                        )
                    ],
                    unit="s",
                    width=THIRD,
                ),
                Panel(
                    "Losses in ten minutes",
                    [
                        PromQl(f"sum by (job) (increase({m.DAQ_LOST}[10m]))", "{{job}} kept"),
                        PromQl(f"sum by (job) (increase({m.DAQ_GAPS}[10m]))", "{{job}} live"),
                        PromQl(f"sum by (job) (increase({m.DAQ_DROPPED}[10m]))", "{{job}} dropped"),
                    ],
                    width=THIRD,
                ),
                Panel(
                    "Jobs by state",
                    [PromQl(f"sum by (state) ({m.DAQ_JOB_STATE})", "{{state}}")],
                    width=THIRD,
                ),
            ],
        ),
        (
            "API, database, disk",
            [
                Panel(
                    "Answers a second",
                    [PromQl(f"sum by (status) (rate({m.REQUEST_SECONDS}_count[5m]))", "{{status}}")],
                    width=THIRD,
                ),
                Panel(
                    "Slowest routes, 95 %",
                    [
                        PromQl(
                            "topk(10, histogram_quantile(0.95,"
                            f" sum by (le, route) (rate({m.REQUEST_SECONDS}_bucket[5m]))))",
                            "{{route}}",
                        )
                    ],
                    unit="s",
                    width=THIRD,
                ),
                Panel(
                    "Time to read the metrics",
                    [PromQl(str(m.COLLECTOR_SECONDS), "{{collector}}")],
                    unit="s",
                    width=THIRD,
                ),
                Panel(
                    "Database transactions a second",
                    [PromQl(f"rate({m.DATABASE_TRANSACTIONS}[5m])", "{{outcome}}")],
                    width=THIRD,
                ),
                Panel(
                    "Blocks found in memory",
                    [
                        PromQl(
                            f'rate({m.DATABASE_BLOCKS}{{found_in="memory"}}[5m])'
                            f" / on (instance) sum by (instance) (rate({m.DATABASE_BLOCKS}[5m]))",
                            "share",
                        )
                    ],
                    unit="percentunit",
                    width=THIRD,
                ),
                Panel(
                    "Connections",
                    [
                        PromQl(str(m.DATABASE_CONNECTIONS), "open"),
                        PromQl(str(m.DATABASE_CONNECTIONS_LIMIT), "allowed"),
                    ],
                    width=THIRD,
                ),
                Panel("Size of the database", [PromQl(str(m.DATABASE_BYTES), "size")], unit="bytes"),
                Panel(
                    "Room on the disks",
                    [PromQl(str(m.DISK_FREE_BYTES), "{{directory}}")],
                    unit="bytes",
                ),
            ],
        ),
    ],
)
