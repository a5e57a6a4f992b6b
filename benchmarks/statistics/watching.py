"""Whether sequences keep their error rates while somebody looks after every item."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from math import log, sqrt
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import Rng, origin, put
from harness_ext.stats.wealth import Betting, begin, bet

ALPHA, LOOKS = 0.05, 5000
ACCURACIES = (0.5, 0.1, 0.9, 0.02, 0.98)
DISCORDANCES = (0.02, 0.04, 0.1, 0.2, 0.5)
POPULATIONS: tuple[int | None, ...] = (None, 5000, 1000, 200)
_TOGETHER = 250


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
) -> Watched:
    """Simulate one cell: look after every item, up to *looks* of them or the end of the population."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    margin, items = margin_of(discordance), min(looks, population or looks)
    began, found = time.process_time(), np.zeros(4)
    bar = -log(ALPHA)
    for start in range(0, draws, _TOGETHER):
        part = min(_TOGETHER, draws - start)
        sides = []
        for truth in (0.0, margin):
            x = differences(rng, part, items, accuracy, discordance, truth, population)
            tests = begin(np.repeat([truth, -truth], part), margin, population, method)
            logs = bet(tests, np.concatenate([x, -x]))[1]
            sides.append((logs[:part], logs[part:]))
        (better, worse), (above, below) = sides
        found += [
            (np.logaddexp(better, worse).max(axis=1) - log(2) >= bar).sum(),
            (below.max(axis=1) >= bar).sum(),
            (np.maximum(better, worse).max(axis=1) >= bar + log(2)).sum(),
            (np.maximum(above, below).max(axis=1) >= bar + log(2)).sum(),
        ]
    type_one, false_equivalence, missed_none, missed_margin = (float(one) / draws for one in found)
    return Watched(
        name,
        accuracy,
        discordance,
        population,
        margin,
        method,
        draws,
        seed,
        type_one,
        false_equivalence,
        missed_none,
        missed_margin,
        time.process_time() - began,
    )


def watch(
    draws: int,
    seed: int,
    only: str = "*",
    method: Betting = "betting",
    journal: Path | None = None,
    write: Path | None = None,
) -> list[Watched]:
    """Simulate the cells whose names match, print their table, and write it into a page.

    With a *journal*, a file of JSON lines, cells that stand in it with this seed and as many draws or more
    are taken from there, and others are added.
    """
    there: dict[str, Watched] = {}
    if journal and journal.exists():
        for line in journal.read_text(encoding="utf-8").splitlines():
            one = Watched(**json.loads(line))
            known = there.get(one.cell)
            if (one.seed, one.method) == (seed, method) and one.draws >= (known.draws if known else draws):
                there[one.cell] = one
    found = []
    for name, accuracy, discordance, population in cells():
        if not fnmatchcase(name, only):
            continue
        if name not in there:
            there[name] = watch_cell(name, accuracy, discordance, population, draws, seed, method)
            if journal:
                with journal.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(asdict(there[name])) + "\n")
            print(f"{there[name].seconds:6.1f} s  {name}", file=sys.stderr, flush=True)
        found.append(there[name])
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
