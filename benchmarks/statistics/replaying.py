"""How the outcomes of real runs would have been judged item by item, in random orders."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.rows import origin, put
from benchmarks.statistics.settling import MARGIN, used
from harness_ext.runs.accuracy import accuracy_metric
from harness_ext.runs.run_folder import load_run
from harness_ext.stats import PairedCounts, Verdict, decide, effect_of_counts, sequences

Scores = Mapping[str, float]
"""Right or wrong, by item."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Of so many orders, how many were settled early, how many of these said what is right, and the median
    share of the items used.
    """

    early: int
    agree: int
    used: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """A pair of runs: its difference, what the fixed tests say of it, and how its orders ended, asked about
    these items and about items like them.
    """

    task: str
    first: str
    second: str
    n: int
    difference: float
    fixed: Verdict
    of_set: Ended
    of_many: Ended


def recorded(folder: Path) -> Iterator[tuple[str, dict[str, Scores]]]:
    """Yield tasks with the scores of each run, by its name: of ``MODEL/TASK.jsonl``, with a question and a
    list of scores in each row, or of the run folders in a study's folder, those of one model together.
    """
    for task in sorted({path.stem for path in folder.glob("*/*.jsonl")}):
        yield (
            task,
            {
                path.parent.name: {
                    one["question"]: float(one["score"][0])
                    for one in map(json.loads, path.read_text(encoding="utf-8").splitlines())
                }
                for path in sorted(folder.glob(f"*/{task}.jsonl"))
            },
        )
    for model in sorted(path for path in folder.glob("runs/*") if path.is_dir()):
        by_task: dict[str, dict[str, Scores]] = {}
        for path in sorted(model.glob("*/manifest.json")):
            for (task, _), items in load_run(path.parent).tasks.items():
                columns = items.columns()
                values = columns[accuracy_metric(columns, f"{path.parent}, {task}").metric].tolist()
                by_task.setdefault(task, {})[path.parent.name] = dict(zip(items, values, strict=True))
        yield from by_task.items()


def replay(folders: Sequence[Path], orders: int, seed: int, write: Path | None = None) -> list[Replayed]:
    """Judge the recorded scores of all pairs of runs item by item in random orders, print tables by the fixed
    tests' verdict and pair by pair, and write them into a page.
    """
    found = []
    for folder in folders:
        for task, runs in recorded(folder):
            for first, second in combinations(runs, 2):
                shared = sorted(runs[first].keys() & runs[second].keys())
                one, two = (np.array([runs[name][item] for item in shared]) for name in (first, second))
                found.append(replayed(task, first, second, one, two, orders, seed))
    if not found:
        raise SystemExit(f"{', '.join(map(str, folders))}: no two runs of a task")
    names = " ".join(folder.name for folder in folders)
    lines = [
        "",
        f"`python -m benchmarks.statistics replay {names} --orders {orders} --seed {seed}`, {origin()}.",
        "",
        *_summary(found, orders),
        "",
        "| task | items | first | second | difference | fixed tests say | set: settled early | set: says what"
        " all items show | set: items used | many: settled | many: as the fixed tests | many: items used |",
        "|---" * 12 + "|",
        *(_row(one, orders) for one in found),
        "",
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, f"replay-{folders[0].name}", lines)
    return found


def replayed(
    task: str,
    first: str,
    second: str,
    one: npt.NDArray[np.float64],
    two: npt.NDArray[np.float64],
    orders: int,
    seed: int,
) -> Replayed:
    """Judge one pair: right or wrong of the same items, shape (items,) each."""
    n = len(one)
    counts = PairedCounts(
        *(int(((one == a) & (two == b)).sum()) for a, b in ((1, 1), (1, 0), (0, 1), (0, 0)))
    )
    effect = effect_of_counts(counts)
    fixed = decide(effect, effect.p or 0.0, MARGIN)
    truth = abs(counts.difference)
    rng = np.random.default_rng([seed, crc32(f"{task}|{first}|{second}".encode())])
    x = rng.permuted(np.tile(one - two, (orders, 1)), axis=1)
    ended = []
    for population in (n, None):
        apart, within = used(x, population)
        ends = np.minimum(np.minimum(apart, within), n)
        early = np.minimum(apart, within) < n if population else np.minimum(apart, within) <= n
        agree = 0
        for row, end in zip(x[early], ends[early], strict=True):
            verdict = sequences(1, MARGIN, population).see(row[None, :end]).verdicts[0]
            if population is None:
                agree += verdict is fixed
            else:
                shown_apart = verdict in (Verdict.DIFFERENT, Verdict.DIFFERENT_WITHIN_MARGIN)
                shown_within = verdict in (Verdict.EQUIVALENT, Verdict.DIFFERENT_WITHIN_MARGIN)
                agree += (truth > 0 or not shown_apart) and (truth < MARGIN or not shown_within)
        ended.append(Ended(int(early.sum()), int(agree), float(np.median(ends)) / n))
    return Replayed(task, first, second, n, counts.difference, fixed, *ended)


def _summary(found: Sequence[Replayed], orders: int) -> Iterator[str]:
    yield (
        "| fixed tests say | pairs | items | set: settled early | set: says what all items show | set: items"
        " used | many: settled | many: as the fixed tests | many: items used |"
    )
    yield "|---" * 9 + "|"
    verdicts = dict.fromkeys(one.fixed for one in found)
    for name, some in [
        *((verdict.value, [one for one in found if one.fixed is verdict]) for verdict in verdicts),
        ("all", list(found)),
    ]:
        sizes = sorted({one.n for one in some})
        cells = []
        for ends in ([one.of_set for one in some], [one.of_many for one in some]):
            early = sum(one.early for one in ends)
            agree = sum(one.agree for one in ends)
            share = f" ({agree / early:.1%})" if early else ""
            cells += [
                f"{early / (len(ends) * orders):.0%}",
                f"{agree:,} of {early:,}{share}",
                f"{np.mean([one.used for one in ends]):.0%}",
            ]
        yield f"| {name} | {len(some)} | {', '.join(map(str, sizes))} | {' | '.join(cells)} |"


def _row(one: Replayed, orders: int) -> str:
    cells = [
        cell
        for ended in (one.of_set, one.of_many)
        for cell in (f"{ended.early / orders:.0%}", f"{ended.agree} of {ended.early}", f"{ended.used:.0%}")
    ]
    return (
        f"| {one.task} | {one.n} | {one.first} | {one.second} | {100 * one.difference:+.1f} |"
        f" {one.fixed.value} | {' | '.join(cells)} |"
    )
