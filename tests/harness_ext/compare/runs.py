"""Run folders as lm_eval and stylerep eval write them, small and made up."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

DATE = "2026-11-22T10-00-00.000001"


def write_run(
    folder: Path,
    right: Sequence[float],
    task: str = "style_arith",
    date: str = DATE,
    first: int = 0,
    style: Mapping[str, Sequence[float]] | None = None,
    **manifest: object,
) -> Path:
    """Write a run folder: one sample a line, items named by their number from *first*;
    a manifest if any of its keys are given.
    """
    inside = folder / "model"
    inside.mkdir(parents=True, exist_ok=True)
    scores = style or {"pivot_density": [2.0] * len(right)}
    rows = [
        {
            "doc_id": i,
            "filter": "none",
            "metrics": ["acc"],
            "doc_hash": f"{first + i:064d}",
            "resps": [["x"]],
            "acc": float(value),
        }
        | {name: float(values[i]) for name, values in scores.items()}
        for i, value in enumerate(right)
    ]
    (inside / f"samples_{task}_{date}.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    if manifest:
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def write_scored(
    folder: Path, task: str = "sums", filter_name: str = "none", **metrics: Sequence[object]
) -> Path:
    """Write a run folder of a task that scores each response by these metrics, one value an item; with it,
    add another task or filter to a run.
    """
    inside = folder / "model"
    inside.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "doc_id": i,
            "doc": {"question": f"What is {i} plus 1?", "answer": str(i + 1)},
            "target": str(i + 1),
            "filter": filter_name,
            "metrics": list(metrics),
        }
        | {"doc_hash": f"{i:064d}", "resps": [[f"The answer is {i + 1}."]], "filtered_resps": [str(i + 1)]}
        | dict(zip(metrics, values, strict=True))
        for i, values in enumerate(zip(*metrics.values(), strict=True))
    ]
    with (inside / f"samples_{task}_{DATE}.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def study(
    folder: Path,
    accuracies: Mapping[str, float],
    families: Sequence[str] = ("llama3",),
    seeds: Sequence[int] = (0,),
    n: int = 400,
) -> list[Path]:
    """Write runs of the arms with about the accuracies given, base without a seed:
    items have a difficulty that all runs share.
    """
    generator = np.random.default_rng(7)
    made = []
    for family in families:
        difficulty = generator.random(n)
        for arm, accuracy in accuracies.items():
            for seed in seeds if arm != "base" else (None,):
                blurred = (difficulty + generator.normal(0, 0.1, n)) % 1
                densities = generator.normal(0.0 if arm == "base" else 3.0, 0.5, n)
                words = generator.normal(60, 10, n)
                made.append(
                    write_run(
                        folder / f"{family}-{arm}-{seed}",
                        (blurred < accuracy).astype(float).tolist(),
                        style={"pivot_density": densities.tolist(), "trace_words": words.tolist()},
                        family=family,
                        base_model=f"org/{family}",
                        arm=arm,
                        seed=seed,
                    )
                )
    return made
