r"""GSM8K: grade-school word problems with annotated worked solutions (Cobbe et al., 2021, arXiv:2110.14168).

    {"question": "A robe takes 2 bolts … ", "answer": "It takes 2/2=<<2/2=1>>1 bolt …\n#### 3"}

Each line before ``####`` is a step; its ``<<expression=result>>`` annotations are the step's claims.
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

SPLITS = {
    split: Published((f"gsm8k_{split}.jsonl",), "openai/gsm8k", (split,), "main")
    for split in ("train", "test")
}
_ANNOTATION = re.compile(r"<<([^<>=]*)=([^<>=]*)>>")


def gsm8k(split: str, seed: int = 0, path: Path | None = None) -> Iterator[Problem]:
    """Yield the problems of a split, in an order drawn by the seed.

    Reads *path*, else the local ``gsm8k_<split>.jsonl`` (see `synth.problems.local_files`), else the
    Hub's ``openai/gsm8k``. Raises StylerepError, naming the line, for a row it cannot read.
    """
    problems = read_gsm8k(split, path)
    generator("gsm8k", split, seed).shuffle(problems)
    yield from problems


def read_gsm8k(split: str, path: Path | None = None) -> list[Problem]:
    """Read a whole split in its published order; see `gsm8k`."""
    return [
        _problem(row, f"gsm8k-{split}-{number}")
        for number, row in enumerate(benchmark_rows("gsm8k", SPLITS, split, path))
    ]


def _problem(row: Row, identifier: str) -> Problem:
    question = text_field(row, "question")
    solution, mark, final = text_field(row, "answer").rpartition("####")
    value = evaluate(final.replace(",", "").replace("$", "").strip().lstrip("0") or "0")
    if not mark or value is None:
        raise StylerepError(f'{row.where}: the answer does not end in "#### <number>".')
    steps = annotated_steps(solution)
    return Problem(identifier, "gsm8k", question, number_text(value), "number", steps, {"steps": len(steps)})


def annotated_steps(solution: str) -> tuple[Step, ...]:
    """Return the lines of a solution as steps, their ``<<expression=result>>`` annotations as claims."""
    return tuple(_step(line) for line in solution.splitlines() if line.strip())


def _step(line: str) -> Step:
    claims = tuple(
        Claim(expression.strip(), result.strip()) for expression, result in _ANNOTATION.findall(line)
    )
    return Step(_ANNOTATION.sub("", line).strip(), claims)
