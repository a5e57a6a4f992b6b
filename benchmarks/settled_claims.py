"""How often a study of one seed settles its claims: the same study with many seeds, each judged by itself.

    python -m benchmarks.settled_claims studies/demo.yaml --out FOLDER [--seeds 10] [--jobs 2]

Data and items are the same for every seed; what differs is the training. The study runs as
`stylerep reproduce` runs it, so a run that was stopped goes on.
"""

import argparse
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from harness_ext.compare import Report, compare, load_claims
from harness_ext.compare.hypotheses import Outcome
from harness_ext.pipelines.study import reproduce
from harness_ext.pipelines.study.cells import CLAIMS_FILE


def with_seeds(study: Path, seeds: int, out: Path) -> Path:
    """Write the study with the seeds from 0 on into the folder *out* and return its file."""
    written = yaml.safe_load(study.read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    file = out / "study.yaml"
    file.write_text(
        yaml.safe_dump({**written, "seeds": list(range(seeds))}, sort_keys=False), encoding="utf-8"
    )
    return file


def judged(folder: Path, arms: list[str], seed: int, margin: float) -> Report | None:
    """Judge the claims by the runs of one seed and the base; None where some are not there yet."""
    (model,) = (folder / "runs").iterdir()
    runs = [model / "base", *(model / f"{arm}-{seed}" for arm in arms)]
    if not all((run / "manifest.json").is_file() for run in runs):
        return None
    return compare(runs, margin=margin, claims=load_claims(folder / CLAIMS_FILE))


def table(reports: dict[int, Report]) -> list[str]:
    """Return what came of each claim over the seeds, as the lines of a table in Markdown."""
    lines = [
        "| claim | met | not met | inconclusive | difference, points: median [least, most] |",
        "|" + "---|" * 5,
    ]
    for place, first in enumerate(_results(next(iter(reports.values())))):
        results = [_results(report)[place] for report in reports.values()]
        outcomes = Counter(result.outcome for result in results)
        one, other = first.claim.arms
        points = [100 * (by_arm[one] - by_arm[other]) for by_arm in map(accuracies, reports.values())]
        lines.append(
            f"| {first.claim.name} | "
            + " | ".join(str(outcomes[one]) for one in (Outcome.MET, Outcome.NOT_MET, Outcome.INCONCLUSIVE))
            + f" | {statistics.median(points):+.1f} [{min(points):+.1f}, {max(points):+.1f}] |"
        )
    return lines


def accuracies(report: Report) -> dict[str, float]:
    """Return the accuracy of each arm, from 0 to 1."""
    return {cell.arm: cell.accuracy for cell in report.cells}


def _results(report: Report) -> Any:
    assert report.judgement is not None
    return report.judgement.results


def main() -> int:
    """Run the study with its seeds and print the tables; end with 1 where some cells failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--judge-only", action="store_true", help="run nothing; judge the seeds that are there"
    )
    given = parser.parse_args()
    file = with_seeds(given.study, given.seeds, given.out)
    folder, failed = given.out / "runs-of-seeds", {}
    if not given.judge_only:
        failed = reproduce(file, folder, given.jobs, say=lambda line: print(line, flush=True)).state.failed
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    found = {seed: judged(folder, study["arms"], seed, study["margin"]) for seed in range(given.seeds)}
    reports = {seed: report for seed, report in found.items() if report is not None}
    if not reports:
        print("No seed has all of its runs yet.")
        return 1
    print(f"\n{len(reports)} of {given.seeds} seeds of {given.study}, each judged by itself:\n")
    print("\n".join(table(reports)))
    print("\n| seed | " + " | ".join(["base", *study["arms"]]) + " |\n|" + "---|" * (len(study["arms"]) + 2))
    for seed, report in reports.items():
        by_arm = accuracies(report)
        print(
            f"| {seed} | " + " | ".join(f"{100 * by_arm[arm]:.1f}" for arm in ("base", *study["arms"])) + " |"
        )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
