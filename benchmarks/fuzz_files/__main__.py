"""Changes files of every kind that stylerep reads, and counts what is no sentence.

    python -m benchmarks.fuzz_files [--n 10000] [--seed 0] [--only WORDS] [--jobs N]

So many files are changed in all, of each kind its share, by one process a core. Ends with 1 where something
else than a sentence came of one, a file was lost, or one took 20 s.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.fuzz_files.parts import run_part


def main() -> int:
    """Run all kinds and print what came of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only kinds whose name has these words")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    began, jobs = time.monotonic(), given.jobs
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        parts = list(
            pool.map(
                run_part, range(jobs), *([one] * jobs for one in (jobs, given.n, given.seed, given.only))
            )
        )
    outcomes = [one for part in parts for one in part]
    slowest = max(outcomes, key=lambda one: one.seconds)
    ended, lost = Counter(one.ended for one in outcomes), sum(bool(one.lost) for one in outcomes)
    print(
        f"\n{len(outcomes):,} files of {len({one.kind for one in outcomes})} kinds: {ended['read']:,} read,"
        f" {ended['refused']:,} refused in a sentence, {ended['traceback']} tracebacks, {lost} with files"
        f" lost; slowest {slowest.seconds:.2f} s ({slowest.kind}); {time.monotonic() - began:.0f} s in all"
    )
    return 1 if ended["traceback"] or lost else 0


if __name__ == "__main__":
    sys.exit(main())
