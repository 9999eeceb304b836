"""What `stats.csv` says of jobs that really run: bytes that were moved, restarts, each instance apart."""

import csv
import os
import signal
from pathlib import Path

from dsa_hcal_assets_tests.daq.supervisor.whole import Whole


def test_two_instances_have_rows_of_their_own_with_real_bytes_and_a_restart_is_counted(tmp_path: Path):
    hall = Whole(tmp_path)
    hall.write("statistics", "statistics")
    after = {"after": ["statistics"], "interval": "5ms", "rate": 1000}
    hall.write("small", "synthetic_load", size=1000, count=40, **after)
    hall.write("large", "synthetic_load", size=30_000, count=20, **after)
    hall.write("ill", "Diary", after=["statistics"], **{"restart.first_delay": "50ms"})
    hall.write("keep", "raw", f'[options]\npath = "{tmp_path / "kept"}"\n[[input]]\nfrom = "large"\n')

    def last_rows() -> dict[str, dict[str, str]]:
        path = hall.run_dir / "statistics" / "stats.csv"
        if not path.exists():
            return {}
        with path.open(newline="") as file:
            return {row["job"]: row for row in csv.DictReader(file)}

    def moved(job: str, way: str) -> tuple[int, int]:
        row = last_rows()[job]
        return int(row[f"{way}_messages"]), int(row[f"{way}_bytes"])

    hall.start()
    try:
        hall.until_running("ill")
        os.kill(hall.job("ill").pid, signal.SIGKILL)
        hall.until(lambda: last_rows().get("ill", {}).get("restarts") == "1")
        hall.until(lambda: {"small", "large", "keep"} <= last_rows().keys())
        hall.until(lambda: moved("keep", "in")[0] == 20)
        assert moved("small", "out") == (40, 40_000)
        assert moved("large", "out") == (20, 600_000)
        assert moved("keep", "in") == (20, 600_000)
        rows = last_rows()
        assert {job: row["restarts"] for job, row in rows.items() if row["restarts"] != "0"} == {"ill": "1"}
        assert {row["alive"] for row in rows.values()} == {"True"}
    finally:
        hall.close()
