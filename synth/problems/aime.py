"""AIME: the problems of an American Invitational Mathematics Examination,
whose answers are whole numbers from 0 to 999.

    {"id": 67, "problem": "…", "answer": "025", "url": "…/2024_AIME_I_Problems/Problem_2"}

The splits are the years 2024 and 2025, with 30 problems each: two examinations of fifteen. Copies differ in
the names of their columns and in the order of their rows; where a row says which problem it is (``url``, or
an ``ID`` such as ``2024-I-2``), the id does too (``aime-2024-I-2``) and the order is that of the
examinations.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from synth.errors import StylerepError
from synth.problems.local_files import Published, benchmark_rows, text_field
from synth.problems.problem import Problem
from synth.rows import Row
from synth.seeding import generator

SPLITS = {
    "2024": Published(("aime24.jsonl",), "HuggingFaceH4/aime_2024", ("train",)),
    "2025": Published(("aime25.jsonl",), "math-ai/aime25", ("test",)),
}
_WHICH = re.compile(r"(?P<year>20\d\d)(?:_AIME_|-)(?P<exam>II?)(?:_Problems/Problem_|-)(?P<number>\d{1,2})")
_ANSWER = re.compile(r"(\d{1,3})(?:\.0)?")


def aime(split: str, seed: int = 0, path: Path | None = None) -> Iterator[Problem]:
    """Yield the problems of a year, in an order drawn by the seed.

    Reads *path*, else the local ``aime24.jsonl`` or ``aime25.jsonl`` (see `synth.problems.local_files`), else
    the Hub. Raises StylerepError, naming the line, for a row it cannot read.
    """
    problems = read_aime(split, path)
    generator("aime", split, seed).shuffle(problems)
    yield from problems


def read_aime(split: str, path: Path | None = None) -> list[Problem]:
    """Read a whole year in the order of its examinations,
    or of the rows where they do not say which problem they are; see `aime`.
    """
    found = [
        _read(row, split, number) for number, row in enumerate(benchmark_rows("aime", SPLITS, split, path))
    ]
    if len({problem.id for _, problem in found}) < len(found):
        raise StylerepError(f"{path or 'aime'}: two rows say that they are the same problem; remove one.")
    return [problem for _, problem in sorted(found, key=lambda one: one[0])]


def _read(row: Row, split: str, number: int) -> tuple[tuple[str, int], Problem]:
    """Return the problem of a row, after what it is ordered by."""
    question = text_field(row, "problem", "Problem", "question", "Question")
    stated = next(
        (row.fields[name] for name in ("answer", "Answer") if row.fields.get(name) is not None), None
    )
    answer = None if isinstance(stated, bool) else _ANSWER.fullmatch(str(stated).strip())
    if answer is None:
        raise StylerepError(
            f'{row.where}: expected a whole number from 0 to 999 as "answer", found {str(stated)[:40]!r}.'
        )
    which = next(
        (found for name in ("url", "ID", "id") if (found := _WHICH.search(str(row.fields.get(name))))), None
    )
    if which and which["year"] != split:
        raise StylerepError(f"{row.where}: this is a problem of {which['year']}, not of {split}.")
    place = (which["exam"], int(which["number"])) if which else ("", number)
    meta = {"exam": place[0], "number": place[1]} if which else {}
    identifier = f"aime-{split}-{place[0]}-{place[1]}" if which else f"aime-{split}-{number}"
    return place, Problem(identifier, "aime", question, str(int(answer[1])), "number", (), meta)
