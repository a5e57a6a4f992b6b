"""The kinds of files that fall to one of several processes."""

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.fuzz_files import all_kinds, outcomes_of
from benchmarks.fuzz_files.trial import Outcome


def run_part(process: int, jobs: int, n: int, seed: int, only: str) -> list[Outcome]:
    """Run the kinds that fall to one of several processes, of *n* files in all, and print of each what came
    of it; return that without the files.
    """
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as scratch:
        kinds = [kind for kind in all_kinds(Path(scratch)) if only in kind.name]
        bounds = [
            round(n * sum(one.share for one in kinds[:end]) / sum(one.share for one in kinds))
            for end in range(len(kinds) + 1)
        ]
        for number in range(process, len(kinds), jobs):
            own = outcomes_of(kinds[number], bounds[number + 1] - bounds[number], seed)
            _print(kinds[number].name, own)
            outcomes += [replace(one, content=b"") for one in own]
    return outcomes


def _print(kind: str, own: list[Outcome]) -> None:
    ended, longest = Counter(one.ended for one in own), max((one.seconds for one in own), default=0.0)
    lost = sum(bool(one.lost) for one in own)
    print(
        f"{kind:45} {len(own):5} files: {ended['read']:5} read, {ended['refused']:5} refused,"
        f" {ended['traceback']} tracebacks, {lost} lost something; longest {longest:.2f} s",
        flush=True,
    )
    shown: set[str] = set()
    for one in own:
        last = " | ".join(one.told.strip().splitlines()[-3:])[-300:]
        name = f"{one.kind}: {last if one.ended == 'traceback' else one.lost}"
        if (one.ended == "traceback" or one.lost) and name not in shown:
            shown.add(name)
            print(
                f"\n=== {name}\n{one.told[-2500:]}\ncontent: {str(one.content)[:600]}\nlost: {one.lost}\n",
                flush=True,
            )
