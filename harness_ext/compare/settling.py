"""Follows a run, item by item, until its comparison with a finished one is settled: what ``stylerep eval
--until-settled`` stops by.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness_ext.compare.hypotheses_file import Claims
from harness_ext.compare.pairing import Key, label
from harness_ext.runs.accuracy import accuracy_metric
from harness_ext.runs.item_order import Item, in_order, order_digest
from harness_ext.runs.run_folder import load_run
from harness_ext.runs.stopped import stopped_early
from harness_ext.stats import Effect, Verdict, effect_of_sequence, sequences
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home

About = Literal["set", "many"]
METHOD = "confidence-sequence-betting"
LOOKS = 20
_FEWEST = 32


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """When a run is settled: as soon as its difference from the run *against* is shown to be other than 0, or
    to lie inside ± *margin*, on these items (*about* "set") or on items like them ("many"). With *claims*, as
    soon as those between it and the runs *against* and *also* are settled (`SettlingClaims`); the margin then
    tunes the bets.
    """

    against: Path
    margin: float
    about: About = "set"
    look_every: int | None = None
    alpha: float = 0.05
    seed: int = 0
    also: tuple[Path, ...] = ()
    claims: Claims | None = None

    @property
    def all_against(self) -> tuple[Path, ...]:
        """The finished runs."""
        return (self.against, *self.also)

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise StylerepError(
                f"The margin is a difference of accuracies between 0 and 1, got {self.margin}."
            )
        if self.about not in ("set", "many"):
            raise StylerepError(f"--about is set or many, found {self.about!r}.")
        if self.look_every is not None and self.look_every < 1:
            raise StylerepError(f"--look-every is a number of items from 1 on, found {self.look_every}.")
        if self.also and self.claims is None:
            raise StylerepError(
                "Several runs --against go with --claims: a verdict is one against a single run."
            )


class Baseline:
    """A finished run: the accuracy of each item, and the metric that it is, by (task, filter)."""

    def __init__(self, folder: Path) -> None:
        """Read a run folder; raise StylerepError where it can't be read."""
        self.folder = folder
        self._run = load_run(folder)
        self.metrics: dict[Key, str] = {}
        self.outcomes: dict[Key, dict[str, float]] = {}

    @property
    def arm(self) -> str:
        """Its arm, as its manifest names it; empty for one without."""
        return str(self._run.manifest.get("arm") or "")

    def check(self, asked: Iterable[Item]) -> None:
        """Raise StylerepError where the run lacks one of the items asked for."""
        for task, item in asked:
            for key in self.keys(task):
                if item not in self.outcomes[key]:
                    raise StylerepError(
                        f"--against {self.folder}: the item {item[:12]} of {task} isn't in this run;"
                        " evaluate both on the same items (--limit, --samples)."
                    )

    def keys(self, task: str) -> list[Key]:
        """Return the (task, filter) of a task; raise StylerepError if the run hasn't finished it, or has no
        accuracy on it.
        """
        found = [key for key in self._run.tasks if key[0] == task]
        if not found:
            there = ", ".join(dict.fromkeys(name for name, _ in self._run.tasks))
            raise StylerepError(
                f"--against {self.folder}: the task {task} isn't in this run, which has {there}; evaluate it"
                " there first, or leave the task out."
            )
        if stopped_early(self._run.manifest, task):
            raise StylerepError(
                f"--against {self.folder}: this run stopped early on {task}, so most items have nothing to be"
                " compared with; name a run of all items."
            )
        for key in found:
            if key not in self.metrics:
                columns = self._run.tasks[key].columns()
                metric = accuracy_metric(columns, f"{self.folder}, {label(key)}").metric
                self.outcomes[key] = dict(zip(self._run.tasks[key], columns[metric].tolist(), strict=True))
                self.metrics[key] = metric
        return found


