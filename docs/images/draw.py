"""Draws the pictures of the README beside this file: python docs/images/draw.py.

``traces.svg`` shows one problem's plain and styled trace as stylerep renders them, with the pivots that it
finds in them, and ``demo.svg`` the results in ``demo.json``. Both can be read on a light and on a dark page.
"""

import json
import math
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import stylerep
from harness_ext.pages.drawing import KIND_COLOURS

HERE = Path(__file__).resolve().parent
DIALS = {"trace_words": 60, "pivot_density": 8, "repetition": 0, "formatted": 0}
SEED = 121
"""Of the problem shown: one whose styled trace has pivots of all four kinds."""
SIZE, LINE, COLUMNS, PAD = 13, 19, 50, 22
WIDTH = 7.8
"""Pixels of a character; the length of each text is given, so that it is so in any font."""
STYLE = """<style>
text { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 13px;\
 fill: #1f2328; white-space: pre }
.card { fill: #ffffff; stroke: #d0d7de }
.dim { fill: #59636e }
.strong { font-weight: 700 }
.line { stroke: #d0d7de }
.figure { stroke: #0072b2; fill: #0072b2 }
@media (prefers-color-scheme: dark) {
 text { fill: #f0f6fc }
 .card { fill: #0d1117; stroke: #3d444d }
 .dim { fill: #9198a1 }
 .line { stroke: #3d444d }
 .figure { stroke: #56b4e9; fill: #56b4e9 }
}
</style>"""


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Return a text of an exact width."""
    named = f' class="{kind}"' if kind else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" textLength="{WIDTH * len(words):.1f}"{named}>{escape(words)}</text>'
    )


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return a whole picture."""
    return "\n".join(
        (
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
                f' width="{width:.0f}" role="img">'
            ),
            f"<title>{escape(title)}</title>",
            STYLE,
            f'<rect class="card" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>',
            *parts,
            "</svg>\n",
        )
    )


