"""Reads responses of models from wherever they lie: JSONL, JSON, CSV, Parquet, lm_eval's samples,
run folders, Hub data sets.

Which fields hold what is found by their usual names, or given. One row may hold several responses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.files.files_below import files_below
from synth.progress import Stage, is_shown, stage
from synth.responses.fields import (
    Fields,
    find_field,
    gold_text,
    question_text,
    right_answer,
    row_responses,
    score_field,
)
from synth.responses.samples_file import refuse_left_out, samples_name
from synth.rows import HUB_NAME, SUFFIXES, Row, hub_rows, read_rows, row_count

__all__ = ["RIGHT_WORDS", "WRONG_WORDS", "Fields", "Response", "find_field", "gold_text", "read_responses"]

RIGHT_WORDS = ("true", "correct", "right", "yes", "pass", "passed")
WRONG_WORDS = ("false", "incorrect", "wrong", "no", "fail", "failed")
"""Scores in words, in lower case."""
_UNKNOWN = ("", "na", "n/a", "nan", "null", "none")


@dataclass(frozen=True, slots=True)
class Response:
    """One response.

    Where it came from (file, row from 0, number within the row), what it answers, whether it is right if that
    is known, and the right answer if that is. `where` is its place as errors name it. `encrypted` says that
    its trace could not be read, or only in part.
    """

    file: str
    row: int
    sample: int
    model: str
    task: str
    question: str
    text: str
    is_correct: bool | None
    answer: str | None = None
    where: str = ""
    encrypted: bool = False


def read_responses(
    sources: Sequence[str],
    fields: Fields | None = None,
    run_name: Callable[[Path], str | None] | None = None,
    notes: list[str] | None = None,
    answers: bool = True,
    score_name: Callable[[Path], str | None] | None = None,
) -> Iterator[Response]:
    """Yield the responses of files, run folders, folders of data files,
    and Hub data sets (``org/name`` or ``org/name:split``).

    A row without a model or task gets its folder's name as model and its file's as task; for a samples file
    of lm_eval, the task that its name says, the model that *run_name*, given the file, may say, and the score
    whose name *score_name* may say. Scores that are no 0 or 1 are left out, all of the file, and *notes* told
    so, unless their field was named. Without *answers*, right answers are not looked for. Raises
    StylerepError, naming file and line, for what cannot be read.
    """
    nothing: Callable[[Path], str | None] = lambda path: None  # noqa: E731 (a default)
    reader = _ResponseReader(
        fields or Fields(),
        run_name or nothing,
        score_name or nothing,
        notes if notes is not None else [],
        answers,
    )
    with stage("reading responses", _rows_in(sources), "rows") as counted:
        reader.counted = counted
        for source in sources:
            path = Path(source)
            if path.is_dir():
                yield from reader.folder(path)
            elif path.is_file():
                yield from reader.file(path)
            elif HUB_NAME.fullmatch(source) and not source.endswith(SUFFIXES):
                name, _, split = source.partition(":")
                yield from reader.rows(
                    source, source.split("/")[0], source.split("/")[-1], hub_rows(name, split or "train")
                )
            else:
                raise StylerepError(f"{source}: there is no such file, folder or Hub data set.")


def _rows_in(sources: Sequence[str]) -> int | None:
    """Return how many rows sources have, None where nobody looks or that takes long to find out."""
    if not is_shown():
        return None
    counts = []
    for path in map(Path, sources):
        files = data_files(path) if path.is_dir() else [path]
        counts += [row_count(one) if one.is_file() else None for one in files]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def data_files(folder: Path) -> list[Path]:
    """Return the files of a folder that responses are read from: of a run folder the samples, else all data
    files but what was written about them.
    """
    files = [
        path
        for path in files_below(folder)
        if path.name.endswith(SUFFIXES) and path.name not in ("manifest.json", "verdicts.json")
    ]
    samples = [path for path in files if (found := samples_name(path.name)) and found.date]
    return samples or [path for path in files if not path.name.startswith("results_")]


class _ResponseReader:
    """Turns rows into responses, given the names of their fields and how to name a run."""

    def __init__(
        self,
        fields: Fields,
        run_name: Callable[[Path], str | None],
        score_name: Callable[[Path], str | None],
        notes: list[str],
        answers: bool,
    ) -> None:
        self.fields, self.run_name, self.score_name, self.notes, self.answers = (
            fields,
            run_name,
            score_name,
            notes,
            answers,
        )
        self.counted = Stage("reading responses")

    def folder(self, folder: Path) -> Iterator[Response]:
        files = data_files(folder)
        if not files:
            raise StylerepError(f"{folder}: no file of responses lies in it ({', '.join(SUFFIXES)}).")
        for path in files:
            yield from self.file(path)

    def file(self, path: Path) -> Iterator[Response]:
        if not path.name.endswith(SUFFIXES):
            raise StylerepError(f"{path}: this is no file of responses; readable are {', '.join(SUFFIXES)}.")
        model, task = path.resolve().parent.name, path.name.split(".")[0]
        fields = self.fields
        if (samples := samples_name(path.name)) and samples.date:
            task, model = samples.task, self.run_name(path) or model
            self.fields = fields if fields.correct else replace(fields, correct=self.score_name(path))
        scored = self.fields.correct is not None or not self._has_odd_scores(path)
        yield from self.rows(str(path), model, task, read_rows(path), scored)
        self.fields = fields

    def _has_odd_scores(self, path: Path) -> bool:
        """Say whether scores of a file that nobody named are no scores;
        those that are lists or booleans are not gone through.
        """
        for number, (where, row) in enumerate(read_rows(path)):
            name = score_field(row, self.fields)
            value = row[name] if name else None
            if number == 0 and isinstance(value, (bool, list)):
                return False
            if name and not isinstance(value, list) and not _is_verdict(value):
                if isinstance(draws := row.get("draws"), int | float) and draws > 1:
                    self.notes.append(
                        f"{where}: {name!r} is the mean of {draws:g} draws, and which of them are right isn't"
                        " recorded, so right and wrong responses aren't told apart."
                    )
                    return True
                self.notes.append(
                    f"{where}: {name!r} is {str(value)[:40]!r}, no score of 0 or 1, so its scores are left"
                    " out (--correct-field)."
                )
                return True
        return False

    def rows(
        self, file: str, model: str, task: str, rows: Iterator[Row], scored: bool = True
    ) -> Iterator[Response]:
        scored_filter = None
        empty = True
        for number, (where, row) in enumerate(rows):
            empty = False
            self.counted.advance()
            refuse_left_out(row, where)
            if "filter" in row and "resps" in row:
                # lm_eval writes a row for each filter: one of them is enough, the texts are the same.
                scored_filter = scored_filter or row["filter"]
                if row["filter"] != scored_filter:
                    continue
            yield from self.row(file, number, model, task, where, row, scored)
        if empty:
            raise StylerepError(f"{file}: there is nothing in it.")

    def row(
        self, file: str, number: int, model: str, task: str, where: str, row: dict[str, Any], scored: bool
    ) -> Iterator[Response]:
        given, sample_of_lm_eval = self.fields, isinstance(row.get("doc"), dict)
        document = row["doc"] if sample_of_lm_eval else row
        found = row_responses(
            row if not sample_of_lm_eval else {**row, "prompt": sample_prompt(row)}, given, where
        )
        name = score_field(row, given)
        verdicts = _verdicts(
            find_field(row, "correct", name, where) if name and scored else None,
            len(found.texts),
            where,
            given.correct is not None,
        )
        question = find_field(row if given.question else document, "question", given.question, where)
        if isinstance(question, list) or (question is None and not sample_of_lm_eval):
            question = question_text(row, given.question, where) or question
        own_model, own_task = (
            find_field(row, "model", given.model, where),
            find_field(row, "task", given.task, where),
        )
        answer = None
        if self.answers and sample_of_lm_eval:
            answer = gold_text(
                find_field(row if given.answer else {**document, **row}, "answer", given.answer, where)
            )
        elif self.answers:
            answer = right_answer(row, given, found, where)
        for sample, (text, verdict) in enumerate(zip(found.texts, verdicts, strict=True)):
            yield Response(
                file,
                number,
                sample,
                _name(own_model if isinstance(own_model, str) and own_model else model),
                _name(own_task if isinstance(own_task, str) and own_task else task),
                str(question) if question is not None else f"{task}:{number}",
                text,
                verdict,
                answer,
                where,
                bool(found.encrypted),
            )


def sample_prompt(row: Mapping[str, Any]) -> str:
    """Return what a sample of lm_eval asked its model, if that was a text."""
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, Mapping) else None
    prompt = first.get("arg_0") if isinstance(first, Mapping) else None
    return prompt if isinstance(prompt, str) else ""


def _name(text: str) -> str:
    """Return a name that any terminal, page or figure can show: what cannot be printed becomes a mark."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _verdicts(value: Any, n: int, where: str, named: bool) -> list[bool | None]:
    values = value if isinstance(value, list) else [value] * n
    if len(values) != n:
        raise StylerepError(f"{where}: {len(values)} scores stand beside {n} responses.")
    if named and (odd := [one for one in values if not _is_verdict(one)]):
        raise StylerepError(
            f"{where}: a score must be 0, 1, true or false, found {str(odd[0])[:40]!r}; name the right field"
            " with --correct-field."
        )
    return [_verdict(one) for one in values]


def _is_verdict(value: Any) -> bool:
    return (
        _verdict(value) is not None
        or value is None
        or (isinstance(value, str) and value.strip().lower() in _UNKNOWN)
    )


def _verdict(value: Any) -> bool | None:
    """Read a score as JSON or a CSV holds it; None for what is none."""
    plain = value.strip().lower() if isinstance(value, str) else value
    if plain in ("1", "1.0", *RIGHT_WORDS) or (isinstance(plain, (bool, int, float)) and plain == 1):
        return True
    if plain in ("0", "0.0", *WRONG_WORDS) or (isinstance(plain, (bool, int, float)) and plain == 0):
        return False
    return None
