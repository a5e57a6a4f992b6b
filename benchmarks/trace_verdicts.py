"""Verdicts on real responses: a 14B model distilled on right and on wrong traces, against each other and against their base.

    python -m benchmarks.trace_verdicts ../shared/data/traces [--recorded] [--margin 0.05]

Responses are graded anew; --recorded takes the grades that came with them.
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

from benchmarks.regrading import ANSWER_TYPES
from harness_ext.compare import Report, compare
from harness_ext.compare.tables import report_notes, report_tables
from harness_ext.compare.to_text import markdown_table
from harness_ext.metrics import score

BASE, RIGHT, WRONG = "qwen2.5-14b-instruct", "sky-t1-correct-5k-14b", "sky-t1-wrong-5k-14b"
TASKS = ("aime24", "amc23")
_STYLE = ("answered", "pivot_density", "pivot_kinds", "trace_words", "style_adherence", "stage_coverage")


def write_run(traces: Path, model: str, out: Path, recorded: bool) -> Path:
    """Write the responses of a model as a run folder, items named by the hash of their question."""
    (out / model).mkdir(parents=True)
    for task in TASKS:
        lines = []
        for line in (traces / model / f"{task}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            (response,), (grade,) = row["code"], row["score"]
            scores = score(response, str(row.get("answer") or row["gt"]), ANSWER_TYPES[task])
            kept = {name: scores[name] for name in _STYLE}
            accuracy = float(grade) if recorded else scores["acc"]
            lines.append(json.dumps({"doc_hash": hashlib.sha256(row["question"].encode()).hexdigest(), "filter": "none", "acc": accuracy, **kept}))
        (out / model / f"samples_{task}_2026-01-01T00-00-00.0.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out / model


def verdicts(traces: Path, recorded: bool, margin: float) -> list[Report]:
    """Return both distilled models against their base, then the one distilled on right traces against the other."""
    with tempfile.TemporaryDirectory() as scratch:
        runs = {model: write_run(traces, model, Path(scratch), recorded) for model in (BASE, RIGHT, WRONG)}
        return [compare([runs[BASE], runs[RIGHT], runs[WRONG]], margin=margin), compare([runs[WRONG], runs[RIGHT]], margin=margin)]


def main() -> None:
    """Read the command line and print the verdicts as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--recorded", action="store_true", help="take the grades that came with the responses")
    parser.add_argument("--margin", type=float, default=0.05)
    options = parser.parse_args()
    for report in verdicts(options.traces, options.recorded, options.margin):
        for table in report_tables(report):
            print(markdown_table(table), end="\n\n")
        print("\n".join(f"- {note}" for note in report_notes(report)), end="\n\n")


if __name__ == "__main__":
    main()
