"""Reads what the demo found into ``demo.json`` beside this file, and prints its tables.

    python docs/images/read_demo.py demo

The tables stand in ``docs/measurements/demo.md``.
"""

import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
TRAINED_ON = {
    "base": "not trained",
    "nt": "answers alone",
    "sbs": "plain steps",
    "hc": "styled traces",
    "hc_w": "styled, wrong conclusions",
}


def read(folder: Path) -> dict[str, Any]:
    """Return the numbers of a demo that has ended in *folder*; shares in percent, differences in points."""
    study = yaml.safe_load((HERE.parents[1] / "studies" / "demo.yaml").read_text(encoding="utf-8"))
    verdicts = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    compared = {one["arm"]: one for one in verdicts["comparisons"]}
    return {
        "command": "stylerep reproduce demo",
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "processor": _processor(),
        "task": study["evaluate"]["tasks"],
        "training_problems": study["n"],
        "test_problems": study["evaluate"]["limit"],
        "margin_points": 100 * study["margin"],
        "runs": [
            _run(cell, compared.get(cell["arm"]))
            for cell in sorted(verdicts["cells"], key=lambda cell: list(TRAINED_ON).index(cell["arm"]))
        ],
        "claims": [
            {"claim": one["name"], "outcome": one["outcome"], "p_holm": round(one["p_holm"], 4)}
            for one in verdicts["claims"]["claims"]
        ],
    }


def _run(cell: dict[str, Any], compared: dict[str, Any] | None) -> dict[str, Any]:
    run = {
        "run": cell["arm"],
        "trained_on": TRAINED_ON[cell["arm"]],
        "accuracy": _points(cell["acc"]),
        "interval": [_points(cell["acc_low"]), _points(cell["acc_high"])],
        "answered": round(cell["answered"], 2),
        "pivots_per_100_words": round(cell["pivot_density"], 2),
        "words": round(cell["trace_words"]),
    }
    if compared is None:
        return run
    return {
        **run,
        "difference": _points(compared["difference"]),
        "difference_interval": [_points(compared["low"]), _points(compared["high"])],
        "verdict": compared["verdict"],
    }


def _points(share: float) -> float:
    return round(100 * share, 1)


def _commit() -> str:
    git = shutil.which("git") or "git"
    command = [git, "-C", str(HERE), "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    from synth.processes.workers import processor_cores

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    flags = next(line for line in lines if line.startswith("flags")).split()
    has = [name for flag, name in (("avx512_bf16", "AVX-512 BF16"), ("amx_bf16", "AMX")) if flag in flags]
    return f"{processor_cores()} cores ({model} with {' and '.join(has) or 'no bfloat16'}), no GPU"


def tables(found: dict[str, Any]) -> str:
    """Return the numbers as two tables in Markdown: of runs, and of claims."""
    lines = [
        "| run | accuracy [95 %] | answered | pivots / 100 words | words | difference from base [95 %]"
        " | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for run in found["runs"]:
        low, high = run["interval"]
        told = (
            f"{run['difference']:+.1f} [{run['difference_interval'][0]:+.1f},"
            f" {run['difference_interval'][1]:+.1f}] | {run['verdict']}"
            if "difference" in run
            else " | baseline"
        )
        lines.append(
            f"| `{run['run']}` | {run['accuracy']} [{low}, {high}] | {run['answered']:.2f} |"
            f" {run['pivots_per_100_words']:.2f} | {run['words']:.0f} | {told.replace('-', '−')} |"
        )
    lines += ["", "| claim | outcome | p Holm |", "|---|---|---|"]
    for one in found["claims"]:
        p = "< .001" if one["p_holm"] < 0.001 else f"{one['p_holm']:.3f}".removeprefix("0")
        lines.append(f"| {one['claim']} | {one['outcome']} | {p} |")
    return "\n".join(lines)


if __name__ == "__main__":
    numbers = read(Path(sys.argv[1]))
    (HERE / "demo.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    print(tables(numbers))
