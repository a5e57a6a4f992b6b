"""Whether the tests and intervals of harness_ext/stats keep what they promise,
and how fast many pairs of runs are compared.

    python -m benchmarks.statistics montecarlo [--draws 20000]   # about 8 minutes on one core
    python -m benchmarks.statistics speed [--pairs 10]           # about 2 minutes
    python -m benchmarks.statistics watch [--draws 20000] [--only 'acc0.5-*'] [--method mixture]
        [--journal FILE] [--minutes M]                           # about 45 minutes; with 200 draws half a one
    python -m benchmarks.statistics settle [--draws 1000]        # about 5 minutes
    python -m benchmarks.statistics draws [--draws 1000] [--only 'maj*'] [--journal FILE]   # about 5 minutes
    python -m benchmarks.statistics pooled-seeds [--draws 500]   # about 5 minutes
    python -m benchmarks.statistics watch-speed [--pairs 45]     # some seconds
    python -m benchmarks.statistics replay FOLDER [--orders 100] # some seconds
    python -m benchmarks.statistics claims-per-hour STUDY.yaml FOLDER

All take --seed (0) and --write PAGE (docs/measurements/statistics.md).

`montecarlo` draws data whose truth is known, calls the functions of the package on them, and counts. The same
seed gives the same table; a scenario's data depend on the seed and its own name alone. Beyond the tolerances
of `TOLERANCE` an entry is printed as outside, with the reason of `REASONS`; without one the command ends with
an error. `--write` puts the result between the comments of its name in a page.

`watch` looks at sequences after every item, and counts how often they are ever wrong; a journal keeps how far
each cell is, so that it can be ended (--minutes, or by force) and goes on. `settle` counts the items until a
verdict, beside planned numbers of them, and `replay` does so with the outcomes of real runs in random orders.
`claims-per-hour` replays a study that was run, by its own design and with `stop: settled`.

`speed` compares 20 runs pairwise over 10 tasks of 2,000 items, beside scipy's functions and evalsig, if it is
installed, on a few of the same pairs.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from math import inf
from pathlib import Path

from benchmarks.statistics.claims_per_hour import claims_per_hour
from benchmarks.statistics.drawn import drawn
from benchmarks.statistics.pooled_seeds import pooled_seeds
from benchmarks.statistics.replaying import replay
from benchmarks.statistics.rows import Row, measured, origin, put, reason, table
from benchmarks.statistics.scenarios import scenarios
from benchmarks.statistics.settling import settle
from benchmarks.statistics.speed import speed
from benchmarks.statistics.watch_speed import watch_speed
from benchmarks.statistics.watching import watch


def montecarlo(draws: int, seed: int, write: Path | None, only: str = "*") -> list[Row]:
    """Print the Monte-Carlo table, and write it into a page."""
    rows: list[Row] = []
    began = time.monotonic()
    for scenario in scenarios():
        if any(fnmatchcase(f"{scenario.section}: {name}", only) for name in scenario.names):
            start = time.monotonic()
            rows += measured(scenario, draws, seed)
            print(
                f"{time.monotonic() - start:6.1f} s  {'; '.join(scenario.names)}", file=sys.stderr, flush=True
            )
    head = (
        f"`python -m benchmarks.statistics montecarlo --draws {draws} --seed {seed}`, {origin()},"
        f" {time.monotonic() - began:.0f} s on one core."
    )
    lines = ["", head, "", *table(rows), ""]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "montecarlo", lines)
    return rows


def _checked(given: argparse.Namespace) -> None:
    rows = montecarlo(given.draws, given.seed, given.write, given.only)
    unexplained = [row.name for row in rows if row.outside and not reason(row)]
    if unexplained:
        raise SystemExit(f"outside without a reason: {'; '.join(unexplained)}")


_RUN: dict[str, Callable[[argparse.Namespace], object]] = {
    "montecarlo": _checked,
    "speed": lambda given: speed(given.pairs, given.seed, given.write),
    "watch": lambda given: watch(
        given.draws, given.seed, given.only, given.method, given.journal, given.write, given.minutes
    ),
    "settle": lambda given: settle(given.draws, given.seed, given.write),
    "draws": lambda given: drawn(given.draws, given.seed, given.only, given.journal, given.write),
    "pooled-seeds": lambda given: pooled_seeds(given.draws, given.seed, given.write),
    "watch-speed": lambda given: watch_speed(given.pairs, given.items, given.looks, given.seed, given.write),
    "replay": lambda given: replay(given.folders, given.orders, given.seed, given.write),
    "claims-per-hour": lambda given: claims_per_hour(given.study, given.folder, write=given.write),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    given = _parser().parse_args(arguments)
    _RUN[given.command](given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    table_of = commands.add_parser("montecarlo")
    table_of.add_argument(
        "--draws",
        type=int,
        default=20_000,
        help="data sets of the quick scenarios; slower ones get a part of them",
    )
    table_of.add_argument("--only", default="*", help="a pattern of sections and names")
    pace = commands.add_parser("speed")
    pace.add_argument("--pairs", type=int, default=10, help="how many pairs scipy and evalsig get")
    watching = commands.add_parser("watch")
    watching.add_argument("--draws", type=int, default=20_000, help="sequences in each cell")
    watching.add_argument("--only", default="*", help="patterns of cells, such as 'acc0.5-*-set200,acc0.9*'")
    watching.add_argument("--method", choices=("betting", "mixture"), default="betting")
    watching.add_argument("--journal", type=Path, help="a file that keeps how far each cell is")
    watching.add_argument("--minutes", type=float, default=inf, help="stop then, with the draws there are")
    settling = commands.add_parser("settle")
    settling.add_argument("--draws", type=int, default=1_000, help="sequences in each cell")
    watchers = commands.add_parser("watch-speed")
    watchers.add_argument("--pairs", type=int, default=45, help="runs beside the baseline")
    watchers.add_argument("--items", type=int, default=1_000)
    watchers.add_argument("--looks", type=int, default=20)
    replaying = commands.add_parser("replay")
    replaying.add_argument(
        "folders",
        type=Path,
        nargs="+",
        help="folders of studies, or of MODEL/TASK.jsonl with recorded scores",
    )
    replaying.add_argument("--orders", type=int, default=100, help="random orders of the items")
    drawing = commands.add_parser("draws")
    drawing.add_argument("--draws", type=int, default=1_000, help="simulated runs in each cell")
    drawing.add_argument("--only", default="*", help="a pattern of cells, such as 'pass@4 of 16*'")
    drawing.add_argument("--journal", type=Path, help="a file that keeps the cells that are done")
    pooling = commands.add_parser("pooled-seeds")
    pooling.add_argument("--draws", type=int, default=500, help="simulated studies in each cell")
    hourly = commands.add_parser("claims-per-hour")
    hourly.add_argument("study", type=Path, help="a study file")
    hourly.add_argument("folder", type=Path, help="the folder that it was run into")
    for command in (drawing, pooling, table_of, pace, watching, settling, watchers, replaying, hourly):
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--write", type=Path, help="a page to write the result into")
    return parser


if __name__ == "__main__":
    main()
