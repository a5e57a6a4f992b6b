"""Changes files of every kind that stylerep reads, and counts what is no sentence.

    python -m benchmarks.fuzz_files [--n 10000] [--seed 0] [--only WORDS] [--jobs N]

So many files are changed in all, of each kind its share, by one process a core. Ends with 1 where something else than a sentence came of one, a file was lost,
or one took 20 s.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from benchmarks.fuzz_files import all_kinds, outcomes_of
from benchmarks.fuzz_files.trial import Outcome


def main() -> int:
    """Run all kinds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only kinds whose name has these words")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    began, jobs = time.monotonic(), given.jobs
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_part, range(jobs), *([one] * jobs for one in (jobs, given.n, given.seed, given.only))))
    outcomes = [one for part in parts for one in part]
    slowest = max(outcomes, key=lambda one: one.seconds)
    ended, lost = Counter(one.ended for one in outcomes), sum(bool(one.lost) for one in outcomes)
    print(
        f"\n{len(outcomes):,} files of {len({one.kind for one in outcomes})} kinds: {ended['read']:,} read, {ended['refused']:,} refused in a sentence, "
        f"{ended['traceback']} tracebacks, {lost} with files lost; slowest {slowest.seconds:.2f} s ({slowest.kind}); {time.monotonic() - began:.0f} s in all"
    )
    return 1 if ended["traceback"] or lost else 0


def _part(process: int, jobs: int, n: int, seed: int, only: str) -> list[Outcome]:
    """Run the kinds that fall to one of several processes, and print of each what came of it."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as scratch:
        kinds = [kind for kind in all_kinds(Path(scratch)) if only in kind.name]
        bounds = [round(n * sum(one.share for one in kinds[:end]) / sum(one.share for one in kinds)) for end in range(len(kinds) + 1)]
        for number in range(process, len(kinds), jobs):
            own = outcomes_of(kinds[number], bounds[number + 1] - bounds[number], seed)
            _print(kinds[number].name, own)
            outcomes += [replace(one, content=b"") for one in own]
    return outcomes


def _print(kind: str, own: list[Outcome]) -> None:
    ended, longest = Counter(one.ended for one in own), max((one.seconds for one in own), default=0.0)
    lost = sum(bool(one.lost) for one in own)
    print(
        f"{kind:45} {len(own):5} files: {ended['read']:5} read, {ended['refused']:5} refused, {ended['traceback']} tracebacks, "
        f"{lost} lost something; longest {longest:.2f} s",
        flush=True,
    )
    shown: set[str] = set()
    for one in own:
        name = f"{one.kind}: {' | '.join(one.told.strip().splitlines()[-3:])[-300:] if one.ended == 'traceback' else one.lost}"
        if (one.ended == "traceback" or one.lost) and name not in shown:
            shown.add(name)
            print(f"\n=== {name}\n{one.told[-2500:]}\ncontent: {str(one.content)[:600]}\nlost: {one.lost}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
