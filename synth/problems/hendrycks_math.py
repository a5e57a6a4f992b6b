r"""MATH: competition problems with worked solutions in LaTeX (Hendrycks et al., 2021, arXiv:2103.03874).

    {"problem": "What is the sum of …", "solution": "We have $2 + 8 = \\boxed{10}.$", "answer": "10",
     "subject": "Algebra", "level": 3}

``test`` is MATH-500, the part of its test split that Lightman et al. (2023, arXiv:2305.20050) evaluate on;
``train`` are its 7,500 training problems. Each sentence of the solution is a step.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.grading.final_answer import last_box
from synth.problems.local_files import Published, benchmark_rows, text_field
from synth.problems.problem import Problem
from synth.problems.worked_solution import prose_steps
from synth.problems.wrong_latex import wrong_latex
from synth.rows import Row
from synth.seeding import generator

SPLITS = {
    "train": Published(("math_train.jsonl",), "DigitalLearningGmbH/MATH-lighteval", ("train",)),
    "test": Published(("math500.jsonl",), "HuggingFaceH4/MATH-500", ("test",)),
}
_BARE_BOX = re.compile(r"\\boxed\s+(\w)")


def hendrycks_math(split: str, seed: int = 0, path: Path | None = None) -> Iterator[Problem]:
    """Yield the problems of a split, in an order drawn by the seed.

    Reads *path*, else the local file (``math_train.jsonl``, ``math500.jsonl``; see
    `synth.problems.local_files`), else the Hub. Raises StylerepError, naming the line,
    for a row it cannot read.
    """
    rows = list(enumerate(benchmark_rows("math", SPLITS, split, path)))
    generator("math", split, seed).shuffle(rows)
    for number, row in rows:
        yield _problem(row, f"math-{split}-{number}", wrong_answers=True)


def read_math(split: str, path: Path | None = None) -> list[Problem]:
    """Read a whole split in its published order, without wrong answers, which take time;
    see `hendrycks_math`.
    """
    return [
        _problem(row, f"math-{split}-{number}", wrong_answers=False)
        for number, row in enumerate(benchmark_rows("math", SPLITS, split, path))
    ]


def _problem(row: Row, identifier: str, wrong_answers: bool) -> Problem:
    question, solution = text_field(row, "problem"), text_field(row, "solution")
    answer = row.fields.get("answer") or last_box(solution) or "".join(_BARE_BOX.findall(solution)[-1:])
    if not isinstance(answer, str) or not answer.strip():
        raise StylerepError(f'{row.where}: there is no "answer", and the solution states none in a box.')
    answer = answer.strip()
    wrong = wrong_latex(answer, generator("math", identifier), question) if wrong_answers else ()
    return Problem(
        identifier, "math", question, answer, "latex", prose_steps(solution), _meta(row.fields), wrong
    )


def _meta(fields: dict[str, Any]) -> dict[str, Any]:
    """Return subject and level, whose names and form differ between copies of the data set."""
    level = re.search(r"\d", str(fields.get("level")))
    return {"subject": fields.get("subject") or fields.get("type"), "level": int(level[0]) if level else None}
