"""Each alert rule fires on its trouble and on nothing else: promtool evaluates them over made-up series."""

import re
import subprocess

import pytest
import yaml

from dsa_hcal_assets.observability.catalogue import CATALOGUE
from dsa_hcal_assets.observability.metric import PREFIX, Kind
from dsa_hcal_assets.observability.monitoring.alert_rules import GROUPS
from dsa_hcal_assets.observability.monitoring.prometheus_files import (
    RULES_FILE,
    configuration_file,
    rules_file,
)
from dsa_hcal_assets.settings import Settings
from dsa_hcal_assets_tests.programs import program_of

RULES = {rule.name: rule for rules in GROUPS.values() for rule in rules}
HERE = 'instance="here",job="dsa_hcal"'

# rule -> (series in trouble, series in order); promtool's notation: start, then growth a minute x times.
# The clock of a rule's test begins at 0, so that a time stamp of 0 becomes old by itself.
CASES = {
    "ApiDown": ({f"up{{{HERE}}}": "0x300"}, {f"up{{{HERE}}}": "1x300"}),
    "DatabaseDown": ({"dsa_hcal_database_up": "0x300"}, {"dsa_hcal_database_up": "1x300"}),
    "MetricsIncomplete": (
        {'dsa_hcal_collector_up{collector="disk"}': "0x300", "dsa_hcal_database_up": "1x300"},
        {'dsa_hcal_collector_up{collector="runs"}': "0x300", "dsa_hcal_database_up": "0x300"},
    ),
    "DiskLow": (
        {'dsa_hcal_filesystem_avail_bytes{directory="state"}': "199e9x300"},
        {'dsa_hcal_filesystem_avail_bytes{directory="state"}': "201e9x300"},
    ),
    "DiskAlmostFull": (
        {'dsa_hcal_filesystem_avail_bytes{directory="state"}': "99e9x300"},
        {'dsa_hcal_filesystem_avail_bytes{directory="state"}': "101e9x300"},
    ),
    "DatabaseConnectionsShort": (
        {"dsa_hcal_database_connections": "170x300", "dsa_hcal_database_connections_limit": "200x300"},
        {"dsa_hcal_database_connections": "150x300", "dsa_hcal_database_connections_limit": "200x300"},
    ),
    "ApiSlow": (
        {
            'dsa_hcal_http_request_duration_seconds_bucket{le="2"}': "0+90x300",
            'dsa_hcal_http_request_duration_seconds_bucket{le="5"}': "0+100x300",
            'dsa_hcal_http_request_duration_seconds_bucket{le="+Inf"}': "0+100x300",
        },
        {
            'dsa_hcal_http_request_duration_seconds_bucket{le="2"}': "0+99x300",
            'dsa_hcal_http_request_duration_seconds_bucket{le="5"}': "0+100x300",
            'dsa_hcal_http_request_duration_seconds_bucket{le="+Inf"}': "0+100x300",
        },
    ),
    "ApiFails": (
        {
            'dsa_hcal_http_request_duration_seconds_count{status="503"}': "0+10x300",
            'dsa_hcal_http_request_duration_seconds_count{status="200"}': "0+90x300",
        },
        {
            'dsa_hcal_http_request_duration_seconds_count{status="503"}': "0+1x300",
            'dsa_hcal_http_request_duration_seconds_count{status="404"}': "0+99x300",
        },
    ),
    "CriticalAlertOpen": (
        {'dsa_hcal_open_alerts{severity="critical"}': "1x300"},
        {'dsa_hcal_open_alerts{severity="error"}': "9x300"},
    ),
    "QueueDeep": (
        {'dsa_hcal_runs{status="queued"}': "101x300"},
        {'dsa_hcal_runs{status="queued"}': "100x300", 'dsa_hcal_runs{status="started"}': "200x300"},
    ),
    "RunStuck": (
        {'dsa_hcal_run_oldest_seconds{status="started"}': "3601x300"},
        {'dsa_hcal_run_oldest_seconds{status="queued"}': "99999x300"},
    ),
    "StagesFail": (
        {'dsa_hcal_stage_duration_seconds_count{stage="flags",outcome="failed"}': "0+1x300"},
        {'dsa_hcal_stage_duration_seconds_count{stage="flags",outcome="done"}': "0+1x300"},
    ),
    "VerdictsFail": (
        {'dsa_hcal_verdicts_total{stage="flags",level="fail"}': "0+1x300"},
        {'dsa_hcal_verdicts_total{stage="flags",level="warn"}': "0+1x300"},
    ),
    "GroupsSlowerThanSky": (
        {"dsa_hcal_realtime_margin_seconds": "-1x300"},
        {"dsa_hcal_realtime_margin_seconds": "1x300"},
    ),
    "GroupsPileUp": (
        {'dsa_hcal_observation_groups{state="pending"}': "0+0.1x300"},
        {'dsa_hcal_observation_groups{state="pending"}': "30-0.1x190"},
    ),
    "GroupsBacklog": (
        {'dsa_hcal_observation_groups{state="pending"}': "31x300"},
        {'dsa_hcal_observation_groups{state="completed"}': "100000x300"},
    ),
    "CalibrationStale": (
        {'dsa_hcal_calibration_newest_timestamp_seconds{profile="dsa110"}': "-80000x300"},
        {'dsa_hcal_calibration_newest_timestamp_seconds{profile="dsa110"}': "0x300"},
    ),
    "QuicklookSlow": (
        {'dsa_hcal_quicklook_latency_seconds{stage="judged"}': "310x300"},
        {'dsa_hcal_quicklook_latency_seconds{stage="judged"}': "22x300"},
    ),
    "BoardDown": (
        {'dsa_hcal_board_up{source="hcal",board="97"}': "0x300"},
        {'dsa_hcal_board_up{source="hcal",board="97"}': "0x9 1x9 0x9 1x300"},
    ),
    "SnapshotsStale": (
        {'dsa_hcal_snapshot_newest_timestamp_seconds{source="hcal"}': "0x300"},
        {'dsa_hcal_snapshot_newest_timestamp_seconds{source="hcal"}': "0+60x300"},
    ),
    "SupplyTripped": (
        {'dsa_hcal_supply_channels{state="Tripped"}': "1x300"},
        {
            'dsa_hcal_supply_channels{state="Tripped"}': "0x300",
            'dsa_hcal_supply_channels{state="On"}': "64x300",
        },
    ),
    "DetectorAnomalies": (
        {'dsa_hcal_detector_anomalies{kind="limit",severity="error"}': "1x300"},
        {'dsa_hcal_detector_anomalies{kind="limit",severity="warning"}': "9x300"},
    ),
    "AcquisitionSilent": (
        {'dsa_hcal_acquisition_silent_seconds{source="hcal"}': "0+60x300"},
        {'dsa_hcal_acquisition_silent_seconds{source="hcal"}': "600x300"},
    ),
    "AcquisitionHoldsSnapshots": (
        {
            'dsa_hcal_acquisition_unsaved_snapshots{source="hcal"}': "60x300",
            'dsa_hcal_acquisition_unsaved_limit{source="hcal"}': "500x300",
        },
        {
            'dsa_hcal_acquisition_unsaved_snapshots{source="hcal"}': "1x300",
            'dsa_hcal_acquisition_unsaved_limit{source="hcal"}': "500x300",
        },
    ),
    "SnapshotsLost": (
        {'dsa_hcal_acquisition_given_up_snapshots{source="hcal"}': "0x170 3x300"},
        {'dsa_hcal_acquisition_given_up_snapshots{source="hcal"}': "3x300"},
    ),
    "SpoolOld": (
        {'dsa_hcal_spool_oldest_seconds{source="hcal"}': "3601x300"},
        {'dsa_hcal_spool_oldest_seconds{source="hcal"}': "600x300"},
    ),
    "SupervisorDown": (
        {'dsa_hcal_daq_supervisor_up{supervisor="hall"}': "0x300"},
        {'dsa_hcal_daq_supervisor_up{supervisor="hall"}': "1x300"},
    ),
    "JobCrashLoop": (
        {'dsa_hcal_daq_job_state{job="a",state="crash loop"}': "1x300"},
        {'dsa_hcal_daq_job_state{job="a",state="running"}': "1x300"},
    ),
    "MessagesLost": (
        {'dsa_hcal_daq_lost_total{job="a",producer="b"}': "0+1x300"},
        {'dsa_hcal_daq_lost_total{job="a",producer="b"}': "7x300"},
    ),
}  # fmt: skip
EVALUATED_AT = "3h"


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    file = tmp_path_factory.mktemp("rules") / RULES_FILE
    file.write_text(rules_file())
    return file


