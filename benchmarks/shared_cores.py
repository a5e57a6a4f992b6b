"""How much work two programs of torch do at once on the same cores, as their threads wait.

    python -m benchmarks.shared_cores [--seconds 8] [--rounds 3]

Each does products and sums of the sizes of a small model's layers, with as many threads as there are cores.
Prints the passes that one alone and two at once come to, with libgomp's default and as `share_cores` sets it,
medians over rounds that take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from synth.processes.openmp import share_cores


def work(seconds: float) -> int:
    """Return how many passes are done in so many *seconds*."""
    import torch

    x, weight = torch.randn(800, 576), torch.randn(1536, 576)
    rest = torch.randn(800 * 1536)
    passes, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        (x @ weight.t()).sum()
        (rest * 2).add_(rest)
        passes += 1
    return passes


def at_once(programs: int, seconds: float, environment: dict[str, str]) -> int:
    """Return the passes of so many *programs* together."""
    command = [sys.executable, "-m", "benchmarks.shared_cores", "--work", str(seconds)]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(programs)
    ]
    return sum(int(one.communicate()[0]) for one in running)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=float)
    asked = parser.parse_args()
    if asked.work:
        print(work(asked.work))
        return
    usual = {
        name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    ours = dict(usual)
    share_cores(ours)
    found: dict[tuple[str, int], list[int]] = {}
    for _ in range(asked.rounds):
        for programs in (1, 2):
            for name, environment in (("default", usual), ("share_cores", ours)):
                passes = at_once(programs, asked.seconds, environment)
                found.setdefault((name, programs), []).append(passes)
    for (name, programs), passes in found.items():
        print(f"{programs} at once, {name}: {statistics.median(passes):,.0f} passes ({passes})")


if __name__ == "__main__":
    main()
