"""How our grades of real responses agree with the grades that came with them,
and who is right where they do not.

    python -m benchmarks.regrading ../shared/data/traces [--markdown]
    python -m benchmarks.regrading hostile                               # 10,000 responses that mean harm,
    timed

Ends with 1 where a disagreement has no verdict, or a verdict is of no disagreement any more.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from harness_ext.stats import wilson_interval
from synth.grading.answers import final_answer, is_right
from tests.hostile import hostile_responses
from tests.synth.grading.test_hostile_answers import GOLDS

ANSWER_TYPES = {"aime24": "number", "amc23": "number", "math500": "latex"}
QWEN, QWEN_MATH = "qwen2.5-14b-instruct", "qwen2.5-math-7b"
_COMMAS = (
    "the number is the gold one; the other grader took the commas in the gold for separators of several"
    " numbers"
)
_CUT_OFF = (
    "cut off within its reasoning, no answer is given; the other grader took the last number of the"
    " unfinished text"
)
# Each judged by reading the problem, the gold answer and the end of the response: who is right, and why.
VERDICTS = {
    (QWEN, "math500", 184): (
        "ours",
        "the interval must be open: the value 2 is approached, never taken; the response closes it",
    ),
    (QWEN, "math500", 198): ("ours", _COMMAS),
    (QWEN, "math500", 217): ("ours", _COMMAS),
    (QWEN, "math500", 284): (
        "ours",
        "the two roots are listed, as was asked; the gold writes the same two with a plus-minus sign",
    ),
    (QWEN_MATH, "math500", 198): ("ours", _COMMAS),
    (QWEN_MATH, "math500", 296): ("ours", "the gold letter; only the typeface is another"),
    (QWEN_MATH, "math500", 384): (
        "ours",
        "without a box, but the whole response is one line of work that ends in the gold formula",
    ),
    ("sky-t1-correct-5k-14b", "amc23", 7): ("ours", _CUT_OFF),
    ("sky-t1-wrong-5k-14b", "aime24", 7): ("ours", _CUT_OFF),
}


class Grade(NamedTuple):
    """One response: where it is, what it states, and whether it is right, as recorded, by us, and by us
    against the other grader's form of the gold.
    """

    model: str
    task: str
    row: int
    stated: str | None
    gold: str
    recorded: bool
    ours: bool
    ours_of_gt: bool


def grades(folder: Path) -> Iterator[Grade]:
    """Yield all responses, graded anew against the gold answer as it was published, which is `answer`; `gt`
    is what the other grader made of it.
    """
    for path in sorted(folder.glob("*/*.jsonl")):
        answer_type = ANSWER_TYPES[path.stem]
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                row: dict[str, Any] = json.loads(line)
                gold, gt = str(row.get("answer") or row["gt"]), str(row["gt"])
                for response, recorded in zip(row["code"], row["score"], strict=True):
                    stated = final_answer(response, answer_type)
                    ours = is_right(stated, gold, answer_type)
                    yield Grade(
                        path.parent.name,
                        path.stem,
                        number,
                        stated,
                        gold,
                        bool(recorded),
                        ours,
                        is_right(stated, gt, answer_type),
                    )


def table(head: Iterable[str], rows: Iterable[Iterable[object]], markdown: bool) -> None:
    """Print a table, for a document or to be read as it is."""
    lines = [list(head), *([str(cell) for cell in row] for row in rows)]
    if markdown:
        lines = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        lines.insert(1, ["---"] * len(lines[0]))
        print("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    print(
        "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
    )


def hostile() -> None:
    """Print how long 10,000 hostile responses take, graded as each answer type, and the slowest."""
    for answer_type, (gold, meta) in GOLDS.items():
        is_right("x", gold, answer_type, meta)  # loads the libraries and starts the process that compares
    began, characters, slowest = time.perf_counter(), 0, (0.0, "", "")
    for response in hostile_responses(10_000):
        characters += len(response)
        for answer_type, (gold, meta) in GOLDS.items():
            start = time.perf_counter()
            stated = final_answer(response, answer_type)
            is_right(stated, gold, answer_type, meta)
            slowest = max(slowest, (time.perf_counter() - start, answer_type, ascii(stated)[:80]))
    seconds = time.perf_counter() - began
    print(
        f"10,000 hostile responses, {characters / 1e6:.0f} million characters, {len(GOLDS)} answer types:"
        f" {seconds:.0f} s."
    )
    print(f"Slowest: {slowest[0]:.2f} s, {slowest[1]}, {slowest[2]}")


def main() -> int:
    """Print agreement by model and task, and every disagreement with who is right."""
    if sys.argv[1:] == ["hostile"]:
        hostile()
        return 0
    markdown = "--markdown" in sys.argv[1:]
    folder = Path(next(argument for argument in sys.argv[1:] if not argument.startswith("--")))
    began, computed = time.perf_counter(), time.process_time()
    graded = list(grades(folder))
    seconds, own = time.perf_counter() - began, time.process_time() - computed
    if not graded:
        print(f"{folder}: there are no <model>/<task>.jsonl in it.")
        return 1
    totals, agreed = (
        Counter((one.model, one.task) for one in graded),
        Counter((one.model, one.task) for one in graded if one.ours == one.recorded),
    )
    means = {
        place: [
            sum(getattr(one, who) for one in graded if (one.model, one.task) == place) / n
            for who in ("recorded", "ours")
        ]
        for place, n in totals.items()
    }
    rows = [
        (*place, n, f"{means[place][0]:.1%}", f"{means[place][1]:.1%}", f"{agreed[place] / n:.1%}")
        for place, n in totals.items()
    ]
    table(("model", "task", "responses", "right as recorded", "right by us", "agreement"), rows, markdown)
    bound = wilson_interval(agreed.total(), len(graded))
    print(
        f"\nAgreement: {agreed.total()} of {len(graded)}, {agreed.total() / len(graded):.2%}"
        f" [{bound.low:.2%}, {bound.high:.2%}]."
    )
    against_gt = sum(one.ours_of_gt == one.recorded for one in graded)
    print(
        f"Against the other grader's own form of the gold answers (gt): {against_gt},"
        f" {against_gt / len(graded):.2%}."
    )
    print(
        f"Time: {seconds:.1f} s for both, {own:.1f} s of it in this process,"
        f" {1000 * seconds / len(graded):.1f} ms a response.\n"
    )
    differ = [one for one in graded if one.ours != one.recorded]
    words = {True: "right", False: "wrong"}
    shown = []
    for one in differ:
        who, why = VERDICTS.get((one.model, one.task, one.row), ("?", "not judged"))
        stated, gold = (
            f"`{' '.join(text.split())[:60]}`" if text else "nothing" for text in (one.stated, one.gold)
        )
        shown.append(
            (one.model, one.task, one.row, stated, gold, words[one.recorded], words[one.ours], who, why)
        )
    table(
        ("model", "task", "row", "stated", "gold", "recorded", "ours", "who is right", "why"), shown, markdown
    )
    places = {(one.model, one.task, one.row) for one in differ}
    print(f"\nOf {len(differ)} disagreements we are right in {sum(line[-2] == 'ours' for line in shown)}.")
    for place in sorted(places - VERDICTS.keys()):
        print(f"No verdict says who is right: {', '.join(map(str, place))}.")
    for place in sorted(VERDICTS.keys() - places):
        print(f"The verdict is of no disagreement any more: {', '.join(map(str, place))}.")
    return int(places != VERDICTS.keys())


if __name__ == "__main__":
    sys.exit(main())
