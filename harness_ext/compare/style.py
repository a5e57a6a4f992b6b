"""How the style of two conditions differs, item by item, also at equal length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness_ext.compare.pairing import FloatArray, Key, Pair
from harness_ext.runs import Item, Run
from harness_ext.stats import Interval, Result, bootstrap_many, hodges_lehmann, length_controlled, sign_flip_many

STYLE = ("answered", "pivot_density", "pivot_kinds", "stage_coverage", "style_adherence", "trace_words")
_LENGTH = "trace_words"
_NOT_CONTROLLED = ("answered", _LENGTH)
_DRAWS = 10_000
_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class StyleEffect:
    """The difference of one style score: mean with BCa interval and sign-flip p, pseudomedian, and what is left at equal length.

    The last is None for length itself, and where lengths differ so much that equal length lies outside the middle nine tenths of their differences:
    a regression would have to guess. Seeds are averaged per item. `p_adjusted` is the mean's p adjusted by Benjamini and Hochberg over all style scores
    of a report.
    """

    metric: str
    mean: Result
    median: Result
    at_equal_length: Result | None
    p_adjusted: float = 1.0


def style_means(items: Sequence[Item]) -> dict[str, float]:
    """Return the mean of every style score that all items have."""
    return {name: sum(item.metrics[name] for item in items) / len(items) for name in STYLE if all(name in item.metrics for item in items)}


def shared_scores(pair: Pair) -> list[str]:
    """Return the style scores that every item of both conditions has."""
    items = [run.tasks[pair.key][item] for run in (*pair.first, *pair.second) for item in pair.items]
    return [name for name in STYLE if all(name in item.metrics for item in items)]


def score_of(name: str) -> Callable[[Run, Key, Item], float]:
    """Return what reads a score from an item."""
    return lambda run, key, item: item.metrics[name]


def style_effects(pair: Pair, seed: int) -> list[StyleEffect]:
    """Return the difference of every style score that both conditions have."""
    names = shared_scores(pair)
    if not names:
        return []
    values = {name: [side.mean(axis=0) for side in pair.values(score_of(name))] for name in names}
    lengths = length_differences(*values[_LENGTH]) if _LENGTH in values else None
    differences = np.array([one - two for one, two in values.values()])
    settings = {"draws": _DRAWS, "seed": seed}
    found = []
    for name, d, p, (low, high) in zip(
        names, differences, sign_flip_many(differences, _DRAWS, seed), bootstrap_many(differences, _DRAWS, seed, _LEVEL), strict=True
    ):
        interval = None if np.isnan(low) else Interval(float(low), float(high), _LEVEL)
        mean = Result(float(d.mean()), interval, float(p), len(d), "sign-flip+bca", settings, "" if interval else "all differences are equal")
        controlled = length_controlled(d, lengths) if name not in _NOT_CONTROLLED and lengths is not None else None
        found.append(StyleEffect(name, mean, hodges_lehmann(d), controlled))
    return found


def length_differences(one: FloatArray, two: FloatArray) -> FloatArray | None:
    """Return the differences of log length of the items; None where equal length lies outside the middle nine tenths of them, or there are fewer than 3."""
    differences = np.log1p(one) - np.log1p(two)
    low, high = np.quantile(differences, [0.05, 0.95])
    return differences if len(differences) > 2 and low <= 0 <= high else None
