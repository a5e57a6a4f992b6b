"""How long a study takes beside the build of another checkout, each with its own file of that study.

    python -m benchmarks.whole_study STUDY --beside CHECKOUT [--arms hc,hc_np] [--seeds 0] [--jobs 2]

Both run in this Python, one after the other, in folders of their own, with nothing done before but the
model's pull. The arms and seeds may be fewer than the file has, for a study of hours. Times are of the whole
command, start, comparison, board and report among them; processor time is that of all its processes.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parents[1]


def reduced(study: Path, arms: list[str] | None, seeds: list[int] | None, folder: Path) -> Path:
    """Write a study with fewer arms and seeds into *folder*, and only the claims about those, and return its
    file.
    """
    written = yaml.safe_load(study.read_text(encoding="utf-8"))
    written["arms"] = arms or written["arms"]
    written["seeds"] = written["seeds"] if seeds is None else seeds
    there = {"base", *written["arms"]}
    written["claims"] = [
        claim
        for claim in written.get("claims", [])
        if all(set(value) <= there for value in claim.values() if isinstance(value, list))
    ]
    file = folder / study.name
    file.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    return file


def run(checkout: Path, study: Path, out: Path, jobs: int) -> tuple[float, float]:
    """Run a study with the code of a checkout; return its seconds and those of the processor."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "harness_ext", "reproduce", str(study), "--out", str(out)]
    subprocess.run(
        [*command, "--jobs", str(jobs)],
        cwd=out.parent,
        env={**os.environ, "PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"},
        stdout=sys.stderr,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, used


def accuracies(out: Path) -> str:
    """Return the accuracy of each run by its arm and seed, in percent."""
    cells = json.loads((out / "verdicts.json").read_text(encoding="utf-8"))["cells"]
    return ", ".join(f"{cell['run']} {100 * cell['acc']:.1f}" for cell in cells)


def main() -> None:
    """Run the study of both and print how long each took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", help="name of a study that both checkouts have, such as small")
    parser.add_argument("--beside", type=Path, required=True, help="another checkout of this repository")
    parser.add_argument("--arms", type=lambda text: text.split(","))
    parser.add_argument("--seeds", type=lambda text: [int(one) for one in text.split(",")])
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    took = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, checkout in (("this", HERE), ("other", given.beside.resolve())):
            folder = Path(scratch) / name
            folder.mkdir()
            study = reduced(checkout / "studies" / f"{given.study}.yaml", given.arms, given.seeds, folder)
            took[name] = run(checkout, study, folder / "out", given.jobs)
            print(
                f"{checkout.name}: {took[name][0]:.0f} s, {took[name][1]:.0f} s of processor time;",
                flush=True,
            )
            print(f"  {accuracies(folder / 'out')}", flush=True)
    one, other = took["this"], took["other"]
    print(
        f"this one takes {one[0] / other[0]:.0%} of the time and {one[1] / other[1]:.0%} of the processor's"
    )


if __name__ == "__main__":
    main()
