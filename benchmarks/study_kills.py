"""A study killed at random moments, again and again, against the same study left alone.

    python -m benchmarks.study_kills [--kills 20] [--seed 0]

The study is of a random model of 50,000 parameters: two arms, four seeds, eighteen cells. Every other kill
takes the workers too; the others leave them to themselves. Ends with 1 where a result differs,
or a cell that was done is done again.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from harness_ext.pipelines.study.worker import read_journal
from tests.conftest import make_tiny_model
from tests.harness_ext.pipelines.study.files import results, write_study
from tests.harness_ext.pipelines.study.kills import run_killed


def main() -> int:
    """Run the study twice and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        study = write_study(folder, make_tiny_model(folder / "model"), seeds=[0, 1, 2, 3])
        times = []
        for name, kills in (("whole", 0), ("killed", given.kills)):
            began = time.monotonic()
            killed = run_killed(study, folder / name, kills, given.seed, 8.0)
            times.append(time.monotonic() - began)
        whole, again = results(folder / "whole"), results(folder / "killed")
        events = Counter((one["cell"], one["event"]) for one in read_journal(folder / "killed"))
    cells = sorted({cell for cell, _ in events})
    starts = sum(count for (_, event), count in events.items() if event in ("begun", "continued"))
    twice = [cell for cell in cells if events[cell, "done"] != 1]
    differ = [name for name in sorted(whole.keys() | again.keys()) if whole.get(name) != again.get(name)]
    print(
        f"Killed {killed} times in {times[1]:.0f} s (left alone, it takes {times[0]:.0f} s); {len(cells)}"
        f" cells were started {starts} times in all."
    )
    print(f"{len(whole)} results compared: {len(differ)} differ{': ' + ', '.join(differ) if differ else ''}.")
    print(f"Cells not done exactly once: {', '.join(twice) or 'none'}.")
    return int(bool(differ or twice or killed < given.kills))


if __name__ == "__main__":
    sys.exit(main())
