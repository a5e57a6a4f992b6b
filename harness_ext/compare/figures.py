"""Draws a report: a forest plot of the differences, and the items behind them."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_ext.compare.report import Report
from harness_ext.stats import Verdict
from synth.files.output_files import check_folder, write_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe & Ito's colours, which colour-blind readers tell apart; shapes differ too.
_MARKS = {
    Verdict.DIFFERENT: ("#D55E00", "s"),
    Verdict.DIFFERENT_WITHIN_MARGIN: ("#E69F00", "D"),
    Verdict.EQUIVALENT: ("#009E73", "o"),
    Verdict.INCONCLUSIVE: ("#666666", "x"),
}
_STYLE = {
    "svg.hashsalt": "stylerep",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(report: Report, folder: Path) -> list[Path]:
    """Write forest.svg and differences.svg to *folder* and return their paths;
    the same report gives the same bytes.
    """
    import matplotlib

    check_folder(folder)
    made = []
    with matplotlib.rc_context(_STYLE):
        for name, figure in (("forest", forest(report)), ("differences", differences(report))):
            if figure is not None:
                made.append(folder / f"{name}.svg")
                drawn = io.BytesIO()
                figure.savefig(drawn, format="svg", metadata={"Date": None}, bbox_inches="tight")
                write_output(made[-1], drawn.getvalue())
    return made


def forest(report: Report) -> "Figure":
    """Return the forest plot: a line for each comparison, families' summaries last. Intervals of 95 % are
    thin, of 90 % thick; ± margin is shaded.
    """
    found: list[Any] = [*report.comparisons, *report.families]
    figure, axes = _figure(len(found))
    margin = 100 * found[0].margin
    axes.axvspan(-margin, margin, color="#009E73", alpha=0.12, linewidth=0)
    axes.axvline(0, color="black", linewidth=0.8)
    several = len({one.task for one in found}) > 1
    labels = []
    for place, one in enumerate(reversed(found)):
        whole = one.summary.result if hasattr(one, "summary") else one.result
        name = (
            f"{one.arm} over {len(one.families)} families"
            if hasattr(one, "summary")
            else f"{one.run} − {one.baseline}"
        )
        colour, mark = _MARKS[one.verdict]
        if whole.interval:
            axes.plot(
                [100 * whole.interval.low, 100 * whole.interval.high],
                [place, place],
                color=colour,
                linewidth=1,
            )
        if one.equivalence:
            axes.plot(
                [100 * one.equivalence.low, 100 * one.equivalence.high],
                [place, place],
                color=colour,
                linewidth=3,
            )
        axes.plot(100 * whole.estimate, place, marker=mark, color=colour, markersize=6, linestyle="")
        labels.append(f"{name}, {one.task}" if several else name)
    axes.set_yticks(range(len(found)), labels)
    axes.set_xlabel(
        f"difference of accuracy, points: 95 % (thin) and 90 % interval (thick); shaded: within ±{margin:g}"
    )
    handles = [
        axes.plot([], [], marker=mark, color=colour, linestyle="", label=verdict.value)[0]
        for verdict, (colour, mark) in _MARKS.items()
    ]
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1 + 0.6 / max(len(found), 1)),
        ncols=4,
        frameon=False,
    )
    return figure


def differences(report: Report) -> "Figure | None":
    """Return the plot of paired differences, None without counts: the items that only the baseline, or only
    the run, got right.
    """
    found = [one for one in report.comparisons if "b" in one.result.settings]
    if not found:
        return None
    figure, axes = _figure(len(found))
    several = len({one.task for one in found}) > 1
    for place, one in enumerate(reversed(found)):
        only, other = (int(str(one.result.settings[name])) for name in ("b", "c"))
        axes.barh(place, 100 * only / one.result.n, color="#0072B2", height=0.6)
        axes.barh(place, -100 * other / one.result.n, color="#CC79A7", height=0.6)
        for count, side in ((only, 1), (other, -1)):
            axes.annotate(
                str(count),
                (side * 100 * count / one.result.n, place),
                xytext=(side * 3, 0),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
            )
    axes.axvline(0, color="black", linewidth=0.8)
    names = [f"{one.run} − {one.baseline}" + (f", {one.task}" if several else "") for one in reversed(found)]
    axes.set_yticks(range(len(found)), names)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set_xlabel(
        "% of items that only the baseline got right (left), only the run (right); counts beside the bars"
    )
    return figure


def _figure(rows: int) -> "tuple[Figure, Any]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.2 + 0.32 * rows))
    return figure, figure.subplots()
