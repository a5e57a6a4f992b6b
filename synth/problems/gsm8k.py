r"""GSM8K: grade-school word problems with annotated worked solutions (Cobbe et al., 2021, arXiv:2110.14168).

    {"question": "A robe takes 2 bolts … ", "answer": "It takes 2/2=<<2/2=1>>1 bolt …\n#### 3"}

Each line before ``####`` is a step; its ``<<expression=result>>`` annotations are the step's claims.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from synth.arithmetic import evaluate, number_text
from synth.errors import StylerepError
from synth.problems.local_files import benchmark_file
from synth.problems.problem import Claim, Problem, Step
from synth.seeding import generator

SPLITS = ("train", "test")
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
    if split not in SPLITS:
        raise StylerepError(f"gsm8k: there is no split {split!r}; it has {', '.join(SPLITS)}.")
    path = path or benchmark_file(f"gsm8k_{split}.jsonl")
    if path is None:
        return [_problem(row, f"gsm8k-{split}-{i}", f"openai/gsm8k {split} row {i}") for i, row in enumerate(_from_hub(split))]
    problems = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, UnicodeDecodeError) as error:
                raise StylerepError(f"{where}: this is not valid JSON ({error}); repair or remove the line.") from error
            problems.append(_problem(row, f"gsm8k-{split}-{number - 1}", where))
    if not problems:
        raise StylerepError(f"{path}: the file holds no problems.")
    return problems


def _from_hub(split: str) -> list[object]:
    from datasets import load_dataset

    try:
        return list(load_dataset("openai/gsm8k", "main", split=split))
    except Exception as error:
        raise StylerepError(
            f"gsm8k: there is no local gsm8k_{split}.jsonl and the Hub cannot be reached ({type(error).__name__}); "
            "put the file into a folder and name it in the environment variable STYLEREP_DATA."
        ) from error


def _problem(row: object, identifier: str, where: str) -> Problem:
    if not isinstance(row, dict) or not isinstance(row.get("question"), str) or not isinstance(row.get("answer"), str):
        raise StylerepError(f'{where}: expected an object with the texts "question" and "answer".')
    solution, mark, final = row["answer"].rpartition("####")
    value = evaluate(final.replace(",", "").replace("$", "").strip().lstrip("0") or "0")
    if not mark or value is None:
        raise StylerepError(f'{where}: the answer does not end in "#### <number>".')
    steps = annotated_steps(solution)
    return Problem(identifier, "gsm8k", row["question"].strip(), number_text(value), "number", steps, {"steps": len(steps)})


def annotated_steps(solution: str) -> tuple[Step, ...]:
    """Return the lines of a solution as steps, their ``<<expression=result>>`` annotations as claims."""
    return tuple(_step(line) for line in solution.splitlines() if line.strip())


def _step(line: str) -> Step:
    claims = tuple(Claim(expression.strip(), result.strip()) for expression, result in _ANNOTATION.findall(line))
    return Step(_ANNOTATION.sub("", line).strip(), claims)
