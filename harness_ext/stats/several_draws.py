"""Several draws an item: avg@k, pass@k and maj@k over items, with intervals for new items and draws, or for
new draws of the same items.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness_ext.scoring.at_k import maj_at_k, pass_at_k
from harness_ext.stats.arrays import FloatArray, check_level
from harness_ext.stats.effect import right
from harness_ext.stats.proportion import wilson_interval
from harness_ext.stats.result import Result
from harness_ext.stats.share_interval import redrawn_interval, share_interval

Figure = Literal["avg", "pass", "maj"]
New = Literal["items and draws", "draws"]


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """The draws of one item: how many there are, how many are `right`, and how many state each of the wrong
    answers; the rest state none.
    """

    draws: int
    right: int
    wrong: tuple[int, ...] = ()


def avg_at_k(items: Sequence[DrawnItem], new: New = "items and draws", level: float = 0.95) -> Result:
    """Return the mean over items of their share of right draws, with an interval; see `at_k`."""
    return at_k(items, "avg", _draws(items), new, level)


def at_k(
    items: Sequence[DrawnItem], figure: Figure, k: int, new: New = "items and draws", level: float = 0.95
) -> Result:
    """Return avg@k, pass@k or maj@k over items that have as many draws each, k of them or more.

    *new* says what the interval is about: new items with new draws of them, by which another set of problems
    would differ (`share_interval`; Wilson's where each item's value is 0 or 1), or new draws of the same
    items (`redrawn_interval`), by which another seed would differ. The variance of a value over draws is the
    delete-one jackknife's (Efron & Stein 1981, Ann Stat 9:586), which is not too small on average; it needs
    more than k draws for pass@k and maj@k and more than one for avg@k, and without them the interval is None.
    avg@k takes all draws, whatever *k*. Raises ValueError for no items, and where they differ in their draws.
    """
    draws = _draws(items)
    check_level(level)
    values = np.array([_value(item, figure, k) for item in items])
    estimate, settings = (
        float(values.mean()),
        {"draws": draws, "k": draws if figure == "avg" else k, "new": new},
    )
    size = 1 if figure == "avg" else k
    if new == "items and draws":
        answers = right(values)
        interval = (
            share_interval(values, draws, level)
            if answers is None
            else wilson_interval(int(answers.sum()), len(answers), level)
        )
        return Result(estimate, interval, None, len(values), f"{figure}-at-k", settings)
    if draws <= size:
        note = f"{figure}@{size} of {draws} draws: how much it would change with new draws needs more of them"
        return Result(estimate, None, None, len(values), f"{figure}-at-k", {**settings, "level": level}, note)
    variances = np.array([draw_variance(item, figure, k) for item in items])
    interval = redrawn_interval(values, variances, draws, size, level)
    return Result(estimate, interval, None, len(values), f"{figure}-at-k", settings)


def item_values(items: Sequence[DrawnItem], figure: Figure, k: int) -> FloatArray:
    """Return the value of each item, shape (items,): what comparisons of two runs pair."""
    return np.array([_value(item, figure, k) for item in items])


def draw_variance(item: DrawnItem, figure: Figure, k: int) -> float:
    """Return the jackknife variance of an item's value over its draws, leaving out each of them in turn."""
    left = [
        (item.right, DrawnItem(item.draws - 1, item.right - 1, item.wrong)),
        *(
            (size, DrawnItem(item.draws - 1, item.right, _less(item.wrong, place)))
            for place, size in enumerate(item.wrong)
        ),
        (
            item.draws - item.right - sum(item.wrong),
            DrawnItem(item.draws - 1, item.right, item.wrong),
        ),
    ]
    known = [(count, _value(one, figure, k)) for count, one in left if count]
    mean = sum(count * value for count, value in known) / item.draws
    squares = sum(count * (value - mean) ** 2 for count, value in known)
    return (item.draws - 1) / item.draws * squares


def _value(item: DrawnItem, figure: Figure, k: int) -> float:
    if figure == "avg":
        return item.right / item.draws
    if figure == "pass":
        return pass_at_k(item.right, item.draws, k)
    return maj_at_k(item.right, item.wrong, item.draws, k)


def _less(wrong: tuple[int, ...], place: int) -> tuple[int, ...]:
    sizes = (*wrong[:place], wrong[place] - 1, *wrong[place + 1 :])
    return tuple(size for size in sizes if size)


def _draws(items: Sequence[DrawnItem]) -> int:
    counts = {item.draws for item in items}
    if len(counts) != 1 or min(counts) < 1:
        raise ValueError(f"needs items with as many draws each, one or more, got {sorted(counts)[:5]}")
    return counts.pop()