def wrapped(trace: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a trace with the place of each in it; an empty one stands between paragraphs."""
    begin = 0
    for number, paragraph in enumerate(trace.split("\n\n")):
        if number:
            yield begin, ""
        for line in textwrap.wrap(paragraph, COLUMNS, break_long_words=False, break_on_hyphens=False):
            begin = trace.index(line, begin)
            yield begin, line
            begin += len(line)


def column(x: float, y: float, trace: str) -> tuple[list[str], float]:
    """Return a trace as lines of text below each other, its pivots marked by kind, and where it ends."""
    pivots = stylerep.read_style(trace).pivots
    parts = []
    for begin, line in wrapped(trace):
        at = 0
        for pivot in pivots:
            first, last = max(pivot.start - begin, 0), min(pivot.end - begin, len(line))
            if first < last:
                parts.append(text(x + WIDTH * at, y, line[at:first])) if first > at else None
                left, wide, colour = x + WIDTH * first, WIDTH * (last - first), KIND_COLOURS[pivot.kind]
                parts.append(
                    f'<rect x="{left:.1f}" y="{y - 14:.1f}" width="{wide:.1f}" height="19" fill="{colour}"'
                    ' fill-opacity="0.22"/>'
                )
                parts.append(
                    f'<rect x="{left:.1f}" y="{y + 3:.1f}" width="{wide:.1f}" height="2.5" fill="{colour}"/>'
                )
                parts.append(text(left, y, line[first:last], "strong"))
                at = last
        if line[at:]:
            parts.append(text(x + WIDTH * at, y, line[at:]))
        y += LINE if line else LINE * 0.6
    return parts, y


def draw_traces() -> str:
    """Return the picture of a plain and a styled trace of one problem."""
    problem = stylerep.load_problems("arith:train:max_steps=2", n=1, seed=SEED)[0]
    rows = stylerep.render([problem], ["sbs", "hc"], dials=DIALS)
    wide = COLUMNS * WIDTH
    left, right = PAD, 2 * PAD + wide + 8
    parts, y = [], 34.0
    for line in textwrap.wrap(problem.question, 2 * COLUMNS):
        parts.append(text(left, y, line, "strong"))
        y += LINE
    y += 14
    ends = []
    for x, arm, title in (
        (left, "sbs", "plain trace (arm sbs)"),
        (right, "hc", "the same steps, styled (arm hc)"),
    ):
        row = rows[arm][0]
        lines, end = column(x, y + 32, row.trace)
        parts += [
            text(x, y, title, "dim"),
            *lines,
            text(x, end + 8, row.response.rpartition("\n")[2], "strong"),
        ]
        ends.append(end + 8)
    parts.append(
        f'<line class="line" x1="{right - PAD / 2 - 4:.1f}" x2="{right - PAD / 2 - 4:.1f}" y1="{y - 14:.1f}"'
        f' y2="{max(ends):.1f}"/>'
    )
    y, x = max(ends) + 34, float(left)
    parts.append(text(x, y, "pivots:", "dim"))
    x += WIDTH * 9
    for kind, colour in KIND_COLOURS.items():
        parts.append(f'<rect x="{x:.1f}" y="{y - 11:.1f}" width="13" height="13" fill="{colour}"/>')
        parts.append(text(x + 20, y, kind, "dim"))
        x += 20 + WIDTH * (len(kind) + 3)
    return picture(
        right + wide + PAD,
        y + 20,
        "A plain and a styled trace of the same problem, with the pivots of the styled one marked by kind",
        parts,
    )


def draw_demo(found: dict[str, Any]) -> str:
    """Return the picture of the demo's accuracies with their intervals and verdicts."""
    axis, top = 330.0, 78.0
    most = 10 * max(5, math.ceil(max(run["interval"][1] for run in found["runs"]) / 10))
    scale = 220 / most  # however far the intervals reach
    parts = [
        text(
            PAD,
            34,
            f"Accuracy on {found['test_problems']} problems of {found['task']}, in %, with 95 % intervals",
            "strong",
        )
    ]
    right = scale * most + 5
    bottom = top + 46 * len(found["runs"])
    for tick in range(0, most + 1, 10):
        x = axis + scale * tick
        parts.append(
            f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{top - 22:.1f}" y2="{bottom - 20:.1f}"/>'
        )
        parts.append(text(x - WIDTH * len(str(tick)) / 2, bottom, str(tick), "dim"))
    for place, run in enumerate(found["runs"]):
        y = top + 46 * place
        low, high = (axis + scale * end for end in run["interval"])
        parts += [text(PAD, y, run["run"], "strong"), text(PAD + WIDTH * 6, y, run["trained_on"], "dim")]
        parts.append(
            f'<line class="figure" x1="{low:.1f}" x2="{high:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"'
            ' stroke-width="3"/>'
        )
        parts.append(
            f'<circle class="figure" cx="{axis + scale * run["accuracy"]:.1f}" cy="{y - 4:.1f}" r="6"/>'
        )
        says = run.get("verdict", "baseline")
        if "difference" in run:
            ends = ", ".join(signed(end) for end in run["difference_interval"])
            parts.append(text(axis + right + 4, y + 9, f"{signed(run['difference'])} [{ends}]", "dim"))
        parts.append(
            text(
                axis + right + 4,
                y - 8 if "difference" in run else y,
                says,
                "strong" if says == "different" else "",
            )
        )
    below = (
        "right: the difference from base in points, and its verdict",
        f"measured by {found['command']}, {found['date']}, at commit {found['commit']}",
        found["processor"],
    )
    for line in below:
        bottom += LINE
        parts.append(text(PAD, bottom + 11, line, "dim"))
    return picture(axis + right + WIDTH * 22 + PAD, bottom + 31, "Accuracy of the demo's five runs", parts)


def signed(points: float) -> str:
    """Return a difference with its sign."""
    return f"{points:+.1f}".replace("-", "−")


def pictures() -> dict[str, str]:
    """Return each picture by the name of its file."""
    return {
        "traces.svg": draw_traces(),
        "demo.svg": draw_demo(json.loads((HERE / "demo.json").read_text(encoding="utf-8"))),
    }


if __name__ == "__main__":
    for name, content in pictures().items():
        (HERE / name).write_text(content, encoding="utf-8")
