#!/usr/bin/env python3
"""Show a processed file of the test rig as one web page; needs nothing but Python's standard library.

    python static_page.py processed.csv

The page is written beside the file, holds everything it shows (no script, nothing from elsewhere) and can be
sent by mail. It is served on a free port of this machine and opened in the browser until Ctrl-C; with
--only-write it is just written. Processed files are products of the platform (rig_clean), the file named in
DSA_HCAL_RIG__PROCESSED_FILE, or the output of `dsa-hcal rig clean`.
"""

import argparse
import csv
import html
import http.server
import math
import statistics
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

COLUMNS = (
    "timestamp", "temperature", "pressure", "uptime", "temperature_zscore", "pressure_zscore",
    "temperature_alert", "pressure_alert",
)  # fmt: skip
WIDTH, HEIGHT, LEFT, BOTTOM = 900, 240, 60, 24
MOST_POINTS = 1500  # of a line; a longer one is shown by the lowest and highest reading of each step
MOST_ROWS = 200

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Test rig: {title}</title><style>
:root {{ color-scheme: light dark; --ink: light-dark(#1b2733, #e6ebf0); --faint: light-dark(#c9d1d9, #46525e);
         --line: light-dark(#1f6feb, #6cb2ff); --red: light-dark(#c62828, #ff7b72);
         --yellow: light-dark(#b58100, #e3b341); }}
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 62rem; padding: 0 1rem;
        color: var(--ink); background: light-dark(#fff, #12181f); }}
dl {{ display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }}
dl div {{ border: 1px solid var(--faint); border-radius: .5rem; padding: .5rem .9rem; }}
dt {{ font-size: .8rem; opacity: .8; }} dd {{ margin: 0; font-size: 1.35rem; }}
svg {{ width: 100%; height: auto; font-size: 12px; }} svg text {{ fill: var(--ink); }}
.grid {{ stroke: var(--faint); }} .line {{ fill: none; stroke: var(--line); stroke-width: 1.4; }}
.red {{ fill: var(--red); color: var(--red); }} .yellow {{ fill: var(--yellow); color: var(--yellow); }}
table {{ border-collapse: collapse; }} td, th {{ padding: .2rem .8rem; text-align: right; }}
</style></head><body>
<h1>Test rig, {title}</h1>
<dl>{figures}</dl>
<h2>Temperature, deg C</h2>{temperature}
<h2>Pressure, kPa</h2>{pressure}
<h2>Alerts</h2>{alerts}
</body></html>
"""


@dataclass(frozen=True)
class Row:
    """A cleaned reading: deg C, kPa, h; alerts are none, yellow or red."""

    at: datetime
    temperature: float
    pressure: float
    uptime: float
    temperature_alert: str
    pressure_alert: str


def read(path: Path) -> list[Row]:
    """Return the readings of a processed file in order of time; ends the program if it is none."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                sys.exit(f"{path} is no processed file of the rig: column {', '.join(missing)} is missing")
            rows = [_row(values) for values in table]
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    except (TypeError, ValueError) as error:
        sys.exit(f"{path}, row {table.line_num}: {error}")
    if not rows:
        sys.exit(f"{path} has no readings")
    return sorted(rows, key=lambda row: row.at)


def page(rows: Sequence[Row]) -> str:
    """Return the page that shows the readings."""
    days = dict.fromkeys(f"{row.at:%Y-%m-%d}" for row in (rows[0], rows[-1]))
    reds = sum((row.temperature_alert == "red") + (row.pressure_alert == "red") for row in rows)
    figures = {
        "mean temperature": f"{statistics.fmean(row.temperature for row in rows):.2f} °C",
        "mean pressure": f"{statistics.fmean(row.pressure for row in rows):.1f} kPa",
        "red alerts": str(reds),
        "uptime": f"{max(row.uptime for row in rows):.1f} h",
        "readings": str(len(rows)),
    }
    return PAGE.format(
        title=html.escape(" to ".join(days)),
        figures="".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items()),
        temperature=chart([(row.at, row.temperature, row.temperature_alert) for row in rows]),
        pressure=chart([(row.at, row.pressure, row.pressure_alert) for row in rows]),
        alerts=_alerts(rows),
    )


def chart(points: Sequence[tuple[datetime, float, str]]) -> str:
    """Return a line through (time, value, alert) with its alerts as dots, as SVG."""
    first, last = points[0][0], points[-1][0]
    seconds = (last - first).total_seconds() or 1.0
    low, high = min(value for _, value, _ in points), max(value for _, value, _ in points)
    margin = 0.05 * (high - low) or 1.0
    low, high = low - margin, high + margin

    def place(at: datetime, value: float) -> str:
        x = LEFT + (at - first).total_seconds() / seconds * (WIDTH - LEFT - 8)
        return f"{x:.1f},{(high - value) / (high - low) * (HEIGHT - BOTTOM):.1f}"

    line = " ".join(place(at, value) for at, value, _ in _thinned(points))
    parts = [f'<polyline class="line" points="{line}"/>']
    for share in (0.05, 0.35, 0.65, 0.95):
        y, value = share * (HEIGHT - BOTTOM), high - share * (high - low)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        x, at = LEFT + share * (WIDTH - LEFT - 8), first + share * (last - first)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{at:%d %b %H:%M}</text>')
    for at, value, alert in points:
        if alert in ("red", "yellow"):
            x_text, y_text = place(at, value).split(",")
            title = f"<title>{at:%Y-%m-%d %H:%M:%S}: {value:g}, {alert}</title>"
            parts.append(f'<circle class="{alert}" cx="{x_text}" cy="{y_text}" r="3.5">{title}</circle>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def serve(text: str) -> http.server.ThreadingHTTPServer:
    """Return a server of the page on a free port of this machine, not running yet."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text.encode()
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body if self.path == "/" else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing about each request."""

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main() -> None:
    """Write the page, serve and open it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="processed CSV file")
    parser.add_argument("-o", "--output", type=Path, help="the page (default: the file's name with .html)")
    parser.add_argument("--only-write", action="store_true", help="do not serve or open it")
    options = parser.parse_args()
    text = page(read(options.file))
    output = options.output or options.file.with_suffix(".html")
    output.write_text(text, encoding="utf-8")
    print(f"written: {output}")
    if options.only_write:
        return
    with serve(text) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"serving {address} until Ctrl-C", flush=True)
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def _row(values: dict[str, str]) -> Row:
    at = datetime.fromisoformat(values["timestamp"])
    numbers = [float(values[name]) for name in ("temperature", "pressure", "uptime")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a value is no number")
    return Row(
        at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
        *numbers,
        values["temperature_alert"],
        values["pressure_alert"],
    )


def _thinned(points: Sequence[tuple[datetime, float, str]]) -> list[tuple[datetime, float, str]]:
    step = max(1, 2 * len(points) // MOST_POINTS)
    if step == 1:
        return list(points)
    kept = []
    for begin in range(0, len(points), step):
        some = points[begin : begin + step]
        extremes = {min(some, key=lambda one: one[1]), max(some, key=lambda one: one[1])}
        kept += sorted(extremes)
    return kept


def _alerts(rows: Sequence[Row]) -> str:
    marked = [row for row in rows if {row.temperature_alert, row.pressure_alert} & {"red", "yellow"}]
    if not marked:
        return "<p>none</p>"
    lines = "".join(
        f"<tr><td>{row.at:%Y-%m-%d %H:%M:%S}</td>"
        f'<td class="{html.escape(row.temperature_alert)}">{row.temperature:.2f}</td>'
        f'<td class="{html.escape(row.pressure_alert)}">{row.pressure:.1f}</td></tr>'
        for row in marked[:MOST_ROWS]
    )
    more = f"<p>and {len(marked) - MOST_ROWS} more</p>" if len(marked) > MOST_ROWS else ""
    return f"<table><tr><th>UTC</th><th>deg C</th><th>kPa</th></tr>{lines}</table>{more}"


if __name__ == "__main__":
    main()
