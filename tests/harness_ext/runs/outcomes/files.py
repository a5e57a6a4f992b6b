"""Small outcomes files, and run folders that they are made of."""

import json
from pathlib import Path
from typing import Any

from harness_ext.runs.outcomes import OutcomesFile, RunLabel, read_outcomes
from tests.harness_ext.compare.runs import write_scored

DATE = "2026-11-22T10-00-00.000001"


def label(**changes: Any) -> RunLabel:
    given = {"study": "tiny", "run": "m/hc-0", "model": "m", "arm": "hc", "seed": 0, "key": "k0"}
    return RunLabel(**{**given, "seconds": 12.5, **changes})


def run_folder(folder: Path, **manifest: Any) -> Path:
    """Write a run of two tasks, one of them under two filters, whose first rows say how they were made."""
    write_scored(folder, "sums", "none", acc=[1, 0, 0.5], trace_words=[3, 1e-3, 70])
    write_scored(folder, "other", "strict", exact_match=[0, 1, 1], seed=[1, 2, 3])
    write_scored(folder, "other", "loose", exact_match=[1, 1, None], seed_=[1 / 3, 2, 3])
    for path in (folder / "model").glob("samples_*.jsonl"):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        rows[0]["arguments"] = {
            "gen_args_0": {"arg_0": "A prompt.", "arg_1": {"max_gen_toks": 7, "until": ["\n"]}}
        }
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    results = {"versions": {"sums": 2.0}, "n-shot": {"sums": 4}, "config": {"model_num_parameters": 5}}
    (folder / "model" / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    about = {"base_model": "org/m", "arm": "hc", "seed": 0, "files": ["model/x"], **manifest}
    (folder / "manifest.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def outcomes_file(folder: Path) -> Path:
    """Write a file of two runs."""
    file = OutcomesFile(folder / "found.parquet")
    run = run_folder(folder / "run")
    file.add([read_outcomes(run, label()), read_outcomes(run, label(key="k1", seed=1, run="m/hc-1"))])
    return file.path
