"""Watches runs that are still being written: at each look, the difference of each from a baseline, how sure
it is, and when it'll likely be settled.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from harness_ext.compare.pairing import Key, label
from harness_ext.compare.settling import About
from harness_ext.compare.tables import TextTable
from harness_ext.runs.accuracy import accuracy_metric
from harness_ext.runs.item_order import in_order
from harness_ext.runs.run_folder import check_run_folders, load_run, sample_files
from harness_ext.runs.scored_items import ScoredItems
from harness_ext.runs.scores_file import ScoresReader
from harness_ext.stats import Verdict, sequence_intervals, sequences
from harness_ext.stats.arrays import FloatArray
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home

_BITS = 13
"""Halvings of an interval's limits: to 0.03 points."""


@dataclass(frozen=True, slots=True)
class WatchedPair:
    """What a look at a run and the baseline on one task found: the difference over the first `n` of `size`
    items, limits of level 1 - alpha, the verdict, and after how many items it'll likely be in.
    """

    run: str
    task: str
    n: int
    size: int
    estimate: float
    low: float
    high: float
    verdict: Verdict
    likely_end: float

    @property
    def open(self) -> bool:
        """Whether more items may still settle it."""
        return self.verdict is Verdict.INCONCLUSIVE and self.n < self.size


@dataclass(frozen=True, slots=True)
class _Progress:
    """Scored items of a run by (task, filter), in order, and how many each task has in all."""

    sizes: dict[str, int]
    tasks: dict[Key, ScoredItems]


class Watching:
    """Runs that are watched, the first being the baseline."""

    def __init__(
        self,
        folders: Sequence[Path],
        margin: float = 0.05,
        about: About = "set",
        metric: str | None = None,
        alpha: float = 0.05,
        seed: int = 0,
    ) -> None:
        """Watch run folders; raise StylerepError for fewer than two, and for one that isn't there."""
        if len({folder.resolve() for folder in folders}) < 2:
            raise StylerepError("Watching needs two different run folders or more.")
        if not 0 < margin < 1:
            raise StylerepError(f"The margin is a difference of accuracies between 0 and 1, got {margin}.")
        check_run_folders(folders)
        self.folders = list(dict.fromkeys(folders))
        self._margin, self._about, self._metric, self._alpha = margin, about, metric, alpha
        self._seed = seed
        self._readers = {folder: ScoresReader(folder) for folder in self.folders}
        self._finished: dict[Path, _Progress] = {}

    def look(self) -> list[WatchedPair]:
        """Return what there is by now of every run and task that the baseline has too.

        Evidence is that of all items at once: once it has been enough, it stays so. Differences of several
        pairs are adjusted for each other (`harness_ext.stats.e_holm`). Raises StylerepError where two runs
        ask other items, or in another order, and where a run keeps no scores.
        """
        base, *others = self.folders
        progress = {folder: self._progress(folder) for folder in self.folders}
        drafts = [
            (folder, key, *self._differences(progress[folder], progress[base], key, folder, base))
            for folder in others
            for key in progress[folder].tasks
            if key in progress[base].tasks
        ]
        drafts = [one for one in drafts if len(one[2])]
        if not drafts:
            return []
        x = np.full((len(drafts), max(len(values) for _, _, values, _ in drafts)), np.nan)
        for place, (_, _, values, _) in enumerate(drafts):
            x[place, : len(values)] = values
        sizes = [size for *_, size in drafts]
        population = sizes if self._about == "set" else None
        seen = sequences(len(drafts), self._margin, population, self._alpha).see(x)
        low, high = sequence_intervals(x, self._margin, population, 1 - self._alpha, bits=_BITS)
        return [
            WatchedPair(
                without_home(str(folder)),
                label(key),
                len(values),
                size,
                float(np.mean(values)),
                float(low[place]),
                float(high[place]),
                seen.verdicts[place],
                min(float(seen.likely_ends[place]), size),
            )
            for place, (folder, key, values, size) in enumerate(drafts)
        ]

    @property
    def finished(self) -> bool:
        """Whether all runs have their samples, so that nothing more will come."""
        return all(sample_files(folder) for folder in self.folders)

    def _progress(self, folder: Path) -> _Progress:
        if found := self._finished.get(folder):
            return found
        scores = self._readers[folder].read()
        if scores is not None:
            if scores.order_seed != self._seed:
                raise StylerepError(
                    f"{folder}: its items are asked in the order of another seed, {scores.order_seed}."
                )
            return _Progress(dict(scores.items), dict(scores.tasks))
        if not sample_files(folder):
            if any(folder.iterdir()):
                raise StylerepError(
                    f"{folder}: this run keeps no scores as they come, so it can't be watched before it ends;"
                    " evaluate with --in-order or --until-settled."
                )
            return _Progress({}, {})
        run = load_run(folder)
        tasks = {key: _ordered(key, items, self._seed) for key, items in run.tasks.items()}
        self._finished[folder] = _Progress({key[0]: len(items) for key, items in tasks.items()}, tasks)
        return self._finished[folder]

    def _differences(
        self, one: _Progress, base: _Progress, key: Key, folder: Path, against: Path
    ) -> tuple[FloatArray, int]:
        """Return the differences of the items that both have so far, in order, and how many there are."""
        first, second = one.tasks[key], base.tasks[key]
        n = min(len(first), len(second))
        items = list(first)[:n]
        if one.sizes[key[0]] != base.sizes[key[0]] or items != list(second)[:n]:
            raise StylerepError(
                f"{folder} and {against} ask other items of {key[0]} ({one.sizes[key[0]]:,} and"
                f" {base.sizes[key[0]]:,}); watch runs of the same items."
            )
        if not n:
            return np.zeros(0), one.sizes[key[0]]
        metric = accuracy_metric(second.columns(), f"{against}, {label(key)}", self._metric).metric
        if metric not in first.metrics:
            raise StylerepError(f"{folder}, {label(key)}: there is no {metric}, as in {against}.")
        values = first.scores(metric, first.places(items)) - second.scores(metric, second.places(items))
        return np.asarray(values, dtype=np.float64), one.sizes[key[0]]


