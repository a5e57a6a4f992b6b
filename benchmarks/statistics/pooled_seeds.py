"""Errors of comparisons over few seeds, each pair's spread between seeds taken alone or pooled over all arms.

Arms come in threes: two of one accuracy, whose difference is nothing, and one worse by the margin, which is
not noninferior to them. An item is as hard for every arm and for a base of one run; trainings differ by a
normal number, both in logits (standard deviation between items 1.5).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.logits import BETWEEN_ITEMS, answers, centre
from benchmarks.statistics.rows import Rng, origin, put
from harness_ext.stats.crossed import crossed_reach
from harness_ext.stats.pooled_seeds import ArmSpread, SeedPool, pool_spreads

Array = npt.NDArray[np.float64]
SEEDS, ARMS, ITEMS, SPREADS = (2, 3, 4, 6), (6, 12, 24), (100, 200, 500), (0.0, 0.1, 0.25, 0.5)
LEVELS = {6: (0.1, 0.8), 12: (0.07, 0.3, 0.6, 0.95), 24: (0.07, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95)}
"""Of so many arms, the accuracies of the threes."""
MARGIN, ALPHA, BASE = 0.05, 0.05, 0.05
USUAL, USUAL_ITEMS = 0.25, 200
UNEQUAL = ("one arm thrice", "a third of arms thrice", "one arm ten times", "alike in points")
WAYS = ("each", "pooled")


class Cell(NamedTuple):
    """What is simulated: seeds, arms, items, the arms' standard deviations in logits, which threes have arms
    that differ from the rest.
    """

    seeds: int
    arms: int
    items: int
    spreads: tuple[float, ...]
    odd: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Of one way: whether each null was rejected, a worse arm called noninferior and an interval held its
    truth; shapes (draws, threes).
    """

    rejected: npt.NDArray[np.bool_]
    noninferior: npt.NDArray[np.bool_]
    held: npt.NDArray[np.bool_]


def equal_cells() -> Iterator[tuple[float, Cell]]:
    """Yield the cells in which all arms' trainings differ alike, with their standard deviation."""
    for seeds in SEEDS:
        for spread in SPREADS:
            for arms in ARMS:
                for items in ITEMS:
                    yield spread, Cell(seeds, arms, items, (spread,) * arms)


