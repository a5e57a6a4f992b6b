"""How well outliers among gradients find training rows whose steps were corrupted, beside plain baselines.

    python -m benchmarks.select_rows choose FOLDER      # seed 0: what the defaults were chosen on (about 15
    minutes on one core) python -m benchmarks.select_rows report FOLDER      # seeds 1 and 2: what
    docs/measurements/suspicious-rows.md states (about 40 minutes on one core)

One in five of 160 responses of arm hc gets the trace of a dose arm, in which digits are changed or steps
shuffled; conclusion, answer and prompt stay as they are, and so does the length. Gradients are kept in
FOLDER, so that a second call only computes the scores anew.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.metrics import roc_auc_score

from distill.select.outliers import TREES, cosine_outliers, directions, isolation_outliers
from distill.select.scoring import data_gradients, data_losses
from distill.training.train import Recipe
from synth.problems import iter_problems
from synth.seeding import generator
from synth.traces.arms import TraceRow
from synth.traces.datasets import write_dataset
from synth.traces.rendering import render

MODEL, ROWS, SHARE, WORDS, RESAMPLES = "smollm2-135m-instruct", 160, 0.2, 40.0, 2000
PLANS: dict[str, list[tuple[str, str, float, int]]] = {
    "choose": [("arith:train", "digits=0.3", warm_up, 0) for warm_up in (0.5, 0.0)],
    "report": [
        *(("arith:train", "digits=0.3", 0.5, seed) for seed in (1, 2)),
        ("arith:train", "shuffle=1", 0.5, 1),
        ("arith:train", "digits=0.3", 0.0, 1),
    ],
}
Columns = dict[str, "np.ndarray[Any, Any]"]


def mixed_rows(problems: str, dose: str, seed: int) -> tuple[list[TraceRow], "np.ndarray[Any, Any]"]:
    """Return rows of arm hc of which a fifth, drawn by *seed*, are those of the arm *dose*,
    and which they are.
    """
    pairs = render(
        list(iter_problems(problems, ROWS, seed)), ["hc", dose], seed, dials={"trace_words": WORDS}
    )
    drawn = set(generator("corrupted rows", seed).sample(range(ROWS), int(SHARE * ROWS)))
    return [pair[dose if i in drawn else "hc"] for i, pair in enumerate(pairs)], np.array(
        [i in drawn for i in range(ROWS)]
    )


def measured(folder: Path, problems: str, dose: str, warm_up: float, seed: int) -> Columns:
    """Return the gradients of one set and which rows are corrupted; from *folder* if they are there."""
    path = folder / f"{problems.replace(':', '-')}-{dose}-{warm_up}-{seed}.npz"
    if not path.is_file():
        rows, corrupted = mixed_rows(problems, dose, seed)
        data = write_dataset(folder / "data", "mixed", rows, {"problems": problems})
        began = time.monotonic()
        found = data_gradients(
            MODEL, data, recipe=Recipe(seed=seed), warm_up=warm_up, console=Console(quiet=True)
        )
        whole = time.monotonic() - began
        columns = {
            name: np.array([getattr(row, name) for row in found.rows]) for name in ("loss", "norm", "tokens")
        }
        np.savez(
            path, corrupted=corrupted, sketches=found.sketches, seconds=[found.seconds, whole], **columns
        )
    with np.load(path) as file:
        return {
            "untrained_loss": untrained_loss(folder, problems, dose, seed),
            **{name: file[name] for name in file.files},
        }


def untrained_loss(folder: Path, problems: str, dose: str, seed: int) -> "np.ndarray[Any, Any]":
    """Return the losses of one set under the model as it is; from *folder* if they are there."""
    path = folder / f"{problems.replace(':', '-')}-{dose}-{seed}-loss.npy"
    if not path.is_file():
        data = write_dataset(
            folder / "data-loss", "mixed", mixed_rows(problems, dose, seed)[0], {"problems": problems}
        )
        np.save(
            path,
            [
                loss
                for loss, _ in data_losses(MODEL, data, recipe=Recipe(seed=seed), console=Console(quiet=True))
            ],
        )
    return np.asarray(np.load(path))


def scores(one: Columns) -> Columns:
    """Return every score of the rows by its name, higher meaning more suspicious."""
    sketches, tokens = one["sketches"], one["tokens"]
    return {
        "forest, direction": isolation_outliers(directions(sketches)),
        "forest, mean gradient": isolation_outliers(sketches),
        "forest, summed gradient": isolation_outliers((sketches * tokens[:, None]).astype(np.float32)),
        "cosine to the others": cosine_outliers(sketches),
        "norm, mean gradient": one["norm"],
        "norm, summed gradient": one["norm"] * tokens,
        "loss after the warm-up": one["loss"],
        "loss": one["untrained_loss"],
        "length in tokens": tokens.astype(float),
    }


def found_share(corrupted: "np.ndarray[Any, Any]", score: "np.ndarray[Any, Any]") -> float:
    """Return which share of the corrupted rows is among as many of the highest scores."""
    return float(corrupted[np.argsort(-score, kind="stable")[: corrupted.sum()]].mean())


def report(runs: list[Columns]) -> None:
    """Print the AUC of each score, mean over sets, with intervals over rows (percentile bootstrap; corrupted
    and other rows of each set apart).
    """
    rng = np.random.default_rng(0)
    scored = [(one["corrupted"], scores(one)) for one in runs]
    draws: dict[str, list[float]] = {name: [] for name in scored[0][1]}
    for _ in range(RESAMPLES):
        parts = [
            np.concatenate([rng.choice(rows, len(rows)) for rows in (np.flatnonzero(y), np.flatnonzero(~y))])
            for y, _ in scored
        ]
        for name, values in draws.items():
            values.append(
                float(
                    np.mean(
                        [
                            roc_auc_score(y[part], by[name][part])
                            for part, (y, by) in zip(parts, scored, strict=True)
                        ]
                    )
                )
            )
    print("| score | AUC | 95 % | AUC less that of the loss | found in the first fifth |")
    print("|---|---|---|---|---|")
    for name, values in draws.items():
        each = [float(roc_auc_score(y, by[name])) for y, by in scored]
        low, high = np.percentile(values, [2.5, 97.5])
        less = np.percentile(np.array(values) - np.array(draws["loss"]), [2.5, 97.5])
        difference = float(np.mean(each) - np.mean([roc_auc_score(y, by["loss"]) for y, by in scored]))
        share = np.mean([found_share(y, by[name]) for y, by in scored])
        shown = f"{difference:+.3f} ({less[0]:+.3f} to {less[1]:+.3f})" if name != "loss" else ""
        print(
            f"| {name} | {np.mean(each):.3f} ({', '.join(f'{value:.2f}' for value in each)}) | {low:.3f} to"
            f" {high:.3f} | {shown} | {share:.2f} |"
        )
    for trees in (500, TREES):
        spread = [
            np.mean(
                [
                    roc_auc_score(
                        one["corrupted"], isolation_outliers(directions(one["sketches"]), seed, trees)
                    )
                    for one in runs
                ]
            )
            for seed in range(4)
        ]
        print(
            f"\nForest of {trees} trees on directions, four seeds: AUC"
            f" {', '.join(f'{value:.3f}' for value in spread)}.",
            end="",
        )
    speed = np.mean([len(one["loss"]) / one["seconds"][0] for one in runs])
    print(
        f"\n\n{speed:.2f} rows a second, {np.mean([one['tokens'].mean() for one in runs]):.0f} labelled"
        " tokens a row; ",
        end="",
    )
    print(f"with the warm-up {np.mean([one['seconds'][1] for one in runs]):.0f} s a set.", flush=True)


def main() -> None:
    """Measure all sets of a plan and print a table for each kind of corruption and warm-up."""
    plan, folder = PLANS[sys.argv[1]], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for problems, dose, warm_up in dict.fromkeys(case[:3] for case in plan):
        runs = [measured(folder, *case) for case in plan if case[:3] == (problems, dose, warm_up)]
        print(
            f"\n## {problems}, {dose}, warm-up of {warm_up:g} epochs, {len(runs)} sets of {ROWS} rows\n",
            flush=True,
        )
        report(runs)


if __name__ == "__main__":
    main()
