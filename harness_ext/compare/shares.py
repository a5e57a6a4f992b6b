"""The shares of a gain that the paper reports: recovered by hard-coded style, kept with wrong conclusions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial as partial_of
from itertools import chain, combinations

import numpy as np

from harness_ext.compare.conditions import Condition
from harness_ext.compare.metric import of_metric
from harness_ext.compare.pairing import FloatArray, Key, label, metric_of, scores_of
from harness_ext.runs.stopped import stopped_early
from harness_ext.stats import Result, recovered_shares
from synth.processes.workers import Workers
from synth.progress import each

_AT_ONCE = 50
_SHARES = (
    ("share of the gain of st that hc recovers", "hc", "st", "base"),
    ("share of the gain of hc kept with wrong conclusions", "hc_w", "hc", "base"),
    ("share of the gain of st kept with wrong conclusions", "hc_w", "st", "base"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """(accuracy of `first` − `base`) / (accuracy of `second` − `base`) of one model on one task; `note` says
    what the interval leaves out.
    """

    question: str
    model: str
    family: str
    task: str
    first: str
    second: str
    base: str
    result: Result
    note: str = ""


def shares(found: Sequence[Condition], partial: bool, seed: int, workers: Workers) -> list[Share]:
    """Return every share whose three arms some model has on the same items of a task;
    seeds are averaged per item.
    """
    drafts: list[tuple[Callable[..., Share], str]] = []
    outcomes: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for model in dict.fromkeys(one.model for one in found):
        arms = {one.arm: one for one in found if one.model == model}
        for question, *wanted in _SHARES:
            if not all(arm in arms for arm in wanted):
                continue
            three = [arms[arm] for arm in wanted]
            for key in [key for key in three[0].tasks if all(key in one.tasks for one in three)]:
                if any(stopped_early(run.manifest, key[0]) for one in three for run in one.runs):
                    continue  # said in a note
                items = [set(run.tasks[key]) for one in three for run in one.runs]
                if any(one != two for one, two in combinations(items, 2)) and not partial:
                    continue
                if shared := sorted(set.intersection(*items)):
                    averages = any(len(one.runs) > 1 for one in three)
                    first, second, base = (_means(one, key, shared) for one in three)
                    note = (
                        "seeds are averaged; the interval covers other items, not other seeds"
                        if averages
                        else ""
                    )
                    names = [one.name for one in three]
                    draft = partial_of(_share, question, model, three[0].family, label(key), names, note)
                    drafts.append((draft, metric_of(three[0].runs[0], key)))
                    outcomes.append((first, second, base))
    pieces = [(outcomes[start : start + _AT_ONCE], seed) for start in range(0, len(outcomes), _AT_ONCE)]
    results = chain.from_iterable(
        each(workers.each(_results, pieces), "sharing out gains", len(pieces), "sets of arms")
    )
    return [draft(of_metric(result, metric)) for (draft, metric), result in zip(drafts, results, strict=True)]


def _share(
    question: str, model: str, family: str, task: str, names: Sequence[str], note: str, result: Result
) -> Share:
    first, second, base = names
    return Share(question, model, family, task, first, second, base, result, note)


def _results(piece: tuple[Sequence[tuple[FloatArray, FloatArray, FloatArray]], int]) -> list[Result]:
    outcomes, seed = piece
    return recovered_shares(outcomes, seed=seed)


def _means(one: Condition, key: Key, items: Sequence[str]) -> FloatArray:
    return np.asarray(np.mean([scores_of(run, key, items) for run in one.runs], axis=0), dtype=np.float64)