def promtool(*arguments):
    done = subprocess.run([program_of("promtool"), *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def firing(rules):
    """With which summaries each alert fires, by its name and whether there is trouble.

    promtool compares what fires with what is expected; expecting nothing, it tells all.
    """
    units = [
        {
            "name": f"{name} {trouble}",
            "interval": "1m",
            "input_series": [{"series": one, "values": values} for one, values in series.items()],
            "alert_rule_test": [{"eval_time": EVALUATED_AT, "alertname": name, "exp_alerts": []}],
        }
        for name, case in CASES.items()
        for trouble, series in zip((True, False), case, strict=True)
    ]
    file = rules.with_name("units.yml")
    file.write_text(yaml.safe_dump({"rule_files": [rules.name], "tests": units}))
    command = [program_of("promtool"), "test", "rules", file.name]
    done = subprocess.run(command, cwd=rules.parent, capture_output=True, text=True, timeout=120)
    told = re.split(r"name: (\w+) (True|False),", done.stdout + done.stderr)
    return {
        (name, trouble == "True"): re.findall(r'summary="([^"]*)"', text)
        for name, trouble, text in zip(told[1::3], told[2::3], told[3::3], strict=True)
    }


@pytest.mark.promtool
def test_prometheus_accepts_rules_and_configuration(rules):
    assert f"{len(RULES)} rules found" in promtool("check", "rules", str(rules))
    configuration = rules.with_name("prometheus.yml")
    configuration.write_text(configuration_file(Settings()))
    assert "SUCCESS" in promtool("check", "config", str(configuration))


def test_every_rule_has_its_case():
    assert set(CASES) == set(RULES)


@pytest.mark.promtool
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_fires_on_its_trouble_and_not_without(firing, name):
    (summary,) = firing[name, True]
    assert "{{" not in summary
    assert "<no value>" not in summary
    assert (name, False) not in firing


def test_rules_use_names_and_labels_of_the_catalogue_only():
    known = {one.name: set(one.labels) for one in CATALOGUE}
    for one in CATALOGUE:
        if one.kind is Kind.HISTOGRAM:
            known |= {f"{one.name}_bucket": {*one.labels, "le"}, f"{one.name}_count": set(one.labels)}
    for rule in RULES.values():
        for name, labels in re.findall(rf"({PREFIX}\w+)(?:{{([^}}]*)}})?", rule.expr):
            assert name in known, rule.name
            assert set(re.findall(r"(\w+)=", labels)) <= known[name], rule.name
        told = set(re.findall(r"\$labels\.(\w+)", rule.summary + rule.remedy)) - {"instance"}
        assert told <= set().union(*(known[name] for name in known if name in rule.expr)), rule.name
