"""Accuracy against the size of models and the graph search entropy of problems,
with the relation fitted to both.

After Wang et al. (2025, arXiv:2504.03635), who train models on one graph's facts and find the size that
answers best to grow linearly with the graph's search entropy. Here every problem states a graph of its own,
so the relation is one of problems: log-odds of a right answer in the logarithm of the number of parameters
and the entropy of the facts that the problem states.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.compare.tables import TextTable, p_text
from harness_ext.pages.drawing import STYLE, as_svg
from harness_ext.pages.leaderboard.board import Figure as Estimate
from harness_ext.pages.leaderboard.tables import percent
from harness_ext.runs.graph_of_problem import graph_of
from harness_ext.runs.manifests import read_manifest, read_results
from harness_ext.runs.run_folder import item_of, sample_files, sample_rows
from harness_ext.stats import LogisticFit, accuracy_interval, clustered, fieller, firth_logistic
from synth.files.files_below import files_below

FloatArray = npt.NDArray[np.float64]
_QUARTERS = 4
_BITS = 10
_MARKS = "osD^v<>p"
SCALING_NOTE = (
    "By size: log-odds of a right answer in log2 of the parameters and in the entropy of the facts, fitted to"
    " all answers of a kind together; intervals allow for one problem being answered by several models, and"
    " not for another training of the same size, of which there may be one only. Entropy grows with the"
    " number of facts, and in some tasks with hops: the second model of the odds holds hops."
)
"""What must be known to read the tables."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Answers of one arm to one task by models of several sizes.

    An entry each of `model`, `parameters`, `entropy` (bits), `hops`, `right` and `item` for every answer;
    `quarters` are the bounds between quarters of the items by entropy.
    """

    task: str
    arm: str
    model: npt.NDArray[np.str_]
    parameters: FloatArray
    entropy: FloatArray
    hops: FloatArray
    right: npt.NDArray[np.bool_]
    item: npt.NDArray[np.str_]
    quarters: FloatArray

    def design(self, hops: bool = False) -> FloatArray:
        """Return the columns of the relation: log2 of parameters, entropy in tens of bits,
        number of hops if asked for, ones.
        """
        columns = [
            np.log2(self.parameters),
            self.entropy / _BITS,
            *([self.hops] if hops else []),
            np.ones(len(self.right)),
        ]
        return np.column_stack(columns)

    def fit(self, hops: bool = False) -> LogisticFit | None:
        """Return the relation fitted (Firth's penalty), with a covariance clustered by items.

        None where all answers are right, or all wrong, or columns depend on each other.
        """
        if self.right.all() or not self.right.any():
            return None
        found = firth_logistic(self.design(hops), self.right)
        return None if found is None else clustered(found, self.design(hops), self.right, self.item.tolist())


def read_scaling(runs: Sequence[Path]) -> list[Scaling]:
    """Return, by task and arm, the answers in runs to problems that have a graph search entropy, where models
    of two sizes or more answered.

    A model's size is what lm_eval counted in its run without an adapter;
    runs of models whose size is unknown are left out.
    """
    sizes = {name: size for run in runs if (name := _base_model(run)) and (size := _parameters(run))}
    answers: dict[tuple[str, str], list[tuple[str, float, float, float, bool, str]]] = {}
    for run in runs:
        manifest = read_manifest(run)
        if (size := sizes.get(str(manifest.get("base_model")))) is None:
            continue
        for task, path in sample_files(run).items():
            for where, row in sample_rows(path):
                meta, scores = graph_of(row, where), item_of(row, where).metrics
                if meta is None or "acc" not in scores:
                    break
                known = (
                    run.parent.name,
                    size,
                    meta.graph_search_entropy,
                    float(meta.hops),
                    scores["acc"] >= 0.5,
                    row["doc_hash"],
                )
                answers.setdefault((task, str(manifest.get("arm"))), []).append(known)
    found = []
    for (task, arm), rows in answers.items():
        model, parameters, entropy, hops, right, item = (
            np.array(column) for column in zip(*rows, strict=True)
        )
        if len(set(parameters.tolist())) > 1:
            by_item = [bits for bits, _ in dict.fromkeys(zip(entropy.tolist(), item.tolist(), strict=True))]
            bounds = np.quantile(by_item, np.arange(1, _QUARTERS) / _QUARTERS)
            found.append(
                Scaling(task, arm, model, parameters, entropy, hops, right, item, np.asarray(bounds))
            )
    return found


def scaling_tables(found: Sequence[Scaling]) -> list[TextTable]:
    """Return accuracy by model and quarter of entropy, and the relation, for each task and arm."""
    return [table for one in found for table in (_accuracies(one), _relation(one))]


def scaling_svg(found: Sequence[Scaling]) -> str:
    """Return a figure of accuracy against entropy, a panel for each task and arm: points with 95 % intervals
    for each size, dashed the fitted relation.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3 * len(found)), layout="constrained")
        panels: Any = figure.subplots(len(found), 1, squeeze=False)[:, 0]
        for axes, one in zip(panels, found, strict=True):
            _panel(axes, one)
        panels[-1].set_xlabel(
            "graph search entropy of the facts that a problem states, bits (points: quarters of the problems)"
        )
        return as_svg(figure)


