"""Real processes: a job that fails for good is found by its silence, told, and its traceback kept."""

import json

from dsa_hcal_assets_tests.daq.jobs.example_jobs import MODULE
from dsa_hcal_assets_tests.daq.running import acquisition

FILES = {
    "supervisor": 'id = "hall"',
    "pump": f"""
        type = "{MODULE}:Diary"
        id = "pump"
        diary = "diary"
        interval = "200ms"
        in_step = "exception"
        fault_after = 8
        restart.when = "never"
    """,
    "watch": """
        type = "health_check"
        id = "watch"
        subscribe = ["stats.pump"]
        interval = "100ms"
        [[check]]
        name = "pump"
        item = "stats.pump"
        interval = "1500ms"
        condition = "unsatisfied"
        severity = "critical"
        message = "pump silent for {interval}"
    """,
    "alerts": """
        type = "alerts"
        id = "alerts"
        [[input]]
        from = "watch"
    """,
    "traces": """
        type = "traces"
        id = "traces"
    """,
}


def test_a_job_that_fails_for_good_is_told_and_leaves_its_traceback(tmp_path):
    def values(kind):
        files = (tmp_path / "state" / "daq" / "hall" / kind).glob("*.jsonl")
        return [json.loads(line)["value"] for file in files for line in file.read_text().splitlines()]

    directory = tmp_path / "config"
    directory.mkdir()
    for name, text in FILES.items():
        (directory / f"{name}.toml").write_text(text)

    with acquisition(directory, tmp_path) as until:
        until(lambda: values("traces"))
        until(lambda: values("alerts"))

    (trace,) = values("traces")
    assert (trace["error"], trace["message"]) == ("ValueError", "as its file says")
    assert "in step" in trace["traceback"]
    titles = [alert["title"] for alert in values("alerts")]
    assert titles[0] == "pump silent for 1.5s"
    assert values("alerts")[0]["severity"] == "critical"
