"""Whether what a student finds of an arm's rows beforehand says how well it does after training on them.

    python -m benchmarks.learnability_gains learnability-*.parquet --runs runs/*/*

For each arm of each model with a table of ``stylerep learnability`` and runs of adapters trained on the same
rows: mean surprisal and mean rank before training, and accuracy after it, over seeds and items. Then
Spearman's rho of each measure with accuracy: over all cells, and within models, whose rhos are averaged by
Fisher's z, weighted by cells − 3. Intervals are of z, with variance 1.06 / (cells − 3) (Fieller, Hartley &
Pearson 1957, Biometrika 44:470). They take cells as draws from many; arms of one model, made of the same
problems, are not that, so they are rather too short.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.stats import norm, spearmanr

from harness_ext.compare.conditions import conditions
from harness_ext.runs.run_folder import load_run

MEASURES = ("surprisal", "surprisal_step", "rank", "rank / surprisal", "tokens")
_VARIANCE = 1.06


@dataclass(frozen=True, slots=True)
class Cell:
    """An arm of one model: what was measured of its rows (by MEASURES; NaN for none), and what came of it."""

    model: str
    arm: str
    seeds: int
    measured: dict[str, float]
    accuracy: float


def measured_arms(tables: Sequence[Path]) -> dict[tuple[str, str], dict[str, float]]:
    """Return the means over rows, by the digests of student and data set."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for table in tables:
        rows = pq.read_table(table).to_pandas()
        for key, own in rows.groupby(["base_sha256", "fingerprint"]):
            means = own[["surprisal", "surprisal_step", "rank", "tokens"]].astype(float).mean()
            base, fingerprint = key
            found[str(base), str(fingerprint)] = {
                **means.to_dict(),
                "rank / surprisal": float(means["rank"] / means["surprisal"]),
            }
    return found


def cells(tables: Sequence[Path], runs: Sequence[Path], task: str | None = None) -> list[Cell]:
    """Return the cells that have both; *task*, if the runs have several."""
    arms = measured_arms(tables)
    found = []
    for one in conditions([load_run(run) for run in runs], ()):
        manifest = one.runs[0].manifest
        key = str(manifest.get("base_sha256")), str(manifest.get("dataset_fingerprint"))
        if key not in arms:
            continue
        chosen = task or one.tasks[0][0]
        accuracies = [np.mean(list(run.outcomes(chosen).values())) for run in one.runs]
        found.append(Cell(one.model, one.arm, len(one.runs), arms[key], float(np.mean(accuracies))))
    return found


def rho(values: Sequence[float], accuracies: Sequence[float]) -> float:
    """Return Spearman's rho over the pairs that have a value, NaN where it isn't defined."""
    pairs = [(x, y) for x, y in zip(values, accuracies, strict=True) if not np.isnan(x)]
    if len(pairs) < 3 or len({x for x, _ in pairs}) < 2 or len({y for _, y in pairs}) < 2:
        return float("nan")
    return float(spearmanr(*zip(*pairs, strict=True)).statistic)


def with_interval(rhos: Sequence[float], counts: Sequence[int]) -> tuple[float, float, float]:
    """Return the mean of rhos by Fisher's z and its 95 % interval; *counts* are the cells of each."""
    kept = [(one, n) for one, n in zip(rhos, counts, strict=True) if n > 3 and not np.isnan(one)]
    weight = sum(n - 3 for _, n in kept)
    if not weight:
        return float("nan"), -1.0, 1.0
    centre = sum((n - 3) * atanh(max(-1 + 1e-9, min(1 - 1e-9, one))) for one, n in kept) / weight
    half = float(norm.isf(0.025)) * sqrt(_VARIANCE / weight)
    return tanh(centre), tanh(centre - half), tanh(centre + half)


def main() -> None:
    """Read the command line and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--task", help="if the runs have several")
    given = parser.parse_args()
    found = cells(given.tables, given.runs, given.task)
    print("| model | arm | seeds | " + " | ".join(MEASURES) + " | accuracy, % |")
    print("|---" * (len(MEASURES) + 4) + "|")
    for one in found:
        numbers = " | ".join(f"{one.measured[name]:.2f}" for name in MEASURES)
        print(f"| {one.model} | {one.arm} | {one.seeds} | {numbers} | {100 * one.accuracy:.1f} |")
    models = list(dict.fromkeys(one.model for one in found))
    print(f"\n| rho with accuracy | over {len(found)} cells [95 %] | within {len(models)} models [95 %] |")
    print("|---|---|---|")
    for name in MEASURES:
        parts = [found] + [[one for one in found if one.model == model] for model in models]
        rhos = [rho([one.measured[name] for one in part], [one.accuracy for one in part]) for part in parts]
        counts = [sum(not np.isnan(one.measured[name]) for one in part) for part in parts]
        shown = [
            "{:+.2f} [{:+.2f}, {:+.2f}]".format(*with_interval(rhos[part], counts[part]))
            for part in (slice(0, 1), slice(1, None))
        ]
        print(f"| {name} | {shown[0]} | {shown[1]} |")


if __name__ == "__main__":
    main()
