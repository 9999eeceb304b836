"""The table a demo ends with: product, partition, verdict, seconds, link."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.table import Table

from dsa_hcal_assets.demo.expectations import Seen, Standing

log = logging.getLogger(__name__)

REPORTS = ("radio_qa_report", "detector_qa_report", "rig_kpis")
COLOURS = {Standing.PASSED: "green", Standing.WARNING: "yellow", Standing.BLOCKED: "red"}
STEPS_QUERY = """
{ runsOrError(limit: 500) { ... on Runs { results {
    tags { key value } stepStats { stepKey startTime endTime } } } } }
"""


def step_seconds(
    webserver: str, wanted: Collection[tuple[str, str]] = (), *, patience: float = 30.0
) -> dict[tuple[str, str], float]:
    """Return how long the newest execution of each (asset, partition) took, s, as Dagster has it.

    Parameters
    ----------
    wanted
        What has just been made: a product is there a moment before the end of its step is recorded,
        which is waited for.
    patience
        How long to wait for that, s; what is missing then is left out.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            seconds = _recorded(webserver)
        except httpx.TransportError as error:
            # a webserver that is just being restarted costs the column, not the demo
            log.warning("the times of steps cannot be asked for now: %s", error)
            seconds = {}
        if all(key in seconds for key in wanted) or time.monotonic() > deadline:
            return seconds
        time.sleep(0.5)


def _recorded(webserver: str) -> dict[tuple[str, str], float]:
    reply = httpx.post(f"{webserver}/graphql", json={"query": STEPS_QUERY}, timeout=30.0)
    reply.raise_for_status()
    seconds: dict[tuple[str, str], float] = {}
    for run in reply.json()["data"]["runsOrError"]["results"]:  # newest first
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        for step in run["stepStats"]:
            if step["startTime"] and step["endTime"]:
                key = (step["stepKey"], tags.get("dagster/partition", ""))
                seconds.setdefault(key, step["endTime"] - step["startTime"])
    return seconds


def show(
    console: Console,
    seen: Sequence[Seen],
    seconds: Mapping[tuple[str, str], float],
    *,
    webserver: str,
    api: str,
) -> None:
    """Print the summary."""
    table = Table(title="Products of the demo", title_justify="left")
    for column in ("product", "partition", "verdict"):
        table.add_column(column, no_wrap=True)
    table.add_column("seconds", justify="right")
    table.add_column("link", overflow="fold")
    for one in seen:
        took = seconds.get((one.kind, one.partition))
        table.add_row(
            one.kind,
            one.partition,
            f"[{COLOURS.get(one.standing, 'red')}]{one.standing}[/]",
            "" if took is None else f"{took:.1f}",
            link(one, webserver=webserver, api=api),
        )
    console.print(table)


def link(one: Seen, *, webserver: str, api: str) -> str:
    """Return where a person looks at a product: its report, else its page in the Dagster UI."""
    if one.kind in REPORTS and one.product_id is not None:
        return f"{api}/products/{one.product_id}/report.html"
    return f"{webserver}/assets/{one.kind}?partition={quote(one.partition)}"