def unequal_cells() -> Iterator[tuple[str, Cell]]:
    """Yield the cells in which some arms' trainings differ more than others', with what they are called."""
    for seeds in SEEDS:
        for name in UNEQUAL:
            for arms in ARMS:
                spreads, threes = [USUAL] * arms, arms // 3
                odd: tuple[int, ...] = (threes // 2,)
                if name == "a third of arms thrice":
                    odd = tuple(range(threes // 2, threes // 2 + max(1, threes // 3)))
                for three in odd if name != "alike in points" else ():
                    which = (0,) if name.startswith("one arm") else (0, 1, 2)
                    for arm in which:
                        spreads[3 * three + arm] *= 10 if "ten" in name else 3
                if name == "alike in points":
                    spreads = [_in_logits(accuracy) for accuracy in accuracies(arms)]
                    odd = ()
                yield name, Cell(seeds, arms, USUAL_ITEMS, tuple(spreads), odd)


def accuracies(arms: int) -> list[float]:
    """Return the arms' true accuracies, three by three."""
    return [accuracy for level in LEVELS[arms] for accuracy in (level, level, level - MARGIN)]


def _in_logits(accuracy: float, points: float = 0.03) -> float:
    """Return the standard deviation in logits that is one of 3 points at an accuracy."""
    middle = centre(accuracy, BETWEEN_ITEMS)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    share = 1 / (1 + np.exp(-(middle + BETWEEN_ITEMS * nodes)))
    return points / float(weights @ (share * (1 - share)) / weights.sum())


def simulated(cell: Cell, draws: int, rng: Rng) -> tuple[dict[str, Found], list[SeedPool]]:
    """Draw a cell's outcomes and judge them in both ways; also return the pools."""
    drawn = answers(
        [centre(one, sqrt(BETWEEN_ITEMS**2 + spread**2)) for one, spread in _truth(cell)],
        cell.spreads,
        centre(BASE, BETWEEN_ITEMS),
        (draws, cell.seeds, cell.items),
        rng,
    )
    x, base = drawn[:, :-1], drawn[:, -1:]
    _, seed, _, rest = squares(x)
    arms = [
        [
            ArmSpread(*two, cell.seeds, cell.items)
            for two in zip(seed[draw].tolist(), rest[draw].tolist(), strict=True)
        ]
        for draw in range(draws)
    ]
    pools = [pool_spreads(one) for one in arms]
    same, worse, against = x[:, 0::3] - x[:, 1::3], x[:, 2::3] - x[:, 0::3], x[:, 1::3] - base
    levels = np.array(LEVELS[cell.arms])
    null = _reaches(same, pools, arms, (0, 1), cell)
    lower = _reaches(worse, pools, arms, (2, 0), cell)
    gains = _reaches(against, pools, arms, (1,), cell)
    found = {}
    for way in WAYS:
        estimates = [squares(one)[0] for one in (same, worse, against)]
        truths = np.zeros(len(levels)), np.full(len(levels), -MARGIN), levels - BASE
        held = [
            np.abs(estimate - truth) <= reach[way][0]
            for estimate, truth, reach in zip(estimates, truths, (null, lower, gains), strict=True)
        ]
        found[way] = Found(
            np.abs(estimates[0]) >= null[way][0],
            estimates[1] + MARGIN >= lower[way][1],
            np.concatenate(held, axis=1),
        )
    return found, pools


def _truth(cell: Cell) -> list[tuple[float, float]]:
    return list(zip(accuracies(cell.arms), cell.spreads, strict=True))


def squares(x: npt.NDArray[Any]) -> tuple[Array, Array, Array, Array]:
    """Return the means and the mean squares of seeds, items and residual over the last two axes."""
    seeds, n = x.shape[-2:]
    values = x.astype(np.float64)
    grand = values.mean(axis=(-1, -2))
    by_seed = n * (values.mean(axis=-1) - grand[..., None]) ** 2
    by_item = seeds * (values.mean(axis=-2) - grand[..., None]) ** 2
    whole = (values**2).sum(axis=(-1, -2)) - grand**2 * seeds * n
    seed, item = by_seed.sum(axis=-1), by_item.sum(axis=-1)
    rest = np.maximum(whole - seed - item, 0.0) / ((seeds - 1) * (n - 1))
    return grand, seed / (seeds - 1), item / (n - 1), rest


def _reaches(
    x: npt.NDArray[Any],
    pools: Sequence[SeedPool],
    arms: Sequence[Sequence[ArmSpread]],
    sides: tuple[int, ...],
    cell: Cell,
) -> dict[str, tuple[Array, Array]]:
    """Return the half-widths of 95 % intervals and of one-sided ones, by way; shapes (draws, threes)."""
    _, seed, item, rest = squares(x)
    half = {way: np.empty((2, *seed.shape)) for way in WAYS}
    for draw, three in np.ndindex(seed.shape):
        mean_squares = float(seed[draw, three]), float(item[draw, three]), float(rest[draw, three])
        prior = pools[draw].prior_of([arms[draw][3 * three + side] for side in sides])
        for way, given in zip(WAYS, (None, prior), strict=True):
            reach = crossed_reach(mean_squares, (cell.seeds, cell.items), given)
            half[way][:, draw, three] = reach(ALPHA / 2), reach(ALPHA)
    return {way: (one[0], one[1]) for way, one in half.items()}


def pooled_seeds(draws: int, seed: int, write: Path | None) -> None:
    """Print the tables, and write them into a page."""
    began = time.process_time()
    equal: dict[tuple[int, float, int, int], dict[str, Found]] = {}
    for spread, cell in equal_cells():
        rng = np.random.default_rng([seed, crc32(f"{spread}|{cell[:3]}".encode())])
        equal[cell.seeds, spread, cell.arms, cell.items] = simulated(cell, draws, rng)[0]
    lines = []
    for title, of in MEASURED.items():
        lines += [f"**{title}**", "", *_equal_table(equal, of), ""]
    unequal = []
    for name, cell in unequal_cells():
        rng = np.random.default_rng([seed, crc32(f"{name}|{cell[:3]}".encode())])
        unequal.append((name, cell, *simulated(cell, draws, rng)))
    lines += ["**Where trainings of some arms differ more**", "", *_unequal_table(unequal), ""]
    head = (
        f"`python -m benchmarks.statistics pooled-seeds --draws {draws} --seed {seed}`, {origin()},"
        f" {time.process_time() - began:.0f} s of processor time."
    )
    lines = ["", head, "", *lines, *_worst(equal), ""]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "pooled-seeds", lines)


MEASURED: dict[str, Callable[[Found], npt.NDArray[np.bool_]]] = {
    "Type-I error at 0.05": lambda found: found.rejected,
    "A worse arm called noninferior, at 0.05": lambda found: found.noninferior,
    "Coverage of 95 % intervals": lambda found: found.held,
}


def _equal_table(
    equal: Mapping[tuple[int, float, int, int], dict[str, Found]],
    of: Callable[[Found], npt.NDArray[np.bool_]],
) -> list[str]:
    columns = [(arms, items) for arms in ARMS for items in ITEMS]
    lines = [
        "| seeds | SD | " + " | ".join(f"{arms} arms, {items} items" for arms, items in columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for seeds in SEEDS:
        for spread in SPREADS:
            shown = [_pair(equal[seeds, spread, *column], of) for column in columns]
            lines.append(f"| {seeds} | {spread:g} | " + " | ".join(shown) + " |")
    return lines


def _pair(found: Mapping[str, Found], of: Callable[[Found], npt.NDArray[np.bool_]]) -> str:
    each, pooled = (float(of(found[way]).mean()) for way in WAYS)
    return f"{pooled:.3f} ({each:.3f})"


def _unequal_table(rows: Sequence[tuple[str, Cell, dict[str, Found], list[SeedPool]]]) -> list[str]:
    lines = [
        "| | seeds | arms | type I, their pairs | type I, the others | noninferior, their pairs"
        " | noninferior, the others | d0, median | judged alone |",
        "|---" * 9 + "|",
    ]
    for name, cell, found, pools in rows:
        theirs = np.isin(np.arange(cell.arms // 3), cell.odd)
        shown = []
        for of in list(MEASURED.values())[:2]:
            for which in (theirs, ~theirs):
                shares = [float(of(found[way])[:, which].mean()) if which.any() else None for way in WAYS]
                shown.append("" if shares[0] is None else f"{shares[1]:.3f} ({shares[0]:.3f})")
        odd = {place for place, spread in enumerate(cell.spreads) if cell.odd and spread > USUAL}
        told = np.mean([bool(odd & set(pool.outstanding)) for pool in pools]) if odd else None
        columns = [name, str(cell.seeds), str(cell.arms), *shown]
        columns += [f"{np.median([pool.df for pool in pools]):.1f}", "" if told is None else f"{told:.0%}"]
        lines.append("| " + " | ".join(columns) + " |")
    return lines


def _worst(equal: Mapping[tuple[int, float, int, int], dict[str, Found]]) -> list[str]:
    lines = []
    for title, of in MEASURED.items():
        for way in WAYS:
            shares = [float(of(found[way]).mean()) for found in equal.values()]
            pairs = [share for found in equal.values() for share in of(found[way]).mean(axis=0)]
            lines.append(
                f"- {title}, {way}: {min(shares):.3f} to {max(shares):.3f} over the cells of equal trainings,"
                f" {min(pairs):.3f} to {max(pairs):.3f} over single pairs in them."
            )
    return lines
