"""Changes files of every kind that stylerep reads, and counts what is no sentence.

    python -m benchmarks.fuzz_files [--n 10000] [--seed 0] [--only WORDS]

So many files are changed in all, of each kind its share. Ends with 1 where something else than a sentence came of one, a file was lost, or one took 20 s.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.fuzz_files import all_kinds, outcomes_of
from benchmarks.fuzz_files.trial import Outcome


def main() -> int:
    """Run all kinds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only kinds whose name has these words")
    parser.add_argument("--show", type=int, default=10, help="how many different tracebacks to print")
    given = parser.parse_args()
    began, outcomes = time.monotonic(), list[Outcome]()
    shown: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        kinds = [kind for kind in all_kinds(Path(scratch)) if given.only in kind.name]
        shares = sum(kind.share for kind in kinds)
        for number, kind in enumerate(kinds):
            share = round(given.n * sum(one.share for one in kinds[: number + 1]) / shares) - len(outcomes)
            own = outcomes_of(kind, share, given.seed)
            outcomes += own
            ended, longest = Counter(one.ended for one in own), max((one.seconds for one in own), default=0.0)
            lost = sum(bool(one.lost) for one in own)
            print(
                f"{kind.name:45} {len(own):5} files: {ended['read']:5} read, {ended['refused']:5} refused, {ended['traceback']} tracebacks, "
                f"{lost} lost something; longest {longest:.2f} s",
                flush=True,
            )
            for one in own:
                _show(one, shown, given.show)
    slowest = max(outcomes, key=lambda one: one.seconds)
    bad, lost = sum(one.ended == "traceback" for one in outcomes), sum(bool(one.lost) for one in outcomes)
    print(
        f"\n{len(outcomes):,} files of {len(kinds)} kinds: {bad} tracebacks, {lost} with files lost; slowest {slowest.seconds:.2f} s ({slowest.kind}); "
        f"{time.monotonic() - began:.0f} s in all"
    )
    return 1 if bad or lost else 0


def _show(one: Outcome, shown: set[str], most: int) -> None:
    """Print what went wrong with a file, unless it was shown of another."""
    name = f"{one.kind}: {' | '.join(one.told.strip().splitlines()[-3:])[-300:] if one.ended == 'traceback' else one.lost}"
    if (one.ended == "traceback" or one.lost) and name not in shown and len(shown) < most:
        shown.add(name)
        print(f"\n=== {name}\n{one.told[-2500:]}\ncontent: {str(one.content)[:600]}\nlost: {one.lost}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
