"""Results of other harnesses: the files in fixtures, made by lm_eval 0.4.13, lighteval 0.13.0 and inspect_ai
0.3.285, and rows made up here.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness_ext.runs.run_folder import sample_files

FIXTURES = Path(__file__).parent / "fixtures"
LM_EVAL = FIXTURES / "lm_eval"
INSPECT = FIXTURES / "inspect"
_DATE = "2026-11-23T18-11-26.799549"
PENS = (
    "Ann has 4 pens and buys 3. How many pens has she?",
    "Ben picks 12 pears and eats 5. How many are left?",
    "A box holds 6 eggs. How many eggs are in 4 boxes?",
)
GOLDS = ("7", "7", "24")


def lighteval_output(folder: Path, *tasks: str) -> Path:
    """Lay lighteval's files out as it does; the bars in its file names cannot be kept in every checkout."""
    details, results = folder / "details/org/canned" / _DATE, folder / "results/org/canned"
    details.mkdir(parents=True)
    results.mkdir(parents=True)
    for task in tasks:
        shutil.copy(
            FIXTURES / f"lighteval/details_{task}.parquet", details / f"details_{task}|0_{_DATE}.parquet"
        )
    shutil.copy(FIXTURES / "lighteval/results.json", results / f"results_{_DATE}.json")
    return folder


def rows_file(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows as JSONL, of a fixed date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pens(*responses: str, **more: Any) -> list[dict[str, Any]]:
    """Return a row for each of the three questions about pens, pears and eggs."""
    return [
        {"question": q, "answer": a, "response": r, **more}
        for q, a, r in zip(PENS, GOLDS, responses, strict=True)
    ]


def samples(folder: Path, task: str) -> list[dict[str, Any]]:
    """Return the rows of a task of a run."""
    return [
        json.loads(line)
        for line in sample_files(folder)[task].read_text(encoding="utf-8").split("\n")
        if line
    ]


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
