"""How many items it takes until a sequence is settled, beside fixed numbers of them."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import origin, put
from benchmarks.statistics.watching import ALPHA, differences
from harness_ext.stats import (
    items_for_difference,
    items_for_equivalence,
)
from harness_ext.stats import two_by_two as tables
from harness_ext.stats.equivalence import tost_level
from harness_ext.stats.proportion import quantile
from harness_ext.stats.wealth import begin, bet

MARGIN, POWER = 0.05, 0.8
DISCORDANCES = (0.05, 0.1, 0.2, 0.3, 0.5)
TRUTHS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2)
SETS = ("the fixed n", "twice it", "many")
_FARTHEST = 4
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Settled:
    """What a cell came to: items used, in parts of the planned number `fixed`, and shares of draws settled.

    `known` is how many items settle it with 80 % power for whoever knows the true difference, and `false` the
    share of draws of a verdict that the truth contradicts.
    """

    discordance: float
    truth: float
    items_of: str
    fixed: int
    known: int | None
    median: float
    mean: float
    settled: float
    settled_fixed: float
    false: float


def planned(discordance: float, margin: float = MARGIN) -> int:
    """Return the fixed number of items of ``compare --plan``: enough, at 80 % power, for equivalence where
    there is no difference and for a difference of the margin's size.
    """
    apart = items_for_difference(margin, discordance, POWER) if discordance >= margin else 0
    return max(apart, items_for_equivalence(margin, discordance, 0.0, POWER))


def planned_knowing(discordance: float, truth: float, margin: float = MARGIN) -> int | None:
    """Return the fewest items that settle a difference with 80 % power for whoever knows it beforehand."""
    ways = []
    if truth:
        ways.append(items_for_difference(truth, discordance, POWER))
    if truth < margin:
        ways.append(items_for_equivalence(margin, discordance, truth, POWER))
    return min(ways, default=None)


def first_at(logs: npt.NDArray[np.float64], bar: float) -> npt.NDArray[np.int64]:
    """Return after how many items each path first is at the bar, a very large number where it never is."""
    reached = logs >= bar
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, np.iinfo(np.int64).max)


def used(
    x: npt.NDArray[np.float64], population: int | None, margin: float = MARGIN
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return after how many items a difference, and equivalence, are shown in each row of differences."""
    rows, bar = len(x), -log(ALPHA)
    tests = begin(np.repeat([0.0, 0.0, -margin, -margin], rows), margin, population)
    logs = bet(tests, np.concatenate([x, -x, x, -x]))[1]
    better, worse, above, below = (logs[place * rows : (place + 1) * rows] for place in range(4))
    apart = first_at(np.logaddexp(better, worse) - log(2), bar)
    return apart, np.maximum(first_at(above, bar), first_at(below, bar))


def settle_cell(discordance: float, truth: float, items_of: str, draws: int, seed: int) -> Settled:
    """Simulate one cell."""
    name = f"{discordance}|{truth}|{items_of}"
    rng = np.random.default_rng([seed, crc32(name.encode())])
    fixed = planned(discordance)
    population = {"the fixed n": fixed, "twice it": 2 * fixed, "many": None}[items_of]
    items = population or _FARTHEST * fixed
    ends, right, by_fixed = [], 0, 0
    for start in range(0, draws, _TOGETHER):
        part = min(_TOGETHER, draws - start)
        x = differences(rng, part, items, 0.5, discordance, truth, population)
        apart, within = used(x, population)
        ends.append(np.minimum(np.minimum(apart, within), items + 1))
        by_fixed += _settled_by_counts(x[:, :fixed])
        right += int((within < np.minimum(apart, items + 1)).sum() if truth >= MARGIN else 0)
        right += int((apart < np.minimum(within, items + 1)).sum() if not truth else 0)
    n = np.concatenate(ends)
    return Settled(
        discordance,
        truth,
        items_of,
        fixed,
        planned_knowing(discordance, truth),
        float(np.median(n)) / fixed,
        float(np.minimum(n, items).mean()) / fixed,
        float((n <= fixed).mean()),
        by_fixed / draws,
        right / draws,
    )


def _settled_by_counts(x: npt.NDArray[np.float64]) -> int:
    """Return how many rows the tests for a fixed number of items settle."""
    first, second = (x > 0).sum(axis=1), (x < 0).sum(axis=1)
    both = (x.shape[1] - first - second) // 2  # an accuracy of a half
    table = np.column_stack([both, first, second, x.shape[1] - both - first - second])
    apart = tables.midp(first, second) <= ALPHA
    within = tables.inside(table, MARGIN, quantile(tost_level(ALPHA)), "newcombe")
    return int((apart | within).sum())


def settle(draws: int, seed: int, write: Path | None = None) -> list[Settled]:
    """Simulate all cells, print their tables, and write them into a page."""
    began = time.process_time()
    found = []
    for items_of in SETS:
        for discordance in DISCORDANCES:
            for truth in TRUTHS:
                if truth <= discordance:
                    found.append(settle_cell(discordance, truth, items_of, draws, seed))
            print(
                f"{time.process_time() - began:6.1f} s  {items_of}, {discordance}",
                file=sys.stderr,
                flush=True,
            )
    lines = [
        "",
        f"`python -m benchmarks.statistics settle --draws {draws} --seed {seed}`, {origin()},"
        f" {time.process_time() - began:,.0f} s of processor time.",
        "",
        *(line for items_of in SETS for line in _table([one for one in found if one.items_of == items_of])),
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "settle", lines)
    return found


def _table(found: Sequence[Settled]) -> Iterator[str]:
    items_of = found[0].items_of
    yield f"#### Items of {items_of if items_of == 'many' else f'a set: {items_of}'}"
    yield ""
    yield (
        "| discordance | planned n | true difference | median used | mean used | settled within n"
        " | settled by fixed n | false | n for who knows it | median, of that n |"
    )
    yield "|---" * 10 + "|"
    for one in found:
        knows = f"{one.median * one.fixed / one.known:.0%}" if one.known else ""
        yield (
            f"| {one.discordance} | {one.fixed:,} | {one.truth} | {_percent(one.median)} |"
            f" {_percent(one.mean)} | {one.settled:.0%} | {one.settled_fixed:.0%} | {one.false:.3f} |"
            f" {one.known or '':,} | {knows} |"
        )
    yield ""
    medians = [one.median for one in found]
    yield (
        f"The median over the cells is {np.median(medians):.0%} of the planned number; in"
        f" {sum(one <= 0.65 for one in medians)} of {len(medians)} cells it's at most 65 %, in"
        f" {sum(one > 1 for one in medians)} above 100 %."
    )
    yield ""


def _percent(share: float) -> str:
    return f"**{share:.0%}**" if share > 1 else f"{share:.0%}"