def _ordered(key: Key, items: ScoredItems, seed: int) -> ScoredItems:
    found = ScoredItems(key[1])
    for _, item in in_order([(key[0], item) for item in items], seed):
        found.add(item, items[item].metrics)
    return found


def watch(
    watching: Watching, every: float = 30.0, wait: Callable[[float], Any] = time.sleep
) -> Iterator[list[WatchedPair]]:
    """Yield what is new every so many seconds, until all pairs are settled or all runs have ended."""
    shown: list[WatchedPair] = []
    while True:
        finished = watching.finished  # before looking, so that the last look sees all
        found = watching.look()
        if found != shown:
            yield found
        shown = found
        if finished or (found and not any(one.open for one in found)):
            return
        wait(every)


def watch_table(found: Sequence[WatchedPair], baseline: Path, margin: float) -> TextTable:
    """Return one look as a table."""
    rows = []
    for one in found:
        end = ""
        if one.open:
            sure = isfinite(one.likely_end) and one.likely_end < one.size
            end = f"about {int(one.likely_end):,} items" if sure else "at the end"
        rows.append(
            (
                one.run,
                one.task,
                f"{one.n:,} of {one.size:,}",
                f"{100 * one.n / one.size:.0f} %",
                f"{100 * one.estimate:+.1f} [{100 * one.low:+.1f}, {100 * one.high:+.1f}]",
                one.verdict.value,
                end,
            )
        )
    return TextTable(
        f"So far, compared with {without_home(str(baseline))} (margin {100 * margin:g} points)",
        ("run", "task", "items", "done", "difference [95 %]", "verdict", "likely settled"),
        tuple(rows),
        frozenset({0, 1, 5}),
    )
