"""Alert rules for Prometheus, from the names of the catalogue.

They watch the platform from outside: what it cannot tell itself because it is down, and what its own
alerts say too, for those who page people from Prometheus. Limits that are settings have their defaults here.
"""

from dataclasses import dataclass
from typing import Literal

from dsa_hcal_assets.observability import catalogue as m
from dsa_hcal_assets.settings.hcal import HcalSettings
from dsa_hcal_assets.settings.watch import WatchSettings

JOB = "dsa_hcal"
_GIGABYTE = 10**9
LIMITS = WatchSettings()
CYCLE_SECONDS = round(HcalSettings().poll_seconds)
"""Cadence of the detectors' snapshots: two missed cycles are trouble."""
GROUP_SECONDS = 309
"""Time on the sky of a group of DSA-110: what takes longer does not keep up."""
CALIBRATION_SECONDS = 86400
"""Sources transit daily: an older calibration set is stale."""


@dataclass(frozen=True)
class AlertRule:
    """One rule.

    Parameters
    ----------
    name
        Name of the alert.
    expr
        PromQL; the alert fires for each series it returns.
    lasting
        How long it must hold first, as Prometheus writes durations.
    severity
        As in the platform's own alerts.
    summary
        The trouble in one line; ``{{ $labels.x }}`` and ``{{ $value }}`` are filled in.
    remedy
        What to do.
    """

    name: str
    expr: str
    lasting: str
    severity: Literal["warning", "critical"]
    summary: str
    remedy: str


