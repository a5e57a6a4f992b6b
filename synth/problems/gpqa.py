"""GPQA: questions of biology, physics and chemistry that experts wrote,
with four options each (Rein et al., 2023, arXiv:2311.12022).

    {"Record ID": "rec0…", "Question": "…", "Correct Answer": "…", "Incorrect Answer 1": "…", …,
    "High-level domain": "Physics"}

The one split, ``diamond``, is the 198 questions that experts agree on. Options are put in an order drawn from
a hash of question and options, the same forever and whatever the order of the columns. Its authors ask that
no question be put online as plain text, so keep the samples of a run to yourself.
"""

from collections.abc import Iterator
from pathlib import Path

from synth.problems.local_files import Published, benchmark_rows, text_field
from synth.problems.problem import Problem
from synth.rows import Row
from synth.seeding import generator

SPLITS = {
    "diamond": Published(
        ("gpqa_diamond.jsonl", "gpqa_diamond.csv"), "Idavidrein/gpqa", ("train",), "gpqa_diamond", gated=True
    )
}
_COLUMNS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
_LETTERS = "ABCD"


def gpqa(split: str, seed: int = 0, path: Path | None = None) -> Iterator[Problem]:
    """Yield the problems, in an order drawn by the seed.

    Reads *path*, else the local ``gpqa_diamond.jsonl`` or ``gpqa_diamond.csv`` (see
    `synth.problems.local_files`), else the Hub's ``Idavidrein/gpqa``. Raises StylerepError,
    naming the line, for a row it cannot read.
    """
    problems = read_gpqa(split, path)
    generator("gpqa", split, seed).shuffle(problems)
    yield from problems


def read_gpqa(split: str, path: Path | None = None) -> list[Problem]:
    """Read all problems in their published order; see `gpqa`."""
    return [
        _problem(row, split, number) for number, row in enumerate(benchmark_rows("gpqa", SPLITS, split, path))
    ]


def _problem(row: Row, split: str, number: int) -> Problem:
    question = text_field(row, "Question")
    right, *wrong = (text_field(row, column) for column in _COLUMNS)
    options = sorted([right, *wrong])
    generator("gpqa", question, *options).shuffle(options)
    answer = _LETTERS[options.index(right)]
    listed = "\n".join(f"{letter}) {option}" for letter, option in zip(_LETTERS, options, strict=True))
    return Problem(
        id=f"gpqa-{split}-{row.fields.get('Record ID') or number}",
        source="gpqa",
        question=f"{question}\n\n{listed}",
        answer=answer,
        answer_type="option",
        steps=(),
        meta={
            "options": options,
            "subject": row.fields.get("High-level domain") or None,
            "subdomain": row.fields.get("Subdomain") or None,
        },
        wrong_answers=tuple(letter for letter in _LETTERS if letter != answer),
    )
