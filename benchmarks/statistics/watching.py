"""Whether sequences keep their error rates while somebody looks after every item."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf, log, sqrt
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import Rng, origin, put
from benchmarks.statistics.watch_journal import Journal, Reached
from harness_ext.stats.wealth import Betting, begin, bet

ALPHA, LOOKS = 0.05, 5000
ACCURACIES = (0.5, 0.1, 0.9, 0.02, 0.98)
DISCORDANCES = (0.02, 0.04, 0.1, 0.2, 0.5)
POPULATIONS: tuple[int | None, ...] = (None, 5000, 1000, 200)
_TOGETHER = 250
_NOTED_EVERY = 20.0
"""Seconds between the notes of how far a cell is."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What continuous looking came to in one cell: shares of draws, at any look up to the last."""

    cell: str
    accuracy: float
    discordance: float
    population: int | None
    margin: float
    method: str
    draws: int
    seed: int
    type_one: float
    """A difference was declared where there is none."""
    false_equivalence: float
    """The difference, of the margin's size, was declared to be inside."""
    missed_none: float
    """The 95 % interval did not hold a difference of 0 at some look."""
    missed_margin: float
    """It did not hold a difference of the margin's size."""
    seconds: float = 0.0

    @property
    def errors(self) -> tuple[float, ...]:
        """The four shares, each of which should be at most 0.05."""
        return self.type_one, self.false_equivalence, self.missed_none, self.missed_margin


def cells() -> Iterator[tuple[str, float, float, int | None]]:
    """Yield the name, accuracy, discordance and population of each cell that can be, those of one accuracy
    after those of another.
    """
    for accuracy in ACCURACIES:
        for discordance in DISCORDANCES:
            if discordance / 2 <= min(accuracy, 1 - accuracy) + 1e-12:
                for population in POPULATIONS:
                    kind = "many" if population is None else f"set{population}"
                    yield f"acc{accuracy}-disc{discordance}-{kind}", accuracy, discordance, population


def margin_of(discordance: float) -> float:
    """Return the margin of a cell: 5 points, or less where accuracies can't differ by so much."""
    return 0.05 if discordance > 0.05 else discordance / 2


def differences(
    rng: Rng,
    draws: int,
    items: int,
    accuracy: float,
    discordance: float,
    difference: float,
    population: int | None,
) -> npt.NDArray[np.float64]:
    """Return differences of right answers, shape (draws, items): of items drawn with these chances, or, from
    a *population* with as near these shares as can be, without replacement in random orders.
    """
    chances = np.array(
        [
            accuracy - discordance / 2,
            (discordance + difference) / 2,
            (discordance - difference) / 2,
            1 - accuracy - discordance / 2,
        ]
    ).clip(0)
    right = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    if population is None:
        answers = right[np.searchsorted(np.cumsum(chances)[:-1], rng.random((draws, items)), side="right")]
        return np.asarray(answers[..., 0] - answers[..., 1])
    apart = round(population * difference)
    first = round((population * discordance + apart) / 2)
    both = round(population * chances[0])
    counts = [both, first, first - apart, population - both - 2 * first + apart]
    all_of_it = np.repeat(right[:, 0] - right[:, 1], counts)
    return rng.permuted(np.tile(all_of_it, (draws, 1)), axis=1)[:, :items]


def watch_cell(
    name: str,
    accuracy: float,
    discordance: float,
    population: int | None,
    draws: int,
    seed: int,
    method: Betting = "betting",
    looks: int = LOOKS,
    journal: Journal | None = None,
    until: float = inf,
) -> Watched | None:
    """Simulate one cell: look after every item, up to *looks* of them or the end of the population.

    It goes on from the *journal*, whose note of more draws is taken as it is, and stops at a time (*until*,
    by `time.monotonic`) with those there are; None where there are none.
    """
    margin, items = margin_of(discordance), min(looks, population or looks)
    kept = journal or Journal(None, seed, method)
    begun = kept.start(name, draws)
    rng = np.random.default_rng([seed, crc32(name.encode())])
    if begun.state is not None:
        rng.bit_generator.state = begun.state
    began, found, done = time.process_time() - begun.seconds, np.array(begun.counts), begun.draws
    noted = time.monotonic()
    while done < draws and time.monotonic() < until:
        part = min(_TOGETHER, draws - done)
        found += _errors(rng, part, items, accuracy, discordance, margin, population, method)
        done += part
        if done == draws or time.monotonic() >= min(until, noted + _NOTED_EVERY):
            noted = time.monotonic()
            # batches of another size draw other sequences
            state = None if done % _TOGETHER else dict(rng.bit_generator.state)
            counts = tuple(int(one) for one in found)
            kept.add(name, Reached(done, counts, round(time.process_time() - began, 2), state))
    most = kept.most(name)
    if not most.draws:
        return None
    return Watched(
        name,
        accuracy,
        discordance,
        population,
        margin,
        method,
        most.draws,
        seed,
        *(count / most.draws for count in most.counts),
        seconds=most.seconds,
    )


