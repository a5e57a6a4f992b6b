"""Follows a run, item by item, until the claims between it and finished runs are settled: what ``stylerep
eval --until-settled --claims`` stops by.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness_ext.compare.hypotheses import Outcome, tests_of
from harness_ext.compare.hypotheses_file import ALL, Claims, Hypothesis
from harness_ext.compare.pairing import Key, label
from harness_ext.compare.settling import METHOD, Baseline, InOrder, StoppingRule, item_difference
from harness_ext.runs.item_order import Item
from harness_ext.stats import Effect, effect_of_sequence
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home


@dataclass(slots=True)
class _Question:
    """A part of a claim on one task: this run against a finished one. `first` says that the claim names this
    run's arm first; `p` and `p_contrary` are those after the items so far.
    """

    claim: Hypothesis
    part: Hypothesis
    baseline: Baseline
    key: Key
    first: bool
    p: float = 1.0
    p_contrary: float = 1.0


def claimed_partners(claims: Claims, arm: str) -> list[str]:
    """Return the arms that claims compare an arm with, in their order.

    Raises StylerepError where one of these takes the number of items as given.
    """
    found = []
    for claim in claims.claims:
        for part in claim.leaves:
            if arm not in part.arms:
                continue
            if part.kind == "style_equivalent" or part.across == "families":
                what = "style" if part.kind == "style_equivalent" else "families"
                raise StylerepError(
                    f"{claims.path}: the claim {claim.name!r} is about {what}, which takes the number of"
                    " items as given; evaluate without --until-settled."
                )
            found += [other for other in part.arms if other != arm]
    return list(dict.fromkeys(found))


class SettlingClaims(InOrder):
    """Items that are asked until each claim about this run and the finished ones is settled, as
    `harness_ext.compare.claims_so_far.SoFar` has it.
    """

    def __init__(
        self,
        rule: StoppingRule,
        baselines: Sequence[Baseline],
        claims: Claims,
        arm: str,
        asked: Iterable[Item],
    ) -> None:
        """Follow the items *asked* for of a run of an arm; raise StylerepError where a baseline lacks one, or
        no claim is about this arm and that of a baseline.
        """
        super().__init__(asked, rule.seed, rule.look_every)
        self.rule, self._claims, self._began = rule, claims, time.monotonic()
        claimed_partners(claims, arm)  # refuses what can't be watched
        for baseline in baselines:
            baseline.check(self.order)
        self._questions = [
            _Question(claim, part, baseline, key, part.arms[0] == arm)
            for claim in claims.claims
            for part in claim.leaves
            for baseline in baselines
            if set(part.arms) == {arm, baseline.arm}
            for task in self.sizes
            for key in baseline.keys(task)
            if part.tasks == (ALL,) or {key[0], label(key)} & set(part.tasks)
        ]
        for baseline in baselines:
            if not any(one.baseline is baseline for one in self._questions):
                raise StylerepError(
                    f"{claims.path}: no claim is about the arms {arm!r} and {baseline.arm!r}, of"
                    f" {baseline.folder}, on {', '.join(self.sizes)}; leave that --against out."
                )
        self._values: dict[tuple[str, Key], list[float]] = {}
        self.looks: dict[str, list[tuple[int, float]]] = {task: [] for task in self.sizes}

    @property
    def open_tasks(self) -> list[str]:
        """The tasks that have items left and a claim that is open."""
        still = {one.key[0] for one in self._questions if self._outcome(one) is None}
        return [task for task in super().open_tasks if task in still]

    def see(self, items: Sequence[Item], scores: Mapping[Key, Mapping[str, Mapping[str, float]]]) -> None:
        """Look at the metrics of the items asked last, by (task, filter) and document hash.

        Raises StylerepError where an item lacks a baseline's metric.
        """
        for baseline, key in {
            (id(one.baseline), one.key): (one.baseline, one.key) for one in self._questions
        }.values():
            values = self._values.setdefault((str(baseline.folder), key), [])
            values += [item_difference(scores, baseline, key, item) for task, item in items if task == key[0]]
        super().see(items, scores)
        for one in self._questions:
            if not self._of(one):
                continue
            shown, contrary = tests_of(one.part.kind)
            effect = self._effect(one)
            one.p, one.p_contrary = shown(effect, one.part.margin), contrary(effect, one.part.margin)
        for task in dict.fromkeys(task for task, _ in items):
            self.looks[task].append((len(self.done[task]), round(time.monotonic() - self._began, 1)))

    def progress(self) -> list[str]:
        """Return a line for each part of a claim that was looked at: difference, interval, how it stands."""
        lines = []
        for one in self._questions:
            if not (values := self._of(one)):
                continue
            result = self._effect(one).result(1 - self._claims.alpha)
            low, high = (result.interval.low, result.interval.high) if result.interval else (-1.0, 1.0)
            outcome = self._outcome(one)
            stands = "open" if outcome is None else "shown" if outcome is Outcome.MET else outcome.value
            lines.append(
                f"{label(one.key)}, {len(values):,} of {self.sizes[one.key[0]]:,} items:"
                f" {' less '.join(one.part.arms)} {100 * result.estimate:+.1f} points"
                f" [{100 * low:+.1f}, {100 * high:+.1f}], {one.claim.name!r} {stands}"
            )
        return lines

    def record(self) -> dict[str, dict[str, object]]:
        """Return what the manifest says of each task: the rule, when it was looked at, why it ended."""
        found: dict[str, dict[str, object]] = {}
        for task, size in self.sizes.items():
            own, n = [one for one in self._questions if one.key[0] == task], len(self.done[task])
            outcomes = {one.claim.name: self._outcome(one) for one in own}
            found[task] = {
                "rule": f"{METHOD}-claims",
                "against": [without_home(str(folder)) for folder in self.rule.all_against],
                "margin": self.rule.margin,
                "alpha": self._claims.alpha,
                "about": self.rule.about,
                "comparisons": len(self._claims.claims),
                **{name: value for name, value in self.header.items() if name != "items"},
                "items": size,
                "used": n,
                "early": n < size,
                "reason": "settled" if n < size else "exhausted",
                "claims": {
                    name: "open" if outcome is None else "shown" if outcome is Outcome.MET else outcome.value
                    for name, outcome in outcomes.items()
                },
                "looks": [list(one) for one in self.looks[task]],
            }
        return found

    def _of(self, one: _Question) -> list[float]:
        return self._values.get((str(one.baseline.folder), one.key), [])

    def _effect(self, one: _Question) -> Effect:
        values = self._of(one)
        population = self.sizes[one.key[0]] if self.rule.about == "set" else None
        return effect_of_sequence(
            values if one.first else [-value for value in values], self.rule.margin, population
        )

    def _outcome(self, one: _Question) -> Outcome | None:
        """Return what comes of a part of a claim: met as far as it's about this run; not met as soon as one
        of the claim's parts here is refuted; None while it's open.
        """
        alpha = self._claims.alpha
        if any(part.p_contrary <= alpha for part in self._questions if part.claim is one.claim):
            return Outcome.NOT_MET
        return Outcome.MET if one.p <= alpha / len(self._claims.claims) else None
