"""Whether intervals of avg@k, pass@k and maj@k hold their truth as often as they say: for new items with new
draws, and for new draws of the same items.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from math import sqrt
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import Rng, origin, put
from harness_ext.stats import (
    DrawnItem,
    draw_variance,
    item_values,
    redrawn_interval,
    right,
    share_interval,
    wilson_interval,
)
from harness_ext.stats.several_draws import Figure

FloatArray = npt.NDArray[np.float64]
ITEMS, DRAWS = (30, 100, 300, 1000), (2, 4, 16)
EASE = {"even": (0.5, 0.5), "hard": (0.3, 2.7), "easy": (4.5, 0.5), "all alike": (30.0, 30.0)}
"""Beta distributions of the chance that a draw of an item is right: mean .5, .1, .9 and .5."""
FIGURES: tuple[tuple[Figure, dict[int, int]], ...] = (
    ("avg", {2: 2, 4: 4, 16: 16}),
    ("pass", {2: 2, 4: 2, 16: 4}),
    ("maj", {4: 4, 16: 4}),
)
LEVEL, NEW = 0.95, ("items and draws", "draws")
_SHARES = (1 / 2, 1 / 3, 1 / 6)
"""Of wrong draws, how many state each of three wrong answers."""
_MOST_OF_MAJ = 100
_MANY = 200_000
_SETS = 20
"""How many sets of items are the same ones in turn."""


class Held(NamedTuple):
    """In one cell: how often the interval held the truth of how many simulated runs, and its mean width."""

    cell: str
    draws: int
    held: int
    width: float


def cells() -> Iterator[tuple[str, Figure, int, str, int, int, str]]:
    """Yield the name, figure, k, ease, draws and items of each cell, and what the interval is about."""
    for figure, sizes in FIGURES:
        for ease in EASE:
            for new in NEW:
                for draws, k in sizes.items():
                    if new == "draws" and figure != "avg" and k == draws:
                        continue  # says nothing of new draws
                    for n in ITEMS:
                        if figure != "maj" or (n <= _MOST_OF_MAJ and ease in ("even", "easy")):
                            name = f"{figure}@{k} of {draws} draws, {ease}, new {new}, {n} items"
                            yield name, figure, k, ease, draws, n, new


def drawn(runs: int, seed: int, only: str, journal: Path | None, write: Path | None) -> None:
    """Print how often intervals held their truth, cell by cell, and write it into a page; cells that the
    journal has with as many simulated runs, or more, are taken from there.
    """
    began, found = time.process_time(), _read(journal)
    for name, figure, k, ease, draws, n, new in cells():
        if not fnmatchcase(name, only) or (name in found and found[name].draws >= runs):
            continue
        rng = np.random.default_rng([seed, crc32(name.encode())])
        found[name] = Held(name, runs, *_measured(rng, figure, k, EASE[ease], draws, n, new, runs))
        if journal:
            with journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found[name]._asdict()) + "\n")
        print(f"{name}: {found[name].held / runs:.3f}", file=sys.stderr, flush=True)
    head = (
        f"`python -m benchmarks.statistics draws --draws {runs} --seed {seed}`, {origin()},"
        f" {time.process_time() - began:.0f} s of processor time."
    )
    lines = ["", head, "", *_table(found), ""]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "draws", lines)


def _measured(
    rng: Rng, figure: Figure, k: int, ease: tuple[float, float], draws: int, n: int, new: str, runs: int
) -> tuple[int, float]:
    truth, chances = _truth(figure, k, rng.beta(*ease, _MANY), rng), np.zeros(n)
    same = max(1, runs // _SETS)
    held, width = 0, 0.0
    for run in range(runs):
        if new == "items and draws" or run % same == 0:
            chances = rng.beta(*ease, n)
            if new == "draws":
                truth = _truth(figure, k, chances, rng)
        if figure == "maj":
            shares = np.column_stack([chances, *((1 - chances) * share for share in _SHARES)])
            counts = rng.multinomial(draws, shares)
        else:
            counts = rng.binomial(draws, chances)[:, None]
        low, high = _interval(counts, figure, k, draws, new)
        held += low <= truth <= high
        width += high - low
    return held, width / runs


def _interval(
    counts: npt.NDArray[np.int64], figure: Figure, k: int, draws: int, new: str
) -> tuple[float, float]:
    """Return the limits of `harness_ext.stats.at_k`, from how many draws of each item state which answer, the
    right one first; items that are alike are computed once.
    """
    rows, at = np.unique(counts, axis=0, return_inverse=True)
    kinds = [DrawnItem(draws, int(row[0]), tuple(int(one) for one in row[1:] if one)) for row in rows]
    at = at.reshape(-1)
    values = item_values(kinds, figure, k)[at]
    if new == "draws":
        variances = np.array([draw_variance(one, figure, k) for one in kinds])[at]
        found = redrawn_interval(values, variances, draws, 1 if figure == "avg" else k, LEVEL)
    else:
        answers = right(values)
        found = (
            share_interval(values, draws, LEVEL)
            if answers is None
            else wilson_interval(int(answers.sum()), len(answers), LEVEL)
        )
    return found.low, found.high


def _truth(figure: Figure, k: int, chances: FloatArray, rng: Rng) -> float:
    """Return the figure of items whose draws are right with these chances."""
    if figure == "avg":
        return float(chances.mean())
    if figure == "pass":
        return float((1 - (1 - chances) ** k).mean())
    each = max(1, _MANY // len(chances))  # by simulation: an error of a thousandth
    repeated = np.repeat(chances, each)
    counts = rng.multinomial(k, np.column_stack([repeated, *((1 - repeated) * share for share in _SHARES)]))
    most = counts.max(axis=1, keepdims=True)
    return float(((counts[:, 0] == most[:, 0]) / (counts == most).sum(axis=1)).mean())


def _table(found: dict[str, Held]) -> list[str]:
    rows: dict[str, dict[int, Held]] = {}
    for name, *_, n, _ in cells():
        if name in found:
            rows.setdefault(name.rpartition(",")[0], {})[n] = found[name]
    counts = sorted({one.draws for row in rows.values() for one in row.values()})
    lines = [
        f"Simulated runs a cell: {', '.join(f'{one:,}' for one in counts)}. In brackets the mean width.",
        "",
        "| | " + " | ".join(f"{n:,} items" for n in ITEMS) + " |",
        "|---" * (len(ITEMS) + 1) + "|",
    ]
    for label, row in rows.items():
        lines.append(f"| {label} | " + " | ".join(_shown(row.get(n)) for n in ITEMS) + " |")
    every = [one for row in rows.values() for one in row.values()]
    short = [one for one in every if one.held / one.draws < LEVEL - 2.6 * _error(one.draws)]
    long = [one for one in every if one.held / one.draws > LEVEL + 2.6 * _error(one.draws)]
    return [
        *lines,
        "",
        f"{len(every) - len(short) - len(long)} of {len(every)} entries lie within 2.6 Monte-Carlo standard"
        f" errors of 0.95 (99 of 100 would by chance), {len(long)} above, **{len(short)} below**.",
    ]


def _shown(one: Held | None) -> str:
    if one is None:
        return ""
    share = one.held / one.draws
    text = f"{share:.3f} ({one.width:.3f})"
    return f"**{text}** below" if share < LEVEL - 2.6 * _error(one.draws) else text


def _error(draws: int) -> float:
    return sqrt(LEVEL * (1 - LEVEL) / draws)


def _read(journal: Path | None) -> dict[str, Held]:
    if journal is None or not journal.is_file():
        return {}
    lines: Sequence[str] = journal.read_text(encoding="utf-8").splitlines()
    return {one.cell: one for one in (Held(**json.loads(line)) for line in lines if line.endswith("}"))}