def _panel(axes: Any, one: Scaling) -> None:
    from matplotlib import colormaps

    fitted, models, quarter = one.fit(), _models(one), np.digitize(one.entropy, one.quarters)
    apart = 0.006 * float(np.ptp(one.entropy))
    for number, (name, size) in enumerate(models):
        colour = colormaps["viridis"](0.3 + 0.5 * number / max(1, len(models) - 1))
        mark = _MARKS[number % len(_MARKS)]
        for part in range(_QUARTERS):
            chosen = (one.model == name) & (quarter == part)
            if chosen.any():
                found, at = (
                    _accuracy(one, chosen),
                    one.entropy[chosen].mean() + apart * (number - (len(models) - 1) / 2),
                )
                if found.interval:
                    axes.plot(
                        [at, at],
                        [100 * found.interval.low, 100 * found.interval.high],
                        color=colour,
                        linewidth=1,
                    )
                axes.plot(at, 100 * found.estimate, color=colour, marker=mark, linestyle="")
        axes.plot([], [], color=colour, marker=mark, label=f"{name} ({_millions(size)})")
        if fitted is not None:
            bits = np.linspace(one.entropy.min(), one.entropy.max(), 60)
            lines = (
                np.column_stack([np.full(60, np.log2(size)), bits / _BITS, np.ones(60)]) @ fitted.coefficients
            )
            axes.plot(bits, 100 / (1 + np.exp(-lines)), color=colour, linewidth=0.8, linestyle="--")
    axes.set_ylim(0, 100)
    axes.set_title(f"{one.task}, {one.arm}", loc="left")
    axes.set_ylabel("accuracy, %")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _accuracies(one: Scaling) -> TextTable:
    quarter, bounds = np.digitize(one.entropy, one.quarters), [f"{bound:.0f}" for bound in one.quarters]
    names = (
        f"below {bounds[0]} bits",
        *(f"{low} to {high}" for low, high in itertools.pairwise(bounds)),
        f"{bounds[-1]} and more",
    )
    rows = []
    for name, size in _models(one):
        cells = []
        for part in (None, *range(_QUARTERS)):
            chosen = (one.model == name) & (True if part is None else quarter == part)
            cells.append(percent(_accuracy(one, chosen)) if chosen.any() else "")
        rows.append((name, _millions(size), *cells))
    title = f"{one.task}, {one.arm}: accuracy, % [95 %], by size and graph search entropy"
    return TextTable(title, ("model", "parameters", "all", *names), tuple(rows))


def _accuracy(one: Scaling, chosen: npt.NDArray[np.bool_]) -> Estimate:
    """Return the mean over some answers with an interval over problems,
    whatever number of trainings answered each.
    """
    _, number = np.unique(one.item[chosen], return_inverse=True)
    means = np.bincount(number, one.right[chosen]) / np.bincount(number)
    return Estimate(float(means.mean()), accuracy_interval(means[None]))


def _relation(one: Scaling) -> TextTable:
    """Return odds ratios of the relation with and without hops,
    and how many times the parameters make up for more entropy.
    """
    rows = []
    for hops in (False, True):
        fitted = one.fit(hops)
        if fitted is None:
            continue
        names = ("twice the parameters", f"{_BITS} bits more", *(["a hop more"] if hops else []))
        for column, name in enumerate(names):
            estimate, low, high = fitted.odds_ratio(column)
            rows.append(
                (
                    "with hops" if hops else "size and entropy",
                    name,
                    f"{estimate:.2f} [{low:.2f}, {high:.2f}]",
                    p_text(fitted.p(column)),
                )
            )
        if not hops:
            rows.append(("size and entropy", f"times the parameters for {_BITS} bits", _exchange(fitted), ""))
    if not rows:
        rows.append(("size and entropy", "", "undefined: all answers are right, or all wrong", ""))
    title = (
        f"{one.task}, {one.arm}: the relation, odds ratios [95 %] over {len(set(one.item.tolist()))} items"
    )
    return TextTable(
        title, ("model of the odds", "for", "odds ratio [95 %]", "p"), tuple(rows), frozenset({0, 1})
    )


def _exchange(fitted: LogisticFit) -> str:
    """Return by how much the number of parameters is multiplied where the odds stay as they are with more
    entropy, by Fieller's method.
    """
    size, entropy = fitted.coefficients[:2]
    covariance = fitted.covariance
    found = fieller(
        -float(entropy),
        float(size),
        float(covariance[1, 1]),
        float(covariance[0, 0]),
        -float(covariance[0, 1]),
        fitted.strata - 1,
    )
    if found is None or size <= 0:
        return "undefined: more parameters are not shown to help"
    return f"{2 ** (-entropy / size):.2f} [{2**found.low:.2f}, {2**found.high:.2f}]"


def _models(one: Scaling) -> list[tuple[str, float]]:
    pairs = dict.fromkeys(zip(one.model.tolist(), one.parameters.tolist(), strict=True))
    return sorted(pairs, key=lambda pair: pair[1])


def _millions(size: float) -> str:
    return f"{size / 1e6:.1f} M"


def _base_model(run: Path) -> str | None:
    """Return the model of a run without an adapter."""
    manifest = read_manifest(run)
    return (
        str(manifest["base_model"])
        if manifest.get("base_model") and not manifest.get("adapter_sha256")
        else None
    )


def _parameters(run: Path) -> float | None:
    """Return how many parameters lm_eval counted; None where the model ran elsewhere."""
    for path in reversed(files_below(run, "results_*.json")):
        count = (read_results(path).get("config") or {}).get("model_num_parameters")
        return float(count) if isinstance(count, (int, float)) and count > 0 else None
    return None