_PLATFORM = (
    AlertRule(
        "ApiDown",
        f'up{{job="{JOB}"}} == 0',
        "2m",
        "critical",
        "The API of {{ $labels.instance }} does not answer",
        "dsa-hcal status; logs/services/api.log",
    ),
    AlertRule(
        "DatabaseDown",
        f"{m.DATABASE_UP} == 0",
        "1m",
        "critical",
        "The database does not answer; data are kept in incoming meanwhile",
        "dsa-hcal status; logs/services/database.log, or the external server",
    ),
    AlertRule(
        "MetricsIncomplete",
        f"{m.COLLECTOR_UP} == 0 unless on (instance) {m.DATABASE_UP} == 0",
        "5m",
        "warning",
        "Part {{ $labels.collector }} of the metrics cannot be read",
        "logs/services/api.log says why",
    ),
    AlertRule(
        "DiskLow",
        f"{m.DISK_FREE_BYTES} < {LIMITS.disk_warning_gb * _GIGABYTE:.0f}",
        "5m",
        "warning",
        "{{ $value | humanize }}B are left where {{ $labels.directory }} lies",
        "remove superseded products, or add room",
    ),
    AlertRule(
        "DiskAlmostFull",
        f"{m.DISK_FREE_BYTES} < {LIMITS.disk_critical_gb * _GIGABYTE:.0f}",
        "1m",
        "critical",
        "{{ $value | humanize }}B are left where {{ $labels.directory }} lies",
        "remove superseded products, or add room, now",
    ),
    AlertRule(
        "DatabaseConnectionsShort",
        f"{m.DATABASE_CONNECTIONS} / {m.DATABASE_CONNECTIONS_LIMIT} > 0.8",
        "10m",
        "warning",
        "{{ $value | humanizePercentage }} of the database's connections are taken",
        "see pg_stat_activity for who holds them",
    ),
    AlertRule(
        "ApiSlow",
        f"histogram_quantile(0.95, sum by (le) (rate({m.REQUEST_SECONDS}_bucket[5m]))) > 2",
        "10m",
        "warning",
        "One answer of the API in twenty takes longer than {{ $value | humanizeDuration }}",
        "dashboard Platform tells which route",
    ),
    AlertRule(
        "ApiFails",
        f'sum(rate({m.REQUEST_SECONDS}_count{{status=~"5.."}}[5m]))'
        f" / sum(rate({m.REQUEST_SECONDS}_count[5m])) > 0.05",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of the API's answers are errors",
        "logs/services/api.log",
    ),
    AlertRule(
        "CriticalAlertOpen",
        f'{m.OPEN_ALERTS}{{severity="critical"}} > 0',
        "0m",
        "critical",
        "{{ $value }} critical alerts of the platform are open",
        "dsa-hcal alerts list",
    ),
)
_RUNS = (
    AlertRule(
        "QueueDeep",
        f'{m.RUNS}{{status="queued"}} > {LIMITS.runs_queued_error}',
        "10m",
        "critical",
        "{{ $value }} runs wait",
        "Dagster UI, Runs: is it a backfill, or do runs fail and return?",
    ),
    AlertRule(
        "RunStuck",
        f'{m.RUN_AGE}{{status="started"}} > 3600',
        "5m",
        "critical",
        "A run has been working for {{ $value | humanizeDuration }}",
        "Dagster UI, Runs; logs/runs/<id>",
    ),
    AlertRule(
        "StagesFail",
        f'sum by (stage) (increase({m.STAGE_SECONDS}_count{{outcome="failed"}}[1h])) > 3',
        "0m",
        "warning",
        "{{ $labels.stage }} failed {{ $value | humanize }} times in an hour",
        "Dagster UI, Runs; the platform's alerts say what happened",
    ),
    AlertRule(
        "VerdictsFail",
        f'sum by (stage) (increase({m.VERDICTS}{{level="fail"}}[1h])) > 3',
        "0m",
        "warning",
        "{{ $value | humanize }} checks of {{ $labels.stage }} failed in an hour",
        "the QA reports of the newest partitions",
    ),
)
_RADIO = (
    AlertRule(
        "GroupsSlowerThanSky",
        f"{m.REALTIME_MARGIN} < 0",
        "30m",
        "warning",
        "A group takes {{ $value | humanizeDuration }} longer than the sky gives it",
        "dashboard DSA operations tells which stage",
    ),
    AlertRule(
        "GroupsPileUp",
        f'{m.GROUPS}{{state="pending"}} > {LIMITS.groups_waiting_warning}'
        f' and deriv({m.GROUPS}{{state="pending"}}[30m]) > 0',
        "10m",
        "warning",
        "{{ $value }} groups wait, and it becomes more",
        "are runs working? dsa-hcal status",
    ),
    AlertRule(
        "GroupsBacklog",
        f'{m.GROUPS}{{state="pending"}} > {LIMITS.groups_waiting_error}',
        "10m",
        "critical",
        "{{ $value }} groups wait",
        "are runs working? dsa-hcal status",
    ),
    AlertRule(
        "CalibrationStale",
        f"time() - {m.CALIBRATION_TIME} > {CALIBRATION_SECONDS}",
        "10m",
        "critical",
        "The newest calibration of {{ $labels.profile }} is {{ $value | humanizeDuration }} old",
        "dsa-hcal calibration list; did a calibrator transit?",
    ),
    AlertRule(
        "QuicklookSlow",
        f'{m.QUICKLOOK_LATENCY}{{stage="judged"}} > {GROUP_SECONDS}',
        "15m",
        "warning",
        "The last quick look took {{ $value | humanizeDuration }}",
        "the stages of the quick look on dashboard DSA operations",
    ),
)
_DETECTOR = (
    AlertRule(
        "BoardDown",
        f"{m.BOARD_UP} == 0",
        f"{2 * CYCLE_SECONDS // 60}m",
        "warning",
        "Board {{ $labels.board }} of {{ $labels.source }} gives no readings",
        "its crate's power and network; dashboard HCal shifter",
    ),
    AlertRule(
        "SnapshotsStale",
        f"time() - {m.CYCLE_TIME} > {2 * CYCLE_SECONDS + 300}",
        "5m",
        "warning",
        "The newest snapshot of {{ $labels.source }} is {{ $value | humanizeDuration }} old",
        "is acquisition running, are files loaded? dsa-hcal daq status",
    ),
    AlertRule(
        "SupplyTripped",
        f'{m.SUPPLY_CHANNELS}{{state="Tripped"}} > 0',
        "0m",
        "critical",
        "{{ $value }} channels of the bias supplies have tripped",
        "dashboard HCal expert: bias",
    ),
    AlertRule(
        "DetectorAnomalies",
        f'sum by (kind) ({m.ANOMALIES}{{severity="error"}}) > 0',
        "0m",
        "warning",
        "{{ $value }} anomalies of kind {{ $labels.kind }} are in force",
        "the detector report of the day",
    ),
    AlertRule(
        "AcquisitionSilent",
        f"{m.ACQUISITION_SILENT} > {2 * CYCLE_SECONDS + 300}",
        "1m",
        "warning",
        "Acquisition {{ $labels.source }} finished no cycle for {{ $value | humanizeDuration }}",
        "dsa-hcal daq status",
    ),
    AlertRule(
        "AcquisitionHoldsSnapshots",
        f"{m.ACQUISITION_UNSAVED} / {m.ACQUISITION_LIMIT} > 0.1",
        "1m",
        "warning",
        "Acquisition {{ $labels.source }} cannot write; its memory is {{ $value | humanizePercentage }} full",
        "is there room in incoming?",
    ),
    AlertRule(
        "SnapshotsLost",
        f"increase({m.ACQUISITION_GIVEN_UP}[1h]) > 0",
        "0m",
        "critical",
        "Acquisition {{ $labels.source }} lost {{ $value | humanize }} snapshots",
        "is there room in incoming?",
    ),
    AlertRule(
        "SpoolOld",
        f"{m.SPOOL_OLDEST} > 3600",
        "5m",
        "warning",
        "A snapshot of {{ $labels.source }} has waited {{ $value | humanizeDuration }} to be loaded",
        "Dagster UI: is the sensor on, do runs fail?",
    ),
)
_ACQUISITION = (
    AlertRule(
        "SupervisorDown",
        f"{m.DAQ_UP} == 0",
        "1m",
        "critical",
        "The supervisor {{ $labels.supervisor }} of acquisition jobs has ended",
        "dsa-hcal status",
    ),
    AlertRule(
        "JobCrashLoop",
        f'{m.DAQ_JOB_STATE}{{state="crash loop"}} == 1',
        "0m",
        "critical",
        "Acquisition job {{ $labels.job }} fails each time it is started",
        "dsa-hcal daq log {{ $labels.job }}",
    ),
    AlertRule(
        "MessagesLost",
        f"increase({m.DAQ_LOST}[10m]) > 0",
        "0m",
        "critical",
        "{{ $labels.job }} missed {{ $value | humanize }} kept messages of {{ $labels.producer }}",
        "it is slower than its producer: dashboard Platform",
    ),
)
GROUPS: dict[str, tuple[AlertRule, ...]] = {
    "platform": _PLATFORM,
    "runs": _RUNS,
    "radio": _RADIO,
    "detector": _DETECTOR,
    "acquisition": _ACQUISITION,
}
"""All rules, by the group they are evaluated in."""
