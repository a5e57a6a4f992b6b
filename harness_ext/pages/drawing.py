"""How figures on pages look, and a figure as SVG that needs nothing else."""

import io
import re
from typing import TYPE_CHECKING

from synth.style import KINDS, STAGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which people with any colour vision can tell apart.
KIND_COLOURS = dict(zip(KINDS, ("#d55e00", "#0072b2", "#e69f00", "#009e73"), strict=True))
STAGE_COLOURS = dict(zip(STAGES, ("#56b4e9", "#e69f00", "#0072b2", "#009e73"), strict=True))
INK = "#808080"  # readable on white and on black
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stylerep",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "text.parse_math": False,
}
"""Settings of matplotlib to draw under."""


def as_svg(figure: "Figure") -> str:
    """Return the SVG without its XML head and fixed size, for an HTML page."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(
        r'width="[\d.]+pt" height="[\d.]+pt"|height="[\d.]+pt" width="[\d.]+pt"',
        'width="100%" role="img"',
        text,
        count=1,
    )
