"""SVAMP: one-step word problems, varied so that a problem cannot be told by its words alone (Patel et al.,
2021, arXiv:2103.07191).

    {"ID": "chal-2", "Body": "Dan had $ 3 left …", "Question": "How much did …?", "Equation": "( 4.0 - 3.0 )",
    "Answer": 1.0, "Type": "Subtraction"}

The one split, ``test``, is all 1,000 problems in the order of their ids, whatever that of the rows. The
equation is the worked step.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from synth.arithmetic import evaluate, number_text
from synth.errors import StylerepError
from synth.problems.local_files import Published, benchmark_rows, text_field
from synth.problems.problem import Claim, Problem, Step
from synth.rows import Row
from synth.seeding import generator

SPLITS = {"test": Published(("svamp.jsonl",), "ChilleD/SVAMP", ("train", "test"))}
_ENDS = (".", "?", "!", ":", ",", ";")
_TYPES = {"Common-Divison": "Common-Division"}


def svamp(split: str, seed: int = 0, path: Path | None = None) -> Iterator[Problem]:
    """Yield the problems, in an order drawn by the seed.

    Reads *path*, else the local ``svamp.jsonl`` (see `synth.problems.local_files`), else the Hub's
    ``ChilleD/SVAMP``, both its splits. Raises StylerepError, naming the line, for a row it cannot read.
    """
    problems = read_svamp(split, path)
    generator("svamp", split, seed).shuffle(problems)
    yield from problems


def read_svamp(split: str, path: Path | None = None) -> list[Problem]:
    """Read all problems in the order of their ids; see `svamp`."""
    problems = [_problem(row) for row in benchmark_rows("svamp", SPLITS, split, path)]
    return sorted(
        problems,
        key=lambda problem: [
            int(part) if part.isdigit() else -1 for part in re.findall(r"\d+|\D+", problem.id)
        ],
    )


def _problem(row: Row) -> Problem:
    body, question = text_field(row, "Body"), text_field(row, "Question")
    value = evaluate(str(row.fields.get("Answer")))
    if value is None:
        raise StylerepError(
            f'{row.where}: expected a number as "Answer", found {str(row.fields.get("Answer"))[:40]!r}.'
        )
    answer = number_text(value)
    kind = row.fields.get("Type")
    told = f"{body if body.endswith(_ENDS) else body + '.'} {question}"
    meta = {"type": _TYPES.get(str(kind), kind)}
    return Problem(
        f"svamp-{text_field(row, 'ID')}",
        "svamp",
        told,
        answer,
        "number",
        _steps(row.fields.get("Equation"), answer),
        meta,
    )


def _steps(equation: object, answer: str) -> tuple[Step, ...]:
    """Return the equation as a step, without the parentheses around all of it, if it gives the answer."""
    expression = re.sub(r"(\d)\.0(?!\d)", r"\1", str(equation)).strip()
    expression = re.sub(r"^\(\s*(.*?)\s*\)$", r"\1", expression) if expression.count("(") == 1 else expression
    value = evaluate(expression)
    if value is None or number_text(value) != answer:
        return ()
    return (Step(f"{expression} = {answer}.", (Claim(expression, answer),)),)
