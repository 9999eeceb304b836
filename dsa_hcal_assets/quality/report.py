"""The QA report: one HTML file that shows what was decided, on what evidence, from which inputs.

Belongs here: the form of a report. Not here: its content (instruments). The file needs no network,
follows the reader's light or dark setting and prints well; all text is escaped.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsa_hcal_assets.clock import utc_now
from dsa_hcal_assets.quality.figures import data_uri
from dsa_hcal_assets.quality.verdicts import Level, Verdict, worst

TEMPLATES = Path(__file__).with_name("templates")
WIDE_PIXELS = 1000


@dataclass(frozen=True)
class Figure:
    """A picture with the sentence that says what it shows."""

    caption: str
    png: bytes

    @property
    def address(self) -> str:
        """The picture as a ``data:`` address."""
        return data_uri(self.png)

    @property
    def wide(self) -> bool:
        """Whether the picture is too broad to be read beside another one."""
        # width in the header of every PNG, which is its first chunk
        return int.from_bytes(self.png[16:20], "big") >= WIDE_PIXELS


@dataclass(frozen=True)
class Link:
    """A cell that leads out of the report; its text has to do where the address cannot be reached."""

    text: str
    address: str


@dataclass(frozen=True)
class Table:
    """A table of the report; numbers are formatted and set flush right, a `Link` can be followed."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One stage of the report."""

    title: str
    verdicts: Sequence[Verdict] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    text: str = ""

    @property
    def level(self) -> Level:
        """Worst level among the section's verdicts."""
        return worst(list(self.verdicts))


def render(title: str, subtitle: str, sections: Sequence[Section], provenance: Any) -> str:
    """Return the report as one self-contained HTML document.

    Parameters
    ----------
    title, subtitle
        What was judged, e.g. ``Test rig`` and ``2025-06-05``.
    sections
        In the order of the pipeline; a section without verdicts is shown without a badge.
    provenance
        A mapping, or the products room's `Provenance`: parameters, inputs with checksums, run,
        code version. Nested values become one line each in the footer.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["quantity"] = quantity
    environment.tests["numeric"] = _is_number
    verdicts = [verdict for section in sections for verdict in section.verdicts]
    return environment.get_template("report.html").render(
        title=title,
        subtitle=subtitle,
        sections=sections,
        level=worst(verdicts),
        counts=Counter(verdict.level.value for verdict in verdicts),
        stopped=sum(verdict.stops for verdict in verdicts),
        provenance=_lines(provenance),
        written=utc_now().strftime("%Y-%m-%d %H:%M:%S UTC"),
    )


def quantity(value: Any, unit: str = "") -> str:
    """Return a value for people: four significant digits, integers whole, the unit behind it.

    The unit ``1`` (shares, counts) is not written.
    """
    if isinstance(value, bool) or not _is_number(value):
        return str(value)
    number = float(value)
    behind = f" {unit}" if unit and unit != "1" else ""
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return f"{'−' if number < 0 else ''}∞{behind}"
    if number == int(number) and abs(number) < 1e15:
        text = f"{int(number):,}".replace(",", " ")
    elif 1e-3 <= abs(number) < 1e5:
        text = f"{number:.4g}" if abs(number) < 1e4 else f"{number:.1f}"
    else:
        text = f"{number:.3e}"
    return text.replace("-", "−") + behind


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, str | bool)


def _lines(value: Any, name: str = "") -> list[tuple[str, str]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        if set(value) == {"name", "checksum"}:
            return [(name, f"{value['name']}  {value['checksum']}")]
        return [
            line
            for key, inner in value.items()
            for line in _lines(inner, f"{name}.{key}" if name else str(key))
        ]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if all(isinstance(one, str | int | float) for one in value):
            return [(name, ", ".join(str(one) for one in value))] if value else []
        return [line for one in value for line in _lines(one, name)]
    return [(name, str(value))] if value not in ("", None) else []
