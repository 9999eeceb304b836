"""Detector state: rows loaded, boards polled, questions answered.

``python -m benchmarks.detector_state [--quick] [--only loading polling queries]``

Loading: the same rows through five ways into the same indexed table on one server (3 days of the HCal;
quick: 8 hours), and a 30-day outage backfilled (quick: 3). Polling: a whole cycle of 16 controllers whose
replies take 20 ms, beside the slowest controller alone. Queries: 50 million rows (quick: 1 million).
"""

import argparse
import json
import resource
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import detector_state_loading, detector_state_polling, detector_state_queries
from benchmarks.detector_state_scene import CYCLES_A_DAY, TOWERS, fresh_database, serving

PARTS = ("loading", "polling", "queries")
CYCLES = {True: 48, False: 3 * CYCLES_A_DAY}
OUTAGE_DAYS = {True: 3, False: 30}
ROWS = {True: 1_000_000, False: 50_000_000}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detector_state",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, in two minutes")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    options = parser.parse_args(arguments)
    record: dict[str, Any] = {
        "name": "detector_state",
        "size": "quick" if options.quick else "full",
        "seconds": {},
        "ratios": {},
        "shares": {},
    }
    for part in options.only:
        _PARTS[part](record, options.quick)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record["peak_rss_mib"] = round(max(usage) / 1024, 1)
    print(json.dumps(record))


def _loading(record: dict[str, Any], quick: bool) -> None:
    with serving() as (server, home):
        rows, found = detector_state_loading.compete(server, home, CYCLES[quick])
        rate = {name: rows / loaded.seconds for name, loaded in found.items()}
        print(f"loading {rows} rows           s  client CPU s    rows/s   of COPY", flush=True)
        for name, loaded in found.items():
            share = rate[name] / rate["copy"]
            print(f"{name:22} {loaded.seconds:9.2f} {loaded.cpu:13.2f} {rate[name]:9.0f} {share:9.0%}")
        days = OUTAGE_DAYS[quick]
        outage = detector_state_loading.outage(server, home, days)
    cycles = days * CYCLES_A_DAY
    print(
        f"outage of {days} days ({cycles} files, {cycles * TOWERS} rows): loaded in {outage['load']:.1f} s"
        f" ({outage['load_cpu']:.1f} CPU s of the client), rolled up in {outage['rollups']:.1f} s\n",
        flush=True,
    )
    record["seconds"] |= {name: round(loaded.seconds, 3) for name, loaded in found.items()}
    record["seconds"] |= {f"outage_{days}_days_{name}": round(value, 2) for name, value in outage.items()}
    record["rows_per_second"] = {name: round(value) for name, value in rate.items()}
    others = {name: rate["ours"] / value for name, value in rate.items() if name not in ("ours", "copy")}
    record["ratios"] |= {name: round(value, 2) for name, value in others.items()}
    record["shares"]["copy"] = round(rate["ours"] / rate["copy"], 3)


def _polling(record: dict[str, Any], quick: bool) -> None:
    found = detector_state_polling.measure(quick=quick)
    for name, value in found.seconds.items():
        print(f"{name:44} {value:8.3f} s")
    print(f"{'16 controllers over the slowest alone':44} {found.ratio:8.2f}\n", flush=True)
    record["seconds"] |= {name: round(value, 3) for name, value in found.seconds.items()}
    record["poll_over_slowest_board"] = round(found.ratio, 3)


def _queries(record: dict[str, Any], quick: bool) -> None:
    with serving(detector_state_queries.SERVER) as (server, _), fresh_database(server, "year") as database:
        began = time.perf_counter()
        cycles = detector_state_queries.fill(database, ROWS[quick])
        seconds = time.perf_counter() - began
        rows = len(cycles) * TOWERS
        print(f"{rows} rows of a year, filled in {seconds:.0f} s   median ms  longest ms    rows", flush=True)
        for name, asked in detector_state_queries.ask(database, cycles).items():
            print(
                f"{name:44} {1e3 * asked.seconds:9.2f} {1e3 * asked.longest:11.2f} {asked.rows:7}", flush=True
            )
            record["seconds"][name] = round(asked.seconds, 5)
    record["rows"] = rows


_PARTS = {"loading": _loading, "polling": _polling, "queries": _queries}


if __name__ == "__main__":
    main()
