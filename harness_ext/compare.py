"""Compares runs with a baseline, item by item."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness_ext.runs import Item, Run, load_run
from harness_ext.stats import Interval, PairedCounts, PairedResult, compare_counts, wilson_interval
from synth.errors import StylerepError

STYLE = ("answered", "pivot_density", "pivot_kinds", "trace_words")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run on one task: accuracy with its Wilson interval, and the means of the style scores it has."""

    run: str
    arm: str | None
    task: str
    n: int
    accuracy: float
    interval: Interval
    style: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One run against the baseline on one task."""

    run: str
    baseline: str
    task: str
    result: PairedResult
    signature: str


@dataclass(frozen=True, slots=True)
class Report:
    """All cells, in the order of the runs, and every run but the baseline compared with it."""

    cells: list[Cell]
    comparisons: list[Comparison]


def compare(folders: Sequence[Path], baseline: Path | None = None, margin: float = 0.05) -> Report:
    """Compare run folders with a baseline (the first one unless named) on every task they share.

    Runs are paired on (task, filter, document hash). Holm's correction goes over all comparisons of
    the report. Raises StylerepError where a run cannot be read, no task is shared, or two runs hold
    different items of a task (the hashes are named).
    """
    if not 0 < margin < 1:
        raise StylerepError(f"The margin is a difference of accuracies between 0 and 1, got {margin}.")
    base_folder = baseline or (folders[0] if folders else None)
    others = [folder for folder in folders if base_folder is None or folder.resolve() != base_folder.resolve()]
    if base_folder is None or not others:
        raise StylerepError("A comparison needs two different run folders.")
    names = _names([base_folder, *others])
    base, runs = load_run(base_folder), [load_run(folder) for folder in others]

    pairs: list[tuple[Run, tuple[str, str], PairedCounts]] = []
    for run in runs:
        shared = [key for key in base.tasks if key in run.tasks]
        if not shared:
            raise StylerepError(f"{run.folder} and {base.folder} share no task.")
        pairs += [(run, key, _counts(run, base, key)) for key in shared]
    results = compare_counts([counts for _, _, counts in pairs], margin)
    cells = [_cell(run, key, names) for run in (base, *runs) for key in base.tasks if key in run.tasks]
    comparisons = [
        Comparison(names[run.folder], names[base.folder], _label(key), result, _signature(result)) for (run, key, _), result in zip(pairs, results, strict=True)
    ]
    return Report(cells, comparisons)


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """Name runs by their folder, or by their whole path where two folders share a name."""
    short = [folder.resolve().name for folder in folders]
    return {folder: name if short.count(name) == 1 else str(folder) for folder, name in zip(folders, short, strict=True)}


def _label(key: tuple[str, str]) -> str:
    task, filtered = key
    return task if filtered == "none" else f"{task}:{filtered}"


def _counts(run: Run, base: Run, key: tuple[str, str]) -> PairedCounts:
    first, second = run.tasks[key], base.tasks[key]
    for one, other, ours, theirs in ((run, base, first, second), (base, run, second, first)):
        if only := sorted(ours.keys() - theirs.keys()):
            shown = ", ".join(item[:12] for item in only[:3])
            raise StylerepError(
                f"{key[0]}: {len(only)} of {len(ours)} items of {one.folder} are missing from {other.folder} "
                f"(doc_hash {shown}{', …' if len(only) > 3 else ''}); evaluate both on the same items."
            )
    outcomes = [(_right(first[item], run, key), _right(second[item], base, key)) for item in first]
    return PairedCounts(*(outcomes.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))))


def _right(item: Item, run: Run, key: tuple[str, str]) -> bool:
    value = item.metrics.get("acc", item.metrics.get("exact_match"))
    if value not in (0.0, 1.0):
        raise StylerepError(f"{run.folder}, {key[0]}, item {item.doc_hash[:12]}: acc must be 0 or 1, found {value}.")
    return value == 1.0


def _cell(run: Run, key: tuple[str, str], names: dict[Path, str]) -> Cell:
    items = run.tasks[key]
    right = sum(_right(item, run, key) for item in items.values())
    style = {name: sum(item.metrics[name] for item in items.values()) / len(items) for name in STYLE if all(name in item.metrics for item in items.values())}
    return Cell(names[run.folder], run.manifest.get("arm"), _label(key), len(items), right / len(items), wilson_interval(right, len(items)), style)


def _signature(result: PairedResult) -> str:
    counts = result.counts
    return (
        f"test:mcnemar-midp|n:{counts.n}|b:{counts.first}|c:{counts.second}|interval:newcombe10|"
        f"margin:{result.margin:g}|holm:{result.tests}|stylerep:{version('stylerep')}"
    )


def report_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON values, signatures included."""
    return {
        "cells": [
            {"run": c.run, "arm": c.arm, "task": c.task, "n": c.n, "acc": c.accuracy, "acc_low": c.interval.low, "acc_high": c.interval.high, **c.style}
            for c in report.cells
        ],
        "comparisons": [
            {
                "run": c.run,
                "baseline": c.baseline,
                "task": c.task,
                "n": c.result.counts.n,
                "only_run_right": c.result.counts.first,
                "only_baseline_right": c.result.counts.second,
                "difference": c.result.difference,
                "low": c.result.interval.low,
                "high": c.result.interval.high,
                "p_midp": c.result.p,
                "p_exact": c.result.p_exact,
                "p_holm": c.result.p_holm,
                "equivalence_low": c.result.equivalence.low,
                "equivalence_high": c.result.equivalence.high,
                "margin": c.result.margin,
                "verdict": c.result.verdict.value,
                "signature": c.signature,
            }
            for c in report.comparisons
        ],
    }
