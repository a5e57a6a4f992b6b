"""Ranks that data allow, and groups that they cannot tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, vector
from harness_ext.stats.effect import Effect
from harness_ext.stats.multiple import holm
from harness_ext.stats.proportion import Interval

BoolMatrix = npt.NDArray[np.bool_]
_MOST_GROUPS = 702
"""As many groups as one or two letters can name."""


@dataclass(frozen=True, slots=True)
class RankInterval:
    """A rank by estimate, 1 for the highest (equal ones share the best),
    and the best and the worst rank that the data allow.
    """

    rank: int
    best: int
    worst: int


def shown_above(effects: Mapping[tuple[int, int], Effect], k: int, alpha: float = 0.05) -> BoolMatrix:
    """Say which of k rows are shown to be above which, shape (k, k): the p of every pair's *effect*, first
    minus second, adjusted by Holm over all of them.
    """
    above = np.zeros((k, k), dtype=bool)
    adjusted = holm([1.0 if effect.p is None else effect.p for effect in effects.values()])
    for ((i, j), effect), p in zip(effects.items(), adjusted, strict=True):
        if p <= alpha and effect.estimate:
            above[(i, j) if effect.estimate > 0 else (j, i)] = True
    return above


def rank_intervals(estimates: npt.ArrayLike, above: BoolMatrix) -> list[RankInterval]:
    """Return the ranks that are left when some pairs are known to differ.

    *above*, shape (k, k), says which pairs i, j are shown to have i above j, by tests whose family-wise error
    over all pairs is α. Then, with probability 1 − α at least, all intervals hold the true ranks at once:
    whoever is shown to be above j pushes its rank down, whoever is shown to be below holds it up (Al Mohamad,
    Goeman & van Zwet 2022, Biometrics 78:238; Klein, Wright & Wieczorek 2020, J R Stat Soc C 69:589). True
    ranks that tie may take any of the places that they share.
    """
    x = vector("estimates", estimates)
    shown = _checked(above, len(x))
    better, worse = shown.sum(axis=0), shown.sum(axis=1)
    return [
        RankInterval(1 + int((x > x[i]).sum()), 1 + int(better[i]), len(x) - int(worse[i]))
        for i in range(len(x))
    ]


def group_letters(above: BoolMatrix, order: Sequence[int]) -> list[str] | None:
    """Return letters such that two rows share one exactly where they are not shown to differ:
    the compact letter display.

    By insertion and absorption (Piepho 2004, J Comput Graph Stat 13:456). The letters go down *order*, a
    permutation of the rows, from the first. None where it takes more than 702 groups.
    """
    k = len(order)
    shown = _checked(above, k)
    groups = [frozenset(range(k))] if k else []
    for i, j in combinations(order, 2):
        if not (shown[i, j] or shown[j, i]):
            continue
        split = [part for group in groups if i in group and j in group for part in (group - {i}, group - {j})]
        kept = [group for group in groups if not (i in group and j in group)]
        for part in sorted(set(split), key=lambda one: (-len(one), sorted(one))):
            if not any(part <= group for group in kept):
                kept.append(part)
        groups = kept
        if len(groups) > _MOST_GROUPS:
            return None
    place = {row: number for number, row in enumerate(order)}
    groups.sort(key=lambda group: sorted(place[row] for row in group))
    names = [_letters(number) for number in range(len(groups))]
    separator = "" if len(groups) <= 26 else " "
    return [
        separator.join(name for name, group in zip(names, groups, strict=True) if row in group)
        for row in range(k)
    ]


def mean_interval(estimates: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """Return the interval of the mean of independent estimates from those of each, all of one level.

    Distances from estimate to limit add in squares, so that limits keep to their range and to their skew
    (MOVER: Zou & Donner 2008, Stat Med 27:1693).
    """
    if not estimates or len(estimates) != len(intervals) or len({one.level for one in intervals}) != 1:
        raise ValueError(
            f"needs one interval of the same level for each of one or more estimates, got {len(intervals)}"
            f" for {len(estimates)}"
        )
    k, mean = len(estimates), sum(estimates) / len(estimates)
    below = sqrt(sum((x - one.low) ** 2 for x, one in zip(estimates, intervals, strict=True))) / k
    beyond = sqrt(sum((one.high - x) ** 2 for x, one in zip(estimates, intervals, strict=True))) / k
    return Interval(mean - below, mean + beyond, intervals[0].level)


def pareto_front(values: FloatArray) -> BoolMatrix:
    """Say which points no other point is at least as good as in both coordinates and better in one; shape (…,
    points, 2), more being better.
    """
    x, y = values[..., 0], values[..., 1]
    at_least = (x[..., :, None] >= x[..., None, :]) & (y[..., :, None] >= y[..., None, :])
    better = (x[..., :, None] > x[..., None, :]) | (y[..., :, None] > y[..., None, :])
    return ~np.asarray((at_least & better).any(axis=-2))


def _checked(above: BoolMatrix, k: int) -> BoolMatrix:
    shown = np.asarray(above, dtype=bool)
    if shown.shape != (k, k) or (shown & shown.T).any():
        raise ValueError(f"above has shape ({k}, {k}), and no pair in both orders; got {shown.shape}")
    return shown


def _letters(number: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return alphabet[number] if number < 26 else alphabet[number // 26 - 1] + alphabet[number % 26]
