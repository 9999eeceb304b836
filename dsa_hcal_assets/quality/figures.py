"""Figures as bytes: no global plotting state, the same look everywhere.

Belongs here: what every figure of the platform shares. Not here: what is plotted (instruments).
Matplotlib is imported on first use; `pyplot` never, because it keeps figures alive and is not safe
in threads.
"""

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 110
# Okabe & Ito's colours, told apart by readers with colour vision deficiency too.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6b7280"


def figure(width: float = 8.0, height: float = 3.2) -> "Figure":
    """Return an empty figure of the platform's look; `width` and `height` in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")


def png(figure: "Figure") -> bytes:
    """Return the figure as PNG; equal figures give equal bytes (no date or version inside)."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def data_uri(png: bytes) -> str:
    """Return a PNG as a ``data:`` address that works without a network."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
