"""A board of real responses, by one command: five models of three families, graded anew,
with the recorded accuracies beside.

    python -m benchmarks.trace_board ../shared/data/traces [--out FOLDER]

Ends with 1 where an accuracy on the board is not the recorded one but for the disagreements that
`benchmarks.regrading` judges.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.regrading import VERDICTS, grades, table
from harness_ext.importing import About, import_runs
from harness_ext.pages.leaderboard import Board, leaderboard

MODELS = {
    "qwen2.5-14b-instruct": About("qwen2_5", "base", "qwen2.5-14b-instruct"),
    "sky-t1-correct-5k-14b": About("qwen2_5", "st", "qwen2.5-14b-instruct"),
    "sky-t1-wrong-5k-14b": About("qwen2_5", "st_w", "qwen2.5-14b-instruct"),
    "qwen2.5-math-7b": About("qwen2_5_math", "base"),
    "gemma-2-27b-it": About("gemma2", "base"),
}


def trace_board(traces: Path, out: Path) -> Board:
    """Write run folders and a board of all responses below *traces* into *out*."""
    files = [path for model in MODELS for path in sorted((traces / model).glob("*.jsonl"))]
    import_runs(files, out / "runs", models=MODELS)
    board, _ = leaderboard(
        [out / "runs" / model for model in MODELS],
        out / "board",
        title="Responses of Sky-T1's repository, graded anew",
    )
    return board


def accuracies(board: Board) -> dict[tuple[str, str], float]:
    """Return the accuracy of every model on every task of a board."""
    tasks = {column.id: column.task for column in board.columns}
    return {
        (entry.runs[0].model, tasks[column]): figure.estimate
        for view in board.views
        for entry in view.entries
        for column, figure in entry.tasks.items()
    }


def main() -> int:
    """Build the board and compare its accuracies with the recorded ones."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, help="keep runs and board in this folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shown = accuracies(trace_board(given.traces, given.out or Path(scratch)))
    n, right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for grade in grades(given.traces):
        n[grade.model, grade.task] += 1
        # Where the two disagree, and the disagreement was judged, our grade stands for the recorded one.
        right[grade.model, grade.task] += (
            grade.ours if (grade.model, grade.task, grade.row) in VERDICTS else grade.recorded
        )
    rows, same = [], True
    for place, accuracy in shown.items():
        judged = sum(key[:2] == place for key in VERDICTS)
        expected = right[place] / n[place]
        same &= abs(accuracy - expected) < 1e-12
        rows.append((*place, n[place], f"{accuracy:.1%}", f"{expected:.1%}", judged))
    table(
        (
            "model",
            "task",
            "items",
            "on the board",
            "as recorded, judged disagreements mended",
            "disagreements",
        ),
        rows,
        markdown=False,
    )
    print("The same everywhere." if same and shown.keys() == n.keys() else "NOT the same.")
    if given.out:
        print(f"Board: {given.out / 'board' / 'index.html'}")
    return int(not same or shown.keys() != n.keys())


if __name__ == "__main__":
    sys.exit(main())