class InOrder:
    """The items of an evaluation in their order, and which of them were asked.

    `order` are all items, `sizes` how many each task has, `done` the hashes of those asked, by task.
    """

    def __init__(self, asked: Iterable[Item], seed: int = 0, look_every: int | None = None) -> None:
        """Put the items asked for in order; raise StylerepError if there are two of one hash."""
        self.order = in_order(asked, seed)
        if len(set(self.order)) < len(self.order):
            raise StylerepError("Two items of a task are the same, so that they can't be asked in order.")
        self.sizes = Counter(task for task, _ in self.order)
        self.done: dict[str, list[str]] = {task: [] for task in self.sizes}
        self._seed = seed
        self._every = look_every or max(_FEWEST, ceil(len(self.order) / LOOKS))

    @property
    def header(self) -> dict[str, Any]:
        """What is written down before the first item is asked."""
        return {
            "order_seed": self._seed,
            "order_sha256": order_digest(self.order),
            "items": dict(self.sizes),
        }

    @property
    def open_tasks(self) -> list[str]:
        """The tasks that are to be asked on."""
        return [task for task, size in self.sizes.items() if len(self.done[task]) < size]

    def next_items(self) -> list[Item]:
        """Return the items to ask until the next look; none once no task is open."""
        still = set(self.open_tasks)
        seen = {task: set(items) for task, items in self.done.items()}
        return [item for item in self.order if item[0] in still and item[1] not in seen[item[0]]][
            : self._every
        ]

    def see(self, items: Sequence[Item], scores: Mapping[Key, Mapping[str, Mapping[str, float]]]) -> None:
        """Look at the metrics of the items asked last, by (task, filter) and document hash."""
        for task, item in items:
            self.done[task].append(item)

    def progress(self) -> list[str]:
        """Return a line for each task that was seen."""
        return [
            f"{task}, {len(self.done[task]):,} of {size:,} items"
            for task, size in self.sizes.items()
            if self.done[task]
        ]

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what the manifest says of each task that was to be stopped."""
        return {}


def item_difference(
    scores: Mapping[Key, Mapping[str, Mapping[str, float]]], baseline: Baseline, key: Key, item: str
) -> float:
    """Return by how much an item's accuracy is more than the baseline's; raise StylerepError where it lacks
    the baseline's metric.
    """
    metric = baseline.metrics[key]
    found = scores.get(key, {}).get(item, {}).get(metric)
    if found is None:
        raise StylerepError(
            f"{label(key)}: the item {item[:12]} has no {metric}, which accuracy is in"
            f" {baseline.folder}; evaluate both by the same version of the task."
        )
    return found - baseline.outcomes[key][item]


class Settling(InOrder):
    """Items that are asked until each task is settled by a rule."""

    def __init__(self, rule: StoppingRule, baseline: Baseline, asked: Iterable[Item]) -> None:
        """Follow the items *asked* for; raise StylerepError where the baseline lacks one."""
        super().__init__(asked, rule.seed, rule.look_every)
        self.rule, self.baseline = rule, baseline
        self.keys = [key for task in self.sizes for key in baseline.keys(task)]
        baseline.check(self.order)
        self.looks: dict[str, list[tuple[int, float]]] = {task: [] for task in self.sizes}
        self._values: dict[Key, list[float]] = {key: [] for key in self.keys}
        populations = [self.sizes[task] for task, _ in self.keys] if rule.about == "set" else None
        self._seen = sequences(len(self.keys), rule.margin, populations, rule.alpha)
        self._began = time.monotonic()

    @property
    def open_tasks(self) -> list[str]:
        """The tasks that have items left and no verdict."""
        verdicts = dict(zip(self.keys, self._seen.verdicts, strict=True))
        return [
            task
            for task in super().open_tasks
            if any(verdicts[key] is Verdict.INCONCLUSIVE for key in self.baseline.keys(task))
        ]

    def see(self, items: Sequence[Item], scores: Mapping[Key, Mapping[str, Mapping[str, float]]]) -> None:
        """Look at the metrics of the items asked last, by (task, filter) and document hash.

        Raises StylerepError where an item lacks the baseline's metric.
        """
        new: dict[Key, list[float]] = {key: [] for key in self.keys}
        for task, item in items:
            for key in self.baseline.keys(task):
                new[key].append(item_difference(scores, self.baseline, key, item))
        super().see(items, scores)
        longest = max(len(values) for values in new.values())
        rows = np.full((len(self.keys), longest), np.nan)
        for place, key in enumerate(self.keys):
            rows[place, : len(new[key])] = new[key]
            self._values[key] += new[key]
        self._seen = self._seen.see(rows)
        for task in dict.fromkeys(task for task, _ in items):
            self.looks[task].append((len(self.done[task]), round(time.monotonic() - self._began, 1)))

    def effect(self, key: Key) -> Effect:
        """Return the difference of one task so far, this run less the baseline."""
        population = self.sizes[key[0]] if self.rule.about == "set" else None
        return effect_of_sequence(self._values[key], self.rule.margin, population)

    def progress(self) -> list[str]:
        """Return a line for each task that was seen: difference, interval, share done, likely end."""
        lines = []
        for key, verdict, end in zip(self.keys, self._seen.verdicts, self._seen.likely_ends, strict=True):
            n, size = len(self._values[key]), self.sizes[key[0]]
            if not n:
                continue
            result = self.effect(key).result(1 - self.rule.alpha)
            low, high = (result.interval.low, result.interval.high) if result.interval else (-1.0, 1.0)
            ending = ""
            if verdict is Verdict.INCONCLUSIVE and n < size:
                after = f"after about {int(end):,}" if isfinite(end) and end < size else "at the end"
                ending = f"; likely settled {after}"
            lines.append(
                f"{label(key)}, {n:,} of {size:,} items: {100 * result.estimate:+.1f} points"
                f" [{100 * low:+.1f}, {100 * high:+.1f}], {verdict.value}{ending}"
            )
        return lines

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what the manifest says of each task: the rule, when it was looked at, why it ended."""
        verdicts = dict(zip(self.keys, self._seen.verdicts, strict=True))
        shared = {
            "rule": METHOD,
            "against": without_home(str(self.rule.against)),
            "margin": self.rule.margin,
            "alpha": self.rule.alpha,
            "about": self.rule.about,
            "comparisons": len(self.keys),
            **{name: value for name, value in self.header.items() if name != "items"},
        }
        found = {}
        for task, size in self.sizes.items():
            n = len(self.done[task])
            found[task] = {
                **shared,
                "items": size,
                "used": n,
                "early": n < size,
                "reason": "settled" if n < size else "exhausted",
                "verdicts": {label(key): verdicts[key].value for key in self.baseline.keys(task)},
                "looks": [list(one) for one in self.looks[task]],
            }
        return found
