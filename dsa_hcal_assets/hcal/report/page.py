"""The detector QA report of a day: is the detector well, which part is not, since when.

Belongs here: choosing what the report shows. Not here: drawing (maps.py), judging (verdicts.py)
and the form of the page (quality/report.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dsa_hcal_assets.database.connection import Database
from dsa_hcal_assets.hcal import maps, readers, verdicts
from dsa_hcal_assets.hcal.mapping.geometry import HCAL_TOWERS, Detector
from dsa_hcal_assets.hcal.quality_metrics import temperature_range
from dsa_hcal_assets.hcal.report.tables import board_table, coverage_figure, worst_towers
from dsa_hcal_assets.ledger import Ledger
from dsa_hcal_assets.products import Provenance
from dsa_hcal_assets.quality import figures
from dsa_hcal_assets.quality.report import Figure, Section, render
from dsa_hcal_assets.quality.thresholds import Thresholds
from dsa_hcal_assets.quality.verdicts import Metric, Verdict

PAGE = "report.html"
MAPPED = (maps.TEMPERATURE, maps.LEAKAGE)


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

    Raises
    ------
    DatabaseUnavailable
        If the tables cannot be read.
    """
    towers = readers.towers_of_day(database, day)
    boards = readers.board_health(database, day)
    snapshots = readers.snapshots(database, day)
    hours = readers.rollup_of_day(database, "half_sector_hour", day)
    whole_day = readers.rollup_of_day(database, "half_sector_day", day)
    allowed = temperature_range(thresholds)
    pictures = _maps(towers, allowed)
    judged = verdicts.judge_day(database, ledger, day, thresholds)
    coverage = Figure("Towers with a temperature in each snapshot of the day", coverage_figure(snapshots))
    mapped = [Figure(_caption(name), png) for name, png in pictures.items()]
    sections = [
        Section("The day", judged["hcal_snapshots"], [coverage], text=_summary(snapshots, towers)),
        Section("Maps", (), mapped, text=_MAPS_TEXT),
        Section("Worst towers", (), (), [worst_towers(towers, allowed)]),
        Section("Boards", judged["board_state"], (), [board_table(boards)]),
        Section("Sectors", (), _strips(hours, whole_day), text=_STRIPS_TEXT),
        Section("Checks of towers", judged["tower_state"]),
        Section("Checks of rollups", [*judged["half_sector_rollup"], *judged["sector_rollup"]]),
    ]
    html = render("Hadronic calorimeter: detector state", f"{day} (UTC)", sections, provenance)
    return Report(day, html, pictures, [verdict for stage in judged.values() for verdict in stage])


_MAPS_TEXT = (
    "Mean of the day for each tower. Grey and hatched: no reading. White line: from south to north half."
)
_STRIPS_TEXT = "How the half-sectors ran over the day, and how they compare. Grey and hatched: no reading."


def _maps(towers: pd.DataFrame, allowed: tuple[float, float]) -> dict[str, bytes]:
    everything = (float("-inf"), float("inf"))
    return {
        f"{quantity.column}_{detector.label}": figures.png(
            maps.eta_phi_map(
                towers, detector, quantity, allowed if quantity is maps.TEMPERATURE else everything
            )
        )
        for quantity in MAPPED
        for detector in Detector
    }


def _caption(name: str) -> str:
    column, detector = name.split("_")
    return f"{detector}: {column} by tower, eta against phi; arrows: values beyond the colour scale"


def temperature_figures(towers: pd.DataFrame, allowed: tuple[float, float]) -> list[Figure]:
    """Return the temperature maps of both detectors; see `readers.towers_of_day`."""
    return [
        Figure(
            f"{detector.label}: mean temperature of the day",
            figures.png(maps.eta_phi_map(towers, detector, maps.TEMPERATURE, allowed)),
        )
        for detector in Detector
    ]


def strip_figures(hours: pd.DataFrame, quantity: maps.Quantity = maps.TEMPERATURE) -> list[Figure]:
    """Return how the half-sectors of both detectors ran over the day; see `maps.half_sector_strip`."""
    return [
        Figure(
            f"{detector.label}: {quantity.label}, hourly mean of each half-sector",
            figures.png(maps.half_sector_strip(hours, detector, quantity)),
        )
        for detector in Detector
    ]


def _strips(hours: pd.DataFrame, whole_day: pd.DataFrame) -> list[Figure]:
    drawn = [figure for quantity in MAPPED for figure in strip_figures(hours, quantity)]
    for detector in Detector:
        profile = maps.sector_profile(whole_day, detector, maps.TEMPERATURE)
        caption = f"{detector.label}: mean, standard deviation (thick) and range (thin) of the day by sector"
        drawn.append(Figure(caption, figures.png(profile)))
    return drawn


def _summary(snapshots: pd.DataFrame, towers: pd.DataFrame) -> str:
    if snapshots.empty:
        return "No snapshot of this day is loaded."
    first, last = snapshots["cycle"].iloc[0], snapshots["cycle"].iloc[-1]
    runs = sorted({int(number) for number in snapshots["run_number"] if number >= 0})
    read = int((towers["n"] > 0).sum())
    text = f"{len(snapshots)} snapshots from {first:%H:%M:%S} to {last:%H:%M:%S} UTC; "
    text += f"{read} of {HCAL_TOWERS} towers were read at least once."
    if runs:
        text += f" Run {runs[0]}." if len(runs) == 1 else f" Runs {runs[0]} to {runs[-1]}."
    return text
