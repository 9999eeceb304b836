"""The page: what it shows and in which order, from tables and checks made anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import coverage, maps, readers, verdicts
from dsa_hcal_assets.hcal.anomalies.metrics import towers_concerned
from dsa_hcal_assets.hcal.anomalies.readers import anomalies_of_day
from dsa_hcal_assets.hcal.days import bounds
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS, Detector
from dsa_hcal_assets.hcal.quality_metrics import temperature_range
from dsa_hcal_assets.hcal.report import strips, tiles
from dsa_hcal_assets.hcal.report.record import board_table, coverage_figure, gap_table
from dsa_hcal_assets.hcal.report.supplies import supply_section
from dsa_hcal_assets.hcal.report.towers import MAPPED, day_maps, worst_towers
from dsa_hcal_assets.hcal.report.troubles import timeline, trouble_table
from dsa_hcal_assets.hcal.supplies.readers import supplies_of_day
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure, Section, render
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric, Verdict

PAGE = "report.html"


@dataclass(frozen=True)
class Report:
    """A finished report: the page, the maps as files of their own, the verdicts it shows."""

    day: str
    html: str
    maps: Mapping[str, bytes]
    verdicts: Sequence[Verdict]

    def write(self, directory: Path) -> None:
        """Write the page and its maps (PNG) into `directory`."""
        (directory / PAGE).write_text(self.html, encoding="utf-8")
        for name, png in self.maps.items():
            (directory / f"{name}.png").write_bytes(png)

    def metrics(self) -> list[Metric]:
        """Return the metrics of stage `detector_qa_report`."""
        return [Metric("bytes", len(self.html.encode())), Metric("maps", len(self.maps))]


def build_report(
    database: Database, ledger: Ledger, day: str, thresholds: Thresholds, provenance: Provenance
) -> Report:
    """Build the report of a UTC day from the tables; every check is made anew.

    Anomalies are those on record: the day has to be looked at first (`anomalies.detection.refresh`).

    Raises
    ------
    DatabaseUnavailable
        If the tables cannot be read.
    """
    towers = readers.towers_of_day(database, day)
    boards = readers.board_health(database, day)
    snapshots = readers.snapshots(database, day)
    found = anomalies_of_day(database, day)
    gaps = coverage.gaps_of_day(database, day)
    allowed = temperature_range(thresholds)
    judged = verdicts.judge_day(database, ledger, day, thresholds)
    pictures = day_maps(towers, allowed, _framed(database, found, day))
    drawn = timeline(found, day)
    record = Figure(
        "Towers read in each snapshot, state of each board", coverage_figure(snapshots, boards, gaps, day)
    )
    gate = judged["detector_anomalies"]
    sections = [
        Section("The day", gate, [record], text=_summary(snapshots, towers, gate)),
        Section("Anomalies", (), [drawn] if drawn else [], [trouble_table(found, day)]),
        Section("Missing", judged["hcal_snapshots"], (), [gap_table(gaps, day)]),
        Section("Maps", (), list(pictures.values()), text=_MAPS_TEXT),
        Section("Gain modes", (), _tiles(database, day, snapshots, found), text=_TILES_TEXT),
        Section("Worst towers", (), (), [worst_towers(towers, allowed)]),
        Section("Boards", judged["board_state"], (), [board_table(boards)]),
        supply_section(supplies_of_day(database, day)),
        Section("Sectors", (), _strips(database, day), text=_STRIPS_TEXT),
        Section("Checks of towers", judged["tower_state"]),
        Section("Checks of rollups", [*judged["half_sector_rollup"], *judged["sector_rollup"]]),
    ]
    html = render("Hadronic calorimeter: detector state", f"{day} (UTC)", sections, provenance)
    files = {name: figure.png for name, figure in pictures.items()}
    return Report(day, html, files, [verdict for stage in judged.values() for verdict in stage])


_MAPS_TEXT = (
    "Mean of the day for each tower. Grey and hatched: no reading. White line: from south to north half. "
    "Red frames: towers with an anomaly of the quantity in the day. Arrows: values beyond the colour scale."
)
_TILES_TEXT = "Pre-amplifier gain in the newest snapshot. Red frames: other than the rest of the sector."
_STRIPS_TEXT = "How the half-sectors ran over the day, and how they compare. Grey and hatched: no reading."


def _framed(database: Database, found: pd.DataFrame, day: str) -> dict[str, "maps.Bools"]:
    # a shift of a whole detector is told, not framed 1536 times
    local = found[found["tower_id"].notna() | found["half_sector"].notna()]
    start, _ = bounds(day)
    return {
        quantity.column: towers_concerned(database, local[local["quantity"] == quantity.column], start)
        for quantity in MAPPED
    }


def strip_figures(hours: pd.DataFrame, quantity: maps.Quantity = maps.TEMPERATURE) -> list[Figure]:
    """Return how the half-sectors of both detectors ran over the day; see `strips.half_sector_strip`."""
    return [
        Figure(
            f"{detector.label}: {quantity.label}, hourly mean of each half-sector",
            figures.png(strips.half_sector_strip(hours, detector, quantity)),
        )
        for detector in Detector
    ]


def _strips(database: Database, day: str) -> list[Figure]:
    hours = readers.rollup_of_day(database, "half_sector_hour", day)
    whole_day = readers.rollup_of_day(database, "half_sector_day", day)
    drawn = [
        figure for quantity in (maps.TEMPERATURE, maps.LEAKAGE) for figure in strip_figures(hours, quantity)
    ]
    for detector in Detector:
        profile = strips.sector_profile(whole_day, detector, maps.TEMPERATURE)
        caption = f"{detector.label}: mean, standard deviation (thick) and range (thin) of the day by sector"
        drawn.append(Figure(caption, figures.png(profile)))
    return drawn


def _tiles(database: Database, day: str, snapshots: pd.DataFrame, found: pd.DataFrame) -> list[Figure]:
    if snapshots.empty:
        return []
    cycle = snapshots["cycle"].iloc[-1]
    gains = tiles.gain_of_half_sectors(readers.newest_state(database, day))
    wrong = tiles.outlined(found[found["kind"] == "mode"], cycle)
    return [
        Figure(
            f"Gain mode of each half-sector at {cycle:%H:%M:%S} UTC",
            figures.png(tiles.gain_tiles(gains, wrong)),
        )
    ]


def _summary(snapshots: pd.DataFrame, towers: pd.DataFrame, gate: Sequence[Verdict]) -> str:
    closed = [verdict.metric for verdict in gate if verdict.stops]
    answer = (
        f"Corrections are BLOCKED for this day: {', '.join(closed)}."
        if closed
        else "Corrections may be made from this day."
    )
    if snapshots.empty:
        return f"No snapshot of this day is loaded. {answer}"
    first, last = snapshots["cycle"].iloc[0], snapshots["cycle"].iloc[-1]
    runs = sorted({int(number) for number in snapshots["run_number"] if number >= 0})
    read = int((towers["n"] > 0).sum())
    text = f"{len(snapshots)} snapshots from {first:%H:%M:%S} to {last:%H:%M:%S} UTC; "
    text += f"{read} of {HCAL_TOWERS} towers were read at least once."
    if runs:
        text += f" Run {runs[0]}." if len(runs) == 1 else f" Runs {runs[0]} to {runs[-1]}."
    return f"{text} {answer}"
