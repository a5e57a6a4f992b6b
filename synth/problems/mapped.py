r"""Problems of any file or Hub data set, by the names of its columns.

    mine.csv    data.jsonl.gz:question=task:answer=result:steps=working    org/name:test:type=latex

A file is JSONL, JSONL.gz, JSON, CSV or Parquet; ``org/name``, where no such file exists, is a Hub data set,
with its split. Columns that are not named are found by their usual names.
Items come in the order of their rows, whatever the seed.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.arithmetic import number_text
from synth.errors import MissingDataError, StylerepError
from synth.grading.answers import is_right, plain_number
from synth.grading.final_answer import last_box
from synth.problems.gsm8k import annotated_steps
from synth.problems.problem import Problem, Step
from synth.problems.worked_solution import arithmetic_claims, prose_steps
from synth.problems.wrong_latex import wrong_latex
from synth.rows import SUFFIXES, Row, hub_rows, read_rows
from synth.seeding import generator

TYPES = ("number", "text", "latex")
_NAMES = {
    "question": ("question", "problem", "prompt", "instruction", "input", "query"),
    "answer": ("answer", "final_answer", "expected_answer", "gt", "gold", "target", "label"),
    "steps": ("steps", "solution", "rationale", "explanation", "reasoning", "working"),
    "id": ("id", "unique_id", "idx", "uid"),
}
_FILE = re.compile(
    rf"(?P<place>.+?(?:{'|'.join(re.escape(suffix) for suffix in sorted(SUFFIXES, key=len, reverse=True))}))(?::(?P<rest>.*))?",  # noqa: E501
    re.DOTALL,
)
_HUB = re.compile(r"(?P<place>[\w.-]+/[\w.-]+)(?::(?P<rest>.*))?", re.DOTALL)
_FINAL = "####"
_LATEX = re.compile(r"[\\$^]|_\{")
_SYMBOLS, _WORD = re.compile(r"[\d+*/=-]"), re.compile(r"[^\W\d_]{2}")
# Wrong answers in words are those of other rows: of those read ahead, and of some read before.
_AHEAD, _KEPT = 256, 1024
_WRONG = 3


@dataclass(frozen=True, slots=True)
class MappedConfig:
    """Which column holds what, and the answer type (number, text, latex); what is empty is found out."""

    question: str = ""
    answer: str = ""
    steps: str = ""
    id: str = ""
    type: str = ""

    def validate(self) -> None:
        """Raise StylerepError for an unknown answer type."""
        if self.type and self.type not in TYPES:
            raise StylerepError(
                f"There is no answer type {self.type!r} for problems of a file; choose from"
                f" {', '.join(TYPES)}."
            )


def mapped_place(spec: str) -> tuple[str, str] | None:
    """Split ``PLACE[:SPLIT][:OPTION=VALUE…]`` into the place, a file or a Hub data set, and the rest;
    None if it names neither.
    """
    found = _FILE.fullmatch(spec) or _HUB.fullmatch(spec)
    return (found["place"], found["rest"] or "") if found else None


def mapped(place: str, split: str = "train", config: MappedConfig | None = None) -> Iterator[Problem]:
    """Yield the problems of a file or of a Hub data set's split.

    Raises StylerepError, naming the row, for one without a question or an answer.
    """
    mapping = _Mapping(place, config or MappedConfig())
    problems = (mapping.problem(number, row) for number, row in enumerate(_rows(place, split)))
    yield from _with_wrong_words(problems)


def check_place(place: str) -> None:
    """Raise MissingDataError for a file that is not there."""
    if place.endswith(SUFFIXES) and not Path(place).expanduser().is_file():
        raise MissingDataError(f"{place}: there is no such file.")


def _rows(place: str, split: str) -> Iterator[Row]:
    check_place(place)
    path = Path(place).expanduser()
    if not place.endswith(SUFFIXES):
        rows = hub_rows(place, split)
    elif split != "train":
        raise StylerepError(
            f"{place}: a file has no split {split!r}; leave it out, or write OPTION=VALUE for a column"
            " (question=NAME)."
        )
    else:
        rows = read_rows(path)
    first = next(rows, None)
    if first is None:
        raise StylerepError(f"{place}: the file holds no problems.")
    return itertools.chain([first], rows)


class _Mapping:
    """Makes problems of rows, given what is known of the columns."""

    def __init__(self, place: str, config: MappedConfig) -> None:
        self.config = config
        name = Path(place).name
        self.source = name.split(".")[0] if place.endswith(SUFFIXES) else place
        self.identifiers: set[str] = set()
        self.named = {
            "question": config.question,
            "answer": config.answer,
            "steps": config.steps,
            "id": config.id,
        }

    def column(self, what: str, row: Row) -> str | None:
        """Return the name of a column, or None where none is named and none has a usual name."""
        if name := self.named[what]:
            if name not in row.fields:
                raise StylerepError(
                    f"{row.where}: there is no column {name!r}; there are {', '.join(map(str, row.fields))}."
                )
            return name
        return next((name for name in _NAMES[what] if name in row.fields), None)

    def problem(self, number: int, row: Row) -> Problem:
        question = self.needed("question", row)
        if not isinstance(question, str) or not question.strip():
            raise StylerepError(f"{row.where}: the question must be a text, found {_shown(question)}.")
        worked = self.worked(row)
        answer, solution = self.answer(row, worked)
        steps = _steps(worked if worked is not None else solution, row.where)
        kind = self.config.type or _type_of(answer)
        if kind == "number":
            value = plain_number(answer)
            if value is None:
                raise StylerepError(
                    f"{row.where}: the answer {_shown(answer)} is no number; say type=text or type=latex if"
                    " it is not meant to be one."
                )
            answer = number_text(value)
        name = self.column("id", row)
        identifier = (
            f"{self.source}-{number}"
            if name is None or row.fields[name] in (None, "")
            else str(row.fields[name])
        )
        if identifier in self.identifiers:
            raise StylerepError(
                f"{row.where}: the id {identifier!r} occurs a second time; name another column with"
                " :id=COLUMN."
            )
        self.identifiers.add(identifier)
        wrong = wrong_latex(answer, generator("mapped", identifier), question) if kind == "latex" else ()
        return Problem(
            identifier, self.source, question.strip(), answer, kind, steps, {"steps": len(steps)}, wrong
        )

    def needed(self, what: str, row: Row) -> Any:
        name = self.column(what, row)
        if name is None:
            raise StylerepError(
                f"{row.where}: no column is known to hold the {what}; name it with :{what}=COLUMN. There are"
                f" {', '.join(map(str, row.fields))}."
            )
        return row.fields[name]

    def worked(self, row: Row) -> Any:
        name = self.column("steps", row)
        return None if name is None or row.fields[name] in (None, "") else row.fields[name]

    def answer(self, row: Row, worked: Any) -> tuple[str, str | None]:
        """Return the answer, and the worked solution that stood before it where one did."""
        if (
            self.column("answer", row) is None
            and isinstance(worked, str)
            and (boxed := last_box(worked) or worked.rpartition(_FINAL)[2])
        ):
            return boxed.strip(), None
        value = self.needed("answer", row)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise StylerepError(f"{row.where}: the answer must be a text or a number, found {_shown(value)}.")
        solution, mark, final = str(value).rpartition(_FINAL)
        if not final.strip():
            raise StylerepError(f"{row.where}: the answer is empty.")
        return final.strip(), solution if mark else None


def _type_of(answer: str) -> str:
    if plain_number(answer) is not None:
        return "number"
    # (6,31,-1), p - q
    formula = _LATEX.search(answer) or (_SYMBOLS.search(answer) and not _WORD.search(answer))
    return "latex" if formula else "text"


def _steps(worked: Any, where: str) -> tuple[Step, ...]:
    """Return the steps of a solution: the items of a list, the lines of one in GSM8K's form,
    else its sentences.
    """
    if worked is None:
        return ()
    if isinstance(worked, list) and all(isinstance(one, str) for one in worked):
        return tuple(Step(one.strip(), arithmetic_claims(one)) for one in worked if one.strip())
    if not isinstance(worked, str):
        raise StylerepError(f"{where}: the steps must be a text or a list of texts, found {_shown(worked)}.")
    if _FINAL in worked or "<<" in worked:
        lines = annotated_steps(worked.rpartition(_FINAL)[0] or worked)
        return tuple(line if line.claims else Step(line.text, arithmetic_claims(line.text)) for line in lines)
    return prose_steps(worked)


def _with_wrong_words(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Give each answer in words up to three wrong ones, drawn from those of other rows;
    none if there is no other.
    """
    kept: list[str] = []
    seen: set[str] = set()
    problems = iter(problems)
    while ahead := list(itertools.islice(problems, _AHEAD)):
        for problem in ahead:
            if problem.answer_type == "text" and problem.answer not in seen:
                seen.add(problem.answer)
                kept.append(problem.answer)
        if len(kept) > _KEPT:
            kept = random.Random(len(seen)).sample(kept, _KEPT)
            seen = set(kept)
        for problem in ahead:
            yield _with_wrong(problem, kept) if problem.answer_type == "text" else problem


def _with_wrong(problem: Problem, answers: list[str]) -> Problem:
    rng = generator("mapped", problem.id)
    drawn = rng.sample(answers, min(len(answers), 4 * _WRONG))
    return replace(
        problem,
        wrong_answers=tuple(other for other in drawn if not is_right(other, problem.answer, "text"))[:_WRONG],
    )


def _shown(value: Any) -> str:
    return repr(value)[:40]
