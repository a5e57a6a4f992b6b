"""Figures of an analysis, each as one SVG that needs nothing else."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from harness_ext.pages.analyze.scored import STRIP, ScoredResponse
from harness_ext.pages.drawing import INK, KIND_COLOURS, STAGE_COLOURS, STYLE, as_svg
from harness_ext.stats import wilson_interval
from synth.style import KINDS, STAGES
from synth.style.scores import BINS

_MODEL_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999", "#f0e442")
_STRIPS = 24


def figures(scored: Sequence[ScoredResponse]) -> dict[str, str]:
    """Return the figures of an analysis, name to SVG; one that the data do not allow is left out."""
    groups: dict[str, list[ScoredResponse]] = {}
    for one in scored:
        groups.setdefault(one.response.model, []).append(one)
    judged = {
        model: own
        for model, own in groups.items()
        if len({one.response.is_correct for one in own} & {True, False}) == 2
    }
    with mpl.rc_context(STYLE):
        drawn = {"pivots_along": _pivots_along(groups), "stage_strips": _stage_strips(groups)}
        if judged:
            drawn["density_by_outcome"] = _density_by_outcome(judged)
        if any(one.response.is_correct is not None and one.scores.words for one in scored):
            drawn["length_accuracy"] = _length_accuracy(groups)
        return {name: as_svg(figure) for name, figure in drawn.items()}


def _panels(
    names: Sequence[str], height: float, columns: int = 3, share: str = ""
) -> tuple[Figure, list[Axes]]:
    """Return a figure with one panel a name; *share* says which axes (x, y) all panels have in common."""
    columns = min(columns, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(9.6, 0.35 + height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex="x" in share, sharey="y" in share).ravel()
    for axis in axes:
        axis.tick_params(labelbottom=True)
    for axis, name in zip(axes, names, strict=False):
        axis.set_title(_short(name), fontsize=9, loc="left")
    for axis in axes[len(names) :]:
        axis.remove()
    return figure, list(axes[: len(names)])


def _pivots_along(groups: dict[str, list[ScoredResponse]]) -> Figure:
    """Pivots per 100 words in each twentieth of a trace, by kind, one panel a model."""
    figure, axes = _panels(list(groups), 1.9, share="y")
    places = (np.arange(BINS) + 0.5) / BINS
    for axis, own in zip(axes, groups.values(), strict=True):
        rates = np.mean(
            [100 * BINS * one.scores.pivot_counts / max(one.scores.other_words, 1) for one in own], axis=0
        )
        for kind, rate in zip(KINDS, rates, strict=True):
            axis.plot(places, rate, color=KIND_COLOURS[kind], linewidth=1.6, label=kind)
        axis.set_xlim(0, 1)
        axis.set_ylim(bottom=0)
        axis.set_xticks([0, 0.5, 1], ["start", "middle", "end"])
    axes[0].set_ylabel("pivots / 100 words")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(KINDS))
    return figure


def _stage_strips(groups: dict[str, list[ScoredResponse]]) -> Figure:
    """Stages along single traces, one strip each, every trace stretched to the same width."""
    shown = {model: [one for one in own if one.strip] for model, own in groups.items()}
    shown = {model: own[:: -(-len(own) // _STRIPS)] for model, own in shown.items() if own}
    if not shown:
        return _nothing("no trace to draw")
    figure, axes = _panels(list(shown), 1.9)
    colours = ListedColormap([STAGE_COLOURS[stage] for stage in STAGES])
    for axis, own in zip(axes, shown.values(), strict=True):
        rows = np.array([np.frombuffer(one.strip, dtype=np.uint8) for one in own])
        axis.imshow(
            rows,
            aspect="auto",
            cmap=colours,
            vmin=0,
            vmax=len(STAGES) - 1,
            interpolation="nearest",
            extent=(0, STRIP, len(rows), 0),
        )
        axis.set_xticks([0, STRIP / 2, STRIP], ["start", "middle", "end"])
        axis.set_yticks([])
    handles = [mpl.patches.Patch(color=STAGE_COLOURS[stage], label=stage) for stage in STAGES]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(STAGES))
    return figure


def _density_by_outcome(groups: dict[str, list[ScoredResponse]]) -> Figure:
    """Mean pivot density by kind, right and wrong responses apart, with 95 % intervals of the mean."""
    figure, axes = _panels(list(groups), 1.9, share="xy")
    for axis, own in zip(axes, groups.values(), strict=True):
        for outcome, offset, marker in ((True, -0.14, "o"), (False, 0.14, "s")):
            part = [one for one in own if one.response.is_correct is outcome]
            for i, kind in enumerate(KINDS):
                values = np.array([one.scores.density[kind] for one in part])
                half = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
                axis.errorbar(
                    values.mean(),
                    i + offset,
                    xerr=half,
                    fmt=marker,
                    color=KIND_COLOURS[kind],
                    markersize=5,
                    capsize=2,
                    markerfacecolor=KIND_COLOURS[kind] if outcome else "none",
                )
    axes[0].set_yticks(range(len(KINDS)), KINDS)
    axes[0].invert_yaxis()
    axes[0].set_xlim(left=0)
    figure.supxlabel("pivots / 100 words", fontsize=9)
    marks = [
        mpl.lines.Line2D([], [], color=INK, marker="o", linestyle="", label="right"),
        mpl.lines.Line2D([], [], color=INK, marker="s", markerfacecolor="none", linestyle="", label="wrong"),
    ]
    figure.legend(handles=marks, loc="outside upper right", ncols=2)
    return figure


def _length_accuracy(groups: dict[str, list[ScoredResponse]]) -> Figure:
    """Share of right answers by length of the trace, in up to five equal groups a model,
    with Wilson intervals.
    """
    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    axis = figure.subplots()
    for i, (model, everyone) in enumerate(groups.items()):
        own = sorted(
            (one for one in everyone if one.response.is_correct is not None and one.scores.words),
            key=lambda one: one.scores.words,
        )
        if not own:
            continue
        colour = _MODEL_COLOURS[i % len(_MODEL_COLOURS)]
        points = []
        for part in np.array_split(np.arange(len(own)), min(5, max(1, len(own) // 10))):
            group = [own[j] for j in part]
            right = sum(bool(one.response.is_correct) for one in group)
            bound = wilson_interval(right, len(group))
            points.append(
                (
                    float(np.median([one.scores.words for one in group])),
                    100 * right / len(group),
                    100 * bound.low,
                    100 * bound.high,
                )
            )
        x, y, low, high = np.array(points).T
        axis.errorbar(
            x,
            y,
            yerr=(y - low, high - y),
            color=colour,
            marker="o",
            markersize=4,
            capsize=2,
            linewidth=1.2,
            label=_short(model),
        )
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda words, _: f"{words:,.0f}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_ylim(0, 100)
    axis.set_xlabel("words in the trace (median of each group)")
    axis.set_ylabel("right answers, %")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _nothing(text: str) -> Figure:
    figure = Figure(figsize=(9.6, 0.6))
    figure.text(0.02, 0.4, text)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "\u2026"
