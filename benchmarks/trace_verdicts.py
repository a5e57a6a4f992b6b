"""Verdicts on real responses: a 14B model distilled on right and on wrong traces,
against each other and against their base.

    python -m benchmarks.trace_verdicts ../shared/data/traces [--recorded] [--margin 0.05]

Responses are graded anew; --recorded takes the grades that came with them.
"""

import argparse
import tempfile
from pathlib import Path

from harness_ext.compare import Report, compare
from harness_ext.compare.tables import report_notes, report_tables
from harness_ext.compare.to_text import markdown_table
from harness_ext.importing import About, import_runs

BASE, RIGHT, WRONG = "qwen2.5-14b-instruct", "sky-t1-correct-5k-14b", "sky-t1-wrong-5k-14b"
TASKS = ("aime24", "amc23")
ARMS = {BASE: "base", RIGHT: "st", WRONG: "st_w"}


def verdicts(traces: Path, recorded: bool, margin: float) -> list[Report]:
    """Return both distilled models against their base,
    then the one distilled on right traces against the other.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = [traces / model / f"{task}.jsonl" for model in ARMS for task in TASKS]
        models = {model: About(base_model=BASE, arm=arm) for model, arm in ARMS.items()}
        import_runs(files, scratch, models=models, regrade=not recorded)
        runs = {model: Path(scratch) / model for model in ARMS}
        return [
            compare([runs[BASE], runs[RIGHT], runs[WRONG]], margin=margin),
            compare([runs[WRONG], runs[RIGHT]], margin=margin),
        ]


def main() -> None:
    """Read the command line and print the verdicts as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("traces", type=Path)
    parser.add_argument(
        "--recorded", action="store_true", help="take the grades that came with the responses"
    )
    parser.add_argument("--margin", type=float, default=0.05)
    options = parser.parse_args()
    for report in verdicts(options.traces, options.recorded, options.margin):
        for table in report_tables(report):
            print(markdown_table(table), end="\n\n")
        print("\n".join(f"- {note}" for note in report_notes(report)), end="\n\n")


if __name__ == "__main__":
    main()
