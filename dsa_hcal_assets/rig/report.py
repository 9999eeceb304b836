"""Figures and the QA report of a rig day."""

from collections.abc import Sequence
from typing import Any

from dsa_hcal_assets.quality import Verdict
from dsa_hcal_assets.quality.figures import BLUE, GREY, ORANGE, RED, figure, png
from dsa_hcal_assets.quality.report import Figure, Section, Table, render
from dsa_hcal_assets.rig import cleaning
from dsa_hcal_assets.rig.cleaning import CleanResult
from dsa_hcal_assets.rig.kpis import Kpis
from dsa_hcal_assets.settings.rig import RigSettings

_COLOURS = {cleaning.YELLOW: ORANGE, cleaning.RED: RED}
_MOST_ALERTS = 50


def time_series(result: CleanResult, quantity: str, limit: float, label: str) -> bytes:
    """Plot a quantity of a day with its alerts and its high threshold; return a PNG.

    Parameters
    ----------
    quantity
        ``temperature`` or ``pressure``.
    limit
        Threshold above which an alert is red, in the quantity's unit.
    label
        Axis label with unit.
    """
    from matplotlib.dates import DateFormatter

    frame = result.frame
    plot = figure(8, 3)
    axes = plot.add_subplot()
    axes.plot(frame["timestamp"], frame[quantity], ".-", color=BLUE, linewidth=0.8, markersize=3)
    axes.axhline(limit, color=GREY, linestyle="--", linewidth=1, label=f"threshold {limit:g}")
    for level, colour in _COLOURS.items():
        hits = frame[frame[f"{quantity}_alert"] == level]
        if len(hits):
            axes.scatter(
                hits["timestamp"],
                hits[quantity],
                s=42,
                facecolors="none",
                edgecolors=colour,
                linewidths=1.6,
                zorder=3,
                label=f"{level} alert ({len(hits)})",
            )
    axes.set_ylabel(label)
    axes.set_xlabel("UTC")
    if len(frame):
        axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes.grid(alpha=0.25)
    # Above the axes, where it hides no reading.
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=8, ncols=3, frameon=False)
    return png(plot)


def figures(result: CleanResult, settings: RigSettings) -> list[Figure]:
    """Return the figures of a day: temperature and pressure with their alerts."""
    return [
        Figure(
            "Temperature after cleaning. Circles: red alerts, above the threshold or with |z| above "
            f"{settings.temperature_zscore:g}",
            time_series(result, "temperature", settings.temperature_high, "temperature (deg C)"),
        ),
        Figure(
            "Pressure after cleaning. Circles: alerts, red above the threshold or with |z| above "
            f"{settings.pressure_zscore:g}, yellow with |z| above {settings.pressure_zscore_yellow:g}",
            time_series(result, "pressure", settings.pressure_high, "pressure (kPa)"),
        ),
    ]


def report(
    day: str,
    verdicts: Sequence[Verdict],
    result: CleanResult,
    kpis: Kpis,
    settings: RigSettings,
    provenance: Any,
) -> str:
    """Return the QA report of a day as HTML.

    Parameters
    ----------
    verdicts
        Of the stages ``rig_readings``, ``rig_clean`` and ``rig_kpis``; each goes to its section.
    provenance
        As in `quality.report.render`.
    """

    def of(stage: str) -> list[Verdict]:
        return [verdict for verdict in verdicts if verdict.stage == stage]

    sections = [
        Section("Key figures", of("rig_kpis"), tables=[_kpi_table(kpis)]),
        Section(
            "Cleaning",
            of("rig_clean"),
            figures=figures(result, settings),
            tables=[_dropped_table(result), _alert_table(result)],
        ),
        Section("Delivery", of("rig_readings")),
    ]
    return render("Test rig", f"{day} (UTC)", sections, provenance)


def _kpi_table(kpis: Kpis) -> Table:
    rows = [
        ("Mean temperature", kpis.avg_temp, "deg C"),
        ("Mean pressure", kpis.avg_pressure, "kPa"),
        ("Red alerts", kpis.alert_count, ""),
        ("Uptime", kpis.uptime_hours, "h"),
        ("Rows delivered", kpis.total_records, ""),
        ("Data quality score", kpis.data_quality_score, "%"),
    ]
    return Table("Of the day", ["figure", "value", "unit"], rows)


def _dropped_table(result: CleanResult) -> Table:
    rows = [
        ("kept", result.kept),
        ("missing value", result.nulls),
        ("out of range", result.out_of_range),
        ("duplicate time stamp", result.duplicates),
    ]
    return Table("What became of the rows", ["rows", "count"], rows)


def _alert_table(result: CleanResult) -> Table:
    frame = result.frame
    unusual = frame[
        (frame["temperature_alert"] != cleaning.NONE) | (frame["pressure_alert"] != cleaning.NONE)
    ]
    columns = ["time (UTC)", "temperature (deg C)", "alert", "pressure (kPa)", "alert"]
    rows = [
        (
            f"{row.timestamp:%H:%M:%S}",
            row.temperature,
            row.temperature_alert,
            row.pressure,
            row.pressure_alert,
        )
        for row in unusual.head(_MOST_ALERTS).itertuples()
    ]
    note = f"the first {_MOST_ALERTS} of {len(unusual)}" if len(unusual) > _MOST_ALERTS else ""
    return Table("Alerts", columns, rows, note)
