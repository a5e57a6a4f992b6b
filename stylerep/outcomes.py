"""Two lists of outcomes on the same items: what their difference supports,
and how many items a verdict takes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.stats import (
    Interval,
    Result,
    Settlement,
    Verdict,
    accuracy_interval,
    decide,
    detectable_difference,
    effect_of_runs,
    items_for_difference,
    items_for_equivalence,
    items_to_settle,
    paired_counts,
    right,
    simulated_power,
)
from synth.errors import StylerepError
from synth.schema import shown

__all__ = [
    "Interval",
    "PairedComparison",
    "Result",
    "SampleSize",
    "Settlement",
    "Verdict",
    "compare_outcomes",
    "plan",
]
Outcomes = Sequence[float] | Mapping[Any, float] | npt.NDArray[Any]
_LEAST = 1e-6
"""Smaller margins and shares take more items than there ever are."""


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two runs on the same items: accuracies, their difference, and its verdict. All of them are shares,
    from 0 to 1.

    `difference` is `accuracy` less `baseline_accuracy`, `interval` its confidence interval of level 1 -
    `alpha` and `p` two-sided, of no difference; both are None where the outcomes can't say, for the reason in
    ``result.note``. `equivalence_interval`, of level 1 - 2 `alpha`, must lie inside ± `margin` for the
    verdict *equivalent*. `settlement` says how many items would settle an inconclusive verdict of outcomes
    that are 0 or 1.
    """

    n: int
    accuracy: float
    accuracy_interval: Interval | None
    baseline_accuracy: float
    baseline_interval: Interval | None
    result: Result = field(repr=False)
    equivalence_interval: Interval | None
    margin: float
    alpha: float
    verdict: Verdict
    settlement: Settlement | None = None

    @property
    def difference(self) -> float:
        """`accuracy` less `baseline_accuracy`."""
        return self.result.estimate

    @property
    def interval(self) -> Interval | None:
        """The confidence interval of the difference."""
        return self.result.interval

    @property
    def p(self) -> float | None:
        """The two-sided p-value of no difference."""
        return self.result.p

    @property
    def signature(self) -> str:
        """One line from which the numbers can be made again: the test, its counts, margin,
        level and the version of stylerep.
        """
        head, at, tail = self.result.signature.rpartition("|stylerep:")
        return f"{head}|margin:{self.margin:g}|alpha:{self.alpha:g}{at}{tail}"

    def __str__(self) -> str:
        """Say the verdict, the difference in percentage points with its interval, p, both accuracies,
        and what would settle it.
        """
        parts = [
            f"{self.verdict}: {_points(self.difference)} points{_between(self.interval, _points)}"
            + (
                ""
                if self.p is None
                else ", p < .001"
                if self.p < 0.001
                else f", p {self.p:.3f}".replace(" 0.", " .")
            ),
            (
                f"accuracy {100 * self.accuracy:.1f} % against {100 * self.baseline_accuracy:.1f} % on"
                f" {self.n:,} items"
            ),
            f"margin ±{100 * self.margin:g} points",
        ]
        if self.result.note:
            parts.append(self.result.note)
        if self.settlement is not None:
            items = self.settlement.items
            parts.append(f"about {items:,} items would settle it" if items else self.settlement.reason)
        return "; ".join(parts)


