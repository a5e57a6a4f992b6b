"""What accuracies alone say about runs on the same items: every joint table that could stand behind them.

Which items two runs got right together is unknown, so how often they disagree, their *discordance*,
is too, within bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.equivalence import tost_level
from harness_ext.stats.paired import IntervalName, PairedCounts, mcnemar_midp
from harness_ext.stats.proportion import Interval, quantile

ALPHA, LEVEL, ASSUMED = 0.05, 0.95, 0.20
"""The size of the tests, the level of the intervals, and the discordance assumed where one is needed."""
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reported:
    """One row of the table: how many of *n* items each arm got right."""

    model: str
    task: str
    n: int
    right: dict[str, int]

    @property
    def name(self) -> str:
        """The model and the task."""
        return f"{self.model}, {self.task}"


def possible(row: Reported, first: str, second: str) -> list[PairedCounts]:
    """Return every table of two runs with the accuracies reported, by rising discordance."""
    one, two = row.right[first], row.right[second]
    return [
        PairedCounts(one - b, b, b - one + two, row.n - two - b)
        for b in range(max(0, one - two), min(one, row.n - two) + 1)
    ]


def discordant(table: PairedCounts) -> int:
    """Return how many items just one of the runs got right."""
    return table.first + table.second


def assumed(found: Sequence[PairedCounts], share: float = ASSUMED) -> PairedCounts:
    """Return the table whose discordance is closest to *share*,
    of two equally close ones that with the greater.
    """
    return min(found, key=lambda table: (abs(discordant(table) - share * table.n), -discordant(table)))


def points(found: Sequence[PairedCounts]) -> list[PairedCounts]:
    """Return the tables with the smallest discordance, one of about .20, and the greatest."""
    return [found[0], assumed(found), found[-1]]


def equivalent(
    found: Sequence[PairedCounts], margin: float, interval: IntervalName = "newcombe", alpha: float = ALPHA
) -> "npt.NDArray[np.bool_]":
    """Say of each table whether its interval of level 1 - 2 alpha lies inside ± margin:
    `tost_counts` over all tables at once.
    """
    counts = np.array([(table.both, table.first, table.second, table.neither) for table in found])
    return tables.inside(counts, margin, quantile(tost_level(alpha)), interval)


def different(found: Sequence[PairedCounts]) -> "npt.NDArray[np.bool_]":
    """Say of each table whether its mid-p is at most .05."""
    return np.array([mcnemar_midp(table) for table in found]) <= ALPHA


def independent(row: Reported, first: str, second: str) -> float:
    """Return the discordance of two runs that know nothing of each other's items."""
    one, two = row.right[first] / row.n, row.right[second] / row.n
    return one * (1 - two) + two * (1 - one)


CELLS = np.array(list(product((0, 1), repeat=3)), dtype=float)
"""The outcomes of one item in three runs: base, the part (numerator), the whole (denominator)."""


def corners(row: Reported, arms: Sequence[str]) -> list[Probabilities]:
    """Return the corners of the set of all joint tables of three runs with the accuracies reported; every
    such table is a mixture of them.
    """
    system = np.vstack([np.ones(8), CELLS.T])
    wanted, found = np.array([1.0, *(row.right[arm] / row.n for arm in arms)]), []
    for basis in combinations(range(8), 4):
        square = system[:, basis]
        if abs(np.linalg.det(square)) < 0.5:
            continue
        weights = np.linalg.solve(square, wanted)
        if weights.min() > -1e-12:
            table = np.zeros(8)
            table[list(basis)] = np.maximum(weights, 0.0)
            found.append(table)
    return found


def mixed(row: Reported, arms: Sequence[str], nested: float) -> Probabilities:
    """Return the joint table in which a share *nested* of the items falls in one order of difficulty for all
    runs, and the rest independently.
    """
    rates = np.array([row.right[arm] / row.n for arm in arms])
    apart = np.prod(np.where(CELLS == 1, rates, 1 - rates), axis=1)
    low, high = (np.where(CELLS == 1, 0.0, rates).max(axis=1), np.where(CELLS == 1, rates, 1.0).min(axis=1))
    table: Probabilities = nested * np.maximum(high - low, 0.0) + (1 - nested) * apart
    return table


def nesting(row: Reported, arms: Sequence[str]) -> float:
    """Return the share nested at which part and whole disagree on .20 of the items."""
    apart, least = independent(row, arms[1], arms[2]), abs(row.right[arms[1]] - row.right[arms[2]]) / row.n
    return (apart - ASSUMED) / (apart - least)


def fieller(cells: Probabilities, n: int, level: float = LEVEL) -> Interval | None:
    """Return the interval of (part - base) / (whole - base) by Fieller's method (1954,
    J R Stat Soc B 16:175), large-sample form.

    None where it is unbounded: the interval of the denominator at that level holds 0.
    """
    part, whole = CELLS[:, 1] - CELLS[:, 0], CELLS[:, 2] - CELLS[:, 0]
    x, y, reach = float(cells @ part), float(cells @ whole), quantile(level) ** 2 / n
    a = y * y - reach * float(cells @ whole**2 - y * y)
    b = x * y - reach * float(cells @ (part * whole) - x * y)
    c = x * x - reach * float(cells @ part**2 - x * x)
    if a <= 0:
        return None
    root = sqrt(max(b * b - a * c, 0.0))
    return Interval((b - root) / a, (b + root) / a, level)


def under_some(row: Reported, arms: Sequence[str]) -> Interval | None:
    """Return the shares that the interval of some joint table holds, None if one is unbounded.

    Exact: the variance of part - share · whole is linear in the table, so that it is greatest in a corner.
    """
    found = [fieller(corner, row.n) for corner in corners(row, arms)]
    bounded = [limits for limits in found if limits]
    return (
        Interval(min(limits.low for limits in bounded), max(limits.high for limits in bounded), LEVEL)
        if len(bounded) == len(found)
        else None
    )