def _errors(
    rng: Rng,
    draws: int,
    items: int,
    accuracy: float,
    discordance: float,
    margin: float,
    population: int | None,
    method: Betting,
) -> npt.NDArray[np.int64]:
    """Return in how many draws each of `ERRORS` happened."""
    bar = -log(ALPHA)
    sides = []
    for truth in (0.0, margin):
        x = differences(rng, draws, items, accuracy, discordance, truth, population)
        tests = begin(np.repeat([truth, -truth], draws), margin, population, method)
        logs = bet(tests, np.concatenate([x, -x]))[1]
        sides.append((logs[:draws], logs[draws:]))
    (better, worse), (above, below) = sides
    return np.array(
        [
            (np.logaddexp(better, worse).max(axis=1) - log(2) >= bar).sum(),
            (below.max(axis=1) >= bar).sum(),
            (np.maximum(better, worse).max(axis=1) >= bar + log(2)).sum(),
            (np.maximum(above, below).max(axis=1) >= bar + log(2)).sum(),
        ]
    )


def watch(
    draws: int,
    seed: int,
    only: str = "*",
    method: Betting = "betting",
    journal: Path | None = None,
    write: Path | None = None,
    minutes: float = inf,
) -> list[Watched]:
    """Simulate the cells whose names match one of the patterns (separated by commas), print their table, and
    write it into a page.

    With a *journal*, a file of JSON lines, all go on from where they are there with this seed. After so many
    *minutes* it stops, and the table has the draws there are by then; a cell without any isn't in it.
    """
    until, kept = time.monotonic() + 60 * minutes, Journal(journal, seed, method)
    found = []
    for name, accuracy, discordance, population in cells():
        if not any(fnmatchcase(name, pattern.strip()) for pattern in only.split(",")):
            continue
        before = kept.most(name).draws
        one = watch_cell(
            name, accuracy, discordance, population, draws, seed, method, journal=kept, until=until
        )
        if one is None:
            continue
        if one.draws > before:
            print(f"{one.seconds:6.1f} s  {name}, {one.draws:,} draws", file=sys.stderr, flush=True)
        found.append(one)
    if not found:
        raise SystemExit(f"no cell is named {only}, or the time was too short for any draw")
    lines = watched_table(found, draws, seed, method)
    print("\n".join(lines), flush=True)
    if write:
        put(write, f"watched-{method}", lines)
    return found


def watched_table(found: list[Watched], draws: int, seed: int, method: str) -> list[str]:
    """Return the cells as a Markdown table, each share with its Monte-Carlo standard error where it is above
    0.05, and how many are.
    """

    def error(share: float, of: int) -> float:
        return sqrt(share * (1 - share) / of)

    def entry(share: float, of: int) -> str:
        return f"{share:.4f}" if share <= ALPHA else f"**{share:.4f} ± {error(share, of):.4f}**"

    entries = [(share, one.draws) for one in found for share in one.errors]
    surely = sum(share - 2 * error(share, of) > ALPHA for share, of in entries)
    most = max(share for share, _ in entries)
    seconds = sum(one.seconds for one in found)
    return [
        "",
        f"`python -m benchmarks.statistics watch --draws {draws} --seed {seed} --method {method}`,"
        f" {origin()}, {seconds:,.0f} s of processor time.",
        "",
        "| accuracy | discordance | items | margin | draws | type I | false equivalence | 0 missed | margin"
        " missed |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {one.accuracy} | {one.discordance} |"
            f" {f'{one.population:,} of a set' if one.population else f'{LOOKS:,} of many'} | {one.margin} |"
            f" {one.draws:,} | " + " | ".join(entry(share, one.draws) for share in one.errors) + " |"
            for one in found
        ),
        "",
        f"{sum(share <= ALPHA for share, _ in entries)} of {len(entries)} entries are at most {ALPHA};"
        f" {surely} are above it by more than two standard errors; the greatest is {most:.4f}.",
        "",
    ]