def compare_outcomes(baseline: Outcomes, other: Outcomes, margin: float, alpha: float) -> PairedComparison:
    """Compare two lists of outcomes on the same items; see `stylerep.compare`."""
    _between_0_and("margin", margin, 1)
    _between_0_and("alpha", alpha, 0.5)
    first, second = _paired(baseline, other)
    effect = effect_of_runs([second], [first])
    p = 1.0 if effect.p is None else effect.p
    verdict = decide(effect, p, margin, alpha)
    settlement = None
    firsts, seconds = right(np.array(first)), right(np.array(second))
    if verdict is Verdict.INCONCLUSIVE and firsts is not None and seconds is not None:
        settlement = items_to_settle(paired_counts(seconds, firsts), margin, alpha)
    return PairedComparison(
        n=len(first),
        accuracy=sum(second) / len(second),
        accuracy_interval=accuracy_interval([second], 1 - alpha),
        baseline_accuracy=sum(first) / len(first),
        baseline_interval=accuracy_interval([first], 1 - alpha),
        result=effect.result(1 - alpha),
        equivalence_interval=effect.at_level(1 - 2 * alpha) if effect.at_level else None,
        margin=margin,
        alpha=alpha,
        verdict=verdict,
        settlement=settlement,
    )


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many items a verdict takes, or what a number of items can show. All rates are shares, from 0 to 1.

    `for_equivalence` items show equivalence within ± `margin` with the `power` wanted where the runs are
    equally accurate, and `for_difference` items show a difference of the margin's size; None where no number
    does. With `items` given, `smallest_difference` is the one that so many find with that power (None: none),
    and `equivalence_power` the probability that they show equivalence where the runs are equally accurate,
    by 10,000 simulated decisions.
    """

    margin: float
    discordance: float
    power: float
    alpha: float
    for_equivalence: int
    for_difference: int | None
    items: int | None = None
    smallest_difference: float | None = None
    equivalence_power: float | None = None

    def __str__(self) -> str:
        """Say in a line or two what the numbers mean."""
        margin, power = f"{100 * self.margin:g} points", f"{100 * self.power:g} %"
        apart = f"{self.for_difference:,} items" if self.for_difference else "no number of items"
        lines = [
            f"With {100 * self.discordance:g} % of items discordant and {power} power:"
            f" {self.for_equivalence:,} items show equivalence within ±{margin}, {apart} a difference of"
            f" {margin}."
        ]
        if self.items is not None and self.equivalence_power is not None:
            least = f"{100 * self.smallest_difference:.1f} points" if self.smallest_difference else "none"
            lines.append(
                f"{self.items:,} items: smallest difference found {least}; equivalence within ±{margin} shown"
                f" with {100 * self.equivalence_power:.0f} % power."
            )
        return "\n".join(lines)


def plan(
    margin: float = 0.05,
    *,
    discordance: float = 0.2,
    items: int | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
) -> SampleSize:
    """Return how many items a comparison takes, before it is run;
    ``stylerep compare --plan`` shows a table of them.

    Args:
        margin: the largest difference of accuracies that still counts as equivalent,
            a share from 1e-6 to below 1.
        discordance: the share of items that exactly one of the two runs gets right, from 1e-6 to 1. Two runs
            of one model mostly have 0.1 to 0.3.
        items: say as well what this many items can show, 1 or more.
        power: the probability of reaching the verdict, between 0 and 1.
        alpha: the size of the tests, between 0 and 0.5.

    Returns:
        A `SampleSize`; printed, it says what it means.

    Raises:
        StylerepError: for a value outside its range.

    Example:
        print(stylerep.plan(margin=0.05, discordance=0.2, items=500))

    """
    for name, value in (("margin", margin), ("discordance", discordance), ("power", power), ("alpha", alpha)):
        _number(name, value)
    if not _LEAST <= margin < 1:
        raise StylerepError(
            f"margin is a difference of accuracies of at least {_LEAST:g} and below 1, got {margin}."
        )
    if not _LEAST <= discordance <= 1:
        raise StylerepError(
            f"discordance is a share of items of at least {_LEAST:g} and at most 1, got {discordance}."
        )
    _between_0_and("power", power, 1)
    _between_0_and("alpha", alpha, 0.5)
    if items is not None and (
        isinstance(items, bool) or not isinstance(items, Integral) or not 1 <= items < 2**53
    ):
        raise StylerepError(f"items is a whole number from 1 on and below 2^53, got {shown(items)}.")
    found = SampleSize(
        margin=margin,
        discordance=discordance,
        power=power,
        alpha=alpha,
        for_equivalence=items_for_equivalence(margin, discordance, 0.0, power, alpha),
        for_difference=(
            items_for_difference(margin, discordance, power, alpha) if discordance >= margin else None
        ),
        items=items,
        smallest_difference=detectable_difference(items, discordance, power, alpha) if items else None,
        equivalence_power=(
            simulated_power("equivalence", items, discordance, margin=margin, alpha=alpha).estimate
            if items
            else None
        ),
    )
    return found


def _paired(baseline: Outcomes, other: Outcomes) -> tuple[list[float], list[float]]:
    """Return the outcomes of both, item by item; raise StylerepError unless they are of the same items."""
    if isinstance(baseline, Mapping) and isinstance(other, Mapping):
        if missing := [item for item in baseline if item not in other] or [
            item for item in other if item not in baseline
        ]:
            raise StylerepError(
                f"The outcomes are not of the same items: {shown(missing[0])} is in one of the two alone, and"
                f" so are {len(missing) - 1} more."
            )
        return _outcomes("baseline", baseline.values()), _outcomes(
            "other", [other[item] for item in baseline]
        )
    if isinstance(baseline, Mapping) or isinstance(other, Mapping):
        raise StylerepError(
            "Outcomes are either two lists in the order of the same items, or two dictionaries by item; these"
            " are one of each."
        )
    first, second = _outcomes("baseline", baseline), _outcomes("other", other)
    if len(first) != len(second):
        raise StylerepError(
            f"The outcomes are not of the same items: there are {len(first):,} of the baseline and"
            f" {len(second):,} of the other."
        )
    return first, second


def _outcomes(name: str, values: Iterable[Any]) -> list[float]:
    found = []
    for number, value in enumerate(values):
        try:
            outcome = float(value) if not isinstance(value, str | bytes) else None
        except (TypeError, ValueError):
            outcome = None
        if outcome is None or not 0 <= outcome <= 1:
            raise StylerepError(
                f"{name}, item {number}: an outcome is a number from 0 (wrong) to 1 (right), found"
                f" {shown(value)}."
            )
        found.append(outcome)
    if not found:
        raise StylerepError(f"{name}: there are no outcomes.")
    return found


def _number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StylerepError(f"{name} is a number, got {shown(value)}.")


def _between_0_and(name: str, value: float, most: float) -> None:
    _number(name, value)
    if not 0 < value < most:
        raise StylerepError(f"{name} lies between 0 and {most:g}, got {shown(value)}.")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _between(interval: Interval | None, written: Any) -> str:
    return f" [{written(interval.low)}, {written(interval.high)}]" if interval else ""
