"""Puts the outcomes of two conditions side by side, item by item."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.compare.conditions import Condition
from harness_ext.compare.same_task import check_documents, renumbered
from harness_ext.compare.watched_pairs import Watched, watched_items
from harness_ext.runs.accuracy import DRAWS, number_of_draws
from harness_ext.runs.run_folder import Run
from harness_ext.runs.stopped import stopped_early
from harness_ext.stats import (
    Effect,
    PairedCounts,
    SeedPool,
    effect_of_runs,
    effect_of_sequence,
    paired_counts,
    right,
)
from synth.errors import StylerepError

FloatArray = npt.NDArray[np.float64]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two conditions on one task, over the items that both have.

    `first` and `second` are the runs paired with each other, one pair a seed. `items` are the document
    hashes, `left_out` how many more the two have together. Where one was stopped early, `watched` says by
    which rule, and the items stand in the order in which they were asked. `pool` says how much seeds differ
    in other arms, where that counts as well.
    """

    key: Key
    first: tuple[Run, ...]
    second: tuple[Run, ...]
    items: tuple[str, ...]
    left_out: int
    watched: Watched | None = None
    pool: SeedPool | None = None

    @property
    def metric(self) -> str:
        """The metric that accuracy is."""
        return metric_of(self.first[0], self.key)

    def values(self, score: str | None = None) -> tuple[FloatArray, FloatArray]:
        """Return a score of every item in both, accuracy if none is named, each of shape (seeds, items)."""
        one, two = (
            [scores_of(run, self.key, self.items, score) for run in runs]
            for runs in (self.first, self.second)
        )
        return np.array(one, dtype=np.float64), np.array(two, dtype=np.float64)

    def counts(self) -> PairedCounts | None:
        """Return the 2×2 table of right and wrong; None for several seeds, for outcomes that are shares, and
        where a run stopped early, since tests of a table take its size as given.
        """
        if self.watched:
            return None
        one, two = self.values()
        firsts, seconds = right(one[0]), right(two[0])
        return (
            paired_counts(firsts, seconds)
            if len(one) == 1 and firsts is not None and seconds is not None
            else None
        )

    def effect(self) -> Effect:
        """Return the difference of accuracies, first minus second: by a confidence sequence where a run
        stopped early.
        """
        if self.watched:
            one, two = self.values()
            return effect_of_sequence(one[0] - two[0], self.watched.margin, self.watched.population)
        return effect_of_runs(*self.values(), self.pool)


def paired(
    first: Condition, second: Condition, key: Key, partial: bool = False, pool: SeedPool | None = None
) -> Pair:
    """Pair two conditions on a task: runs by seed, a single run with all seeds of the other,
    items by document hash.

    Raises StylerepError, naming hashes, where the items differ (with *partial*, only where none is shared),
    documents differ under one hash, or no seed is shared. Items that a run didn't ask because it stopped
    early may be missing; see `harness_ext.compare.watched_pairs`.
    """
    ones, twos = _by_seed(first, second)
    if any(stopped_early(run.manifest, key[0]) for run in (*ones, *twos)):
        return _watched(ones, twos, key)
    items = [set(run.tasks[key]) for run in (*ones, *twos)]
    shared, union = set.intersection(*items), set.union(*items)
    if not shared or (len(union) > len(shared) and not partial):
        raise StylerepError(_mismatch((*ones, *twos), key, not shared))
    check_documents((*ones, *twos), key, shared)
    return Pair(
        key,
        ones,
        twos,
        tuple(item for item in ones[0].tasks[key] if item in shared),
        len(union) - len(shared),
        pool=pool,
    )


def _watched(ones: tuple[Run, ...], twos: tuple[Run, ...], key: Key) -> Pair:
    items, watched = watched_items(ones, twos, key)
    check_documents((*ones, *twos), key, set(items))
    union = set(ones[0].tasks[key]) | set(twos[0].tasks[key])
    return Pair(key, ones, twos, items, len(union) - len(items), watched)


def label(key: Key) -> str:
    """Return a task's name, with its filter where it has one."""
    task, filtered = key
    return task if filtered == "none" else f"{task}:{filtered}"


def shared_seeds(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[int, int]]:
    """Return the places in both of every seed that both have, in the order of the first."""
    places = {seed: place for place, seed in enumerate(second)}
    return [(place, places[seed]) for place, seed in enumerate(first) if seed in places]


def scores_of(run: Run, key: Key, items: Sequence[str], score: str | None = None) -> FloatArray:
    """Return a score of some items in a run, or their accuracy, which lies between 0 and 1; shape
    (items,).
    """
    table = run.tasks[key]
    return table.scores(score or metric_of(run, key), table.places(items))


def metric_of(run: Run, key: Key) -> str:
    """Return the accuracy metric of a task (`harness_ext.compare.metric`); raise StylerepError, with the
    reason, if it has none.
    """
    found = run.accuracy[key]
    if isinstance(found, str):
        raise StylerepError(found)
    return found.metric


def draws_of(run: Run, key: Key) -> int | None:
    """Return of how many draws each item of a task is in a run; None for one."""
    return number_of_draws(run.tasks[key].columns().get(DRAWS)) if DRAWS in run.tasks[key].metrics else None


def _by_seed(first: Condition, second: Condition) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    if len(second.runs) == 1:
        return first.runs, second.runs * len(first.runs)
    if len(first.runs) == 1:
        return first.runs * len(second.runs), second.runs
    both = shared_seeds(first.seeds, second.seeds)
    if not both:
        raise StylerepError(
            f"{first.name} and {second.name} share no seed ({_numbers(first)}; {_numbers(second)}), so their"
            " runs cannot be paired."
        )
    return tuple(first.runs[one] for one, _ in both), tuple(second.runs[two] for _, two in both)


def _mismatch(runs: Sequence[Run], key: Key, nothing: bool) -> str:
    missing = (
        (sorted(set(one.tasks[key]) - set(two.tasks[key])), one, two) for one, two in permutations(runs, 2)
    )
    only, one, two = next(found for found in missing if found[0])
    shown = ", ".join(item[:12] for item in only[:3]) + (", …" if len(only) > 3 else "")
    advice = (
        "no item is shared"
        if nothing
        else "evaluate both on the same items, or compare the shared ones with --partial"
    )
    changed = "" if nothing else renumbered(one, two, key)  # else their documents may be named in two ways
    missing_there = (
        f"{key[0]}: {len(only)} of {len(one.tasks[key])} items of {one.folder} are missing from {two.folder}"
        f" (doc_hash {shown})"
    )
    return "; ".join(part for part in (missing_there, changed, advice) if part) + "."


def _numbers(condition: Condition) -> str:
    return ", ".join(str(seed) for seed in condition.seeds)
