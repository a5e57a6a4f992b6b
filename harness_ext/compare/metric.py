"""Chooses the metric that runs are compared on: the same one for all runs of a task."""

from collections.abc import Sequence
from dataclasses import replace

from harness_ext.compare.conditions import Condition
from harness_ext.compare.pairing import Key, label
from harness_ext.runs.accuracy import (
    DEFAULT,
    NOT_ACCURACY,
    AccuracyMetric,
    accuracy_metric,
    find_metric,
    other_notes,
)
from harness_ext.runs.run_folder import Run
from harness_ext.stats import Result
from synth.errors import StylerepError


def with_accuracy(runs: Sequence[Run], wanted: str | None = None) -> tuple[list[Run], list[str]]:
    """Return the runs with the accuracy metric of each task that several of them have, and notes.

    *wanted* is it wherever any of the runs has it. Where none can be, or runs do not agree, `Run.accuracy`
    says why, for whoever needs it. Raises StylerepError where no task has the metric *wanted*.
    """
    keys = [
        key
        for key in dict.fromkeys(key for run in runs for key in run.tasks)
        if sum(key in run.tasks for run in runs) > 1
    ]
    own = [key for key in keys if wanted is not None and any(_has(run, key, wanted) for run in runs)]
    if wanted is not None and keys and not own:
        there = dict.fromkeys(
            name for run in runs for key in keys if key in run.tasks for name in run.tasks[key].metrics
        )
        raise StylerepError(
            f"--metric {wanted}: no task that runs share has such a metric with one number for each item;"
            f" there are {', '.join(there)}."
        )
    chosen: list[dict[Key, AccuracyMetric | str]] = [{} for _ in runs]
    for key in keys:
        found = [
            _chosen(run, key, wanted if key in own else None) if key in run.tasks else None for run in runs
        ]
        refusal = _refusal(runs, key, found)
        for place, one in enumerate(found):
            if one is not None:
                chosen[place][key] = refusal or one
    notes = []
    for key in keys if wanted is not None else ():
        one = next(one[key] for one in chosen if key in one)
        if key not in own and isinstance(one, AccuracyMetric):
            notes.append(f"{label(key)} has no metric {wanted}; its accuracy is {one.metric}.")
    return [replace(run, accuracy=one) for run, one in zip(runs, chosen, strict=True)], notes


def metric_notes(found: Sequence[Condition], keys: Sequence[Key]) -> list[str]:
    """Say for each task which other metrics differ from the one compared, and in which runs."""
    runs = [
        (one.name if len(one.runs) == 1 else f"{one.name} ({seed})", run)
        for one in found
        for seed, run in zip(one.seeds, one.runs, strict=True)
    ]
    notes = []
    for key in keys:
        told = [(name, run.accuracy.get(key)) for name, run in runs]
        notes += other_notes(
            label(key), [(name, one) for name, one in told if isinstance(one, AccuracyMetric)]
        )
    return notes


def of_metric(result: Result, metric: str) -> Result:
    """Return the result with the metric among its settings, and so in its signature."""
    return replace(result, settings={**result.settings, "metric": metric})


def titled(task: str, metric: str) -> str:
    """Return a task's name, with its accuracy metric unless that is ``acc``."""
    return task if metric == DEFAULT else f"{task}, accuracy is {metric}"


def shown_metric(metrics: Sequence[str]) -> str:
    """Return what tables say of the accuracy that runs of a task are compared on, each as
    `harness_ext.runs.accuracy.measured_by` calls it: nothing where all are ``acc``.
    """
    names = list(dict.fromkeys(metrics))
    if names == [DEFAULT]:
        return ""
    if all((name.startswith("avg@") and " of " not in name) or name == DEFAULT for name in names):
        return " and ".join(name if name != DEFAULT else "one draw" for name in names)
    return f"accuracy is {' and '.join(names)}"


def _has(run: Run, key: Key, wanted: str) -> bool:
    return key in run.tasks and find_metric(run.tasks[key].metrics, wanted) is not None


def _chosen(run: Run, key: Key, wanted: str | None) -> AccuracyMetric | str:
    hashes = list(run.tasks[key])
    where = f"{run.folder}, {label(key)}"
    try:
        return accuracy_metric(
            run.tasks[key].columns(), where, wanted, lambda number: f"{where}, item {hashes[number][:12]}"
        )
    except StylerepError as error:
        return str(error)


def _refusal(runs: Sequence[Run], key: Key, found: Sequence[AccuracyMetric | str | None]) -> str:
    """Say why a task cannot be compared: no accuracy in a run, or another metric than in the first;
    empty where it can.
    """
    if reason := next((one for one in found if isinstance(one, str)), ""):
        return reason
    (first, metric), *others = [
        (run, one.metric) for run, one in zip(runs, found, strict=True) if isinstance(one, AccuracyMetric)
    ]
    second, name = next(((run, name) for run, name in others if name != metric), (first, metric))
    if name == metric:
        return ""
    shared = sorted(
        set.intersection(*(set(run.tasks[key].common_metrics()) for run in (first, second))) - NOT_ACCURACY
    )
    advice = (
        f"name one that both have with --metric ({', '.join(shared)})"
        if shared
        else "stylerep import grades the responses of both alike"
    )
    return f"{label(key)}: accuracy is {metric} in {first.folder} and {name} in {second.folder}; {advice}."
