"""Reads responses of models from wherever they lie: JSONL, JSON, CSV, Parquet, lm_eval's samples, run folders, Hub data sets.

Which fields hold what is found by their usual names, or given. One row may hold several responses.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.grading.final_answer import last_box
from synth.rows import HUB_NAME, SUFFIXES, Row, hub_rows, read_rows

_NAMES = {
    "response": (
        "response",
        "responses",
        "resps",
        "code",
        "completion",
        "completions",
        "output",
        "generation",
        "generations",
        "generated_text",
        "model_output",
        "messages",
        "conversations",
    ),
    "correct": ("is_correct", "correct", "score", "acc", "exact_match", "math_verify", "passed", "grade"),
    "question": ("question", "problem", "prompt", "instruction", "input", "doc_id", "idx"),
    "model": ("model", "model_name"),
    "task": ("task", "dataset", "source"),
    "answer": ("answer", "gt", "gold", "target", "solution"),
    "item": ("id", "unique_id", "item_id", "question_id", "problem_id", "idx", "doc_id"),
}
_SAMPLES = re.compile(r"samples_(?P<task>.+)_\d{4}-\d\d-\d\dT[\d.-]+\.jsonl")
_UNKNOWN = ("", "na", "n/a", "nan", "null", "none")


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the fields to read; what is None is found by its usual names."""

    response: str | None = None
    correct: str | None = None
    question: str | None = None
    model: str | None = None
    task: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One response.

    Where it came from (file, row from 0, number within the row), what it answers, whether it is right if that is known, and
    the right answer if that is. `where` is its place as errors name it.
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


def read_responses(sources: Sequence[str], fields: Fields | None = None, run_name: Callable[[Path], str | None] | None = None) -> Iterator[Response]:
    """Yield the responses of files, run folders, folders of data files, and Hub data sets (``org/name`` or ``org/name:split``).

    A row without a model or task gets its folder's name as model and its file's as task; for a samples file of lm_eval, the task
    that its name says and the model that *run_name*, given the file, may say. Raises StylerepError, naming file and line, for
    what cannot be read.
    """
    reader = _Reader(fields or Fields(), run_name or (lambda path: None))
    for source in sources:
        path = Path(source)
        if path.is_dir():
            yield from reader.folder(path)
        elif path.is_file():
            yield from reader.file(path)
        elif HUB_NAME.fullmatch(source) and not source.endswith(SUFFIXES):
            name, _, split = source.partition(":")
            yield from reader.rows(source, source.split("/")[0], source.split("/")[-1], hub_rows(name, split or "train"))
        else:
            raise StylerepError(f"{source}: there is no such file, folder or Hub data set.")


class _Reader:
    """Turns rows into responses, given the names of their fields and how to name a run."""

    def __init__(self, fields: Fields, run_name: Callable[[Path], str | None]) -> None:
        self.fields, self.run_name = fields, run_name

    def folder(self, folder: Path) -> Iterator[Response]:
        files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.name not in ("manifest.json", "verdicts.json"))
        samples = [path for path in files if _SAMPLES.fullmatch(path.name)]
        files = samples or [path for path in files if not path.name.startswith("results_")]
        if not files:
            raise StylerepError(f"{folder}: no file of responses lies in it ({', '.join(SUFFIXES)}).")
        for path in files:
            yield from self.file(path)

    def file(self, path: Path) -> Iterator[Response]:
        if not path.name.endswith(SUFFIXES):
            raise StylerepError(f"{path}: this is no file of responses; readable are {', '.join(SUFFIXES)}.")
        model, task = path.resolve().parent.name, path.name.split(".")[0]
        if samples := _SAMPLES.fullmatch(path.name):
            task, model = samples["task"], self.run_name(path) or model
        yield from self.rows(str(path), model, task, read_rows(path))

    def rows(self, file: str, model: str, task: str, rows: Iterator[Row]) -> Iterator[Response]:
        scored_filter = None
        empty = True
        for number, (where, row) in enumerate(rows):
            empty = False
            if "filter" in row and "resps" in row:
                # lm_eval writes a row for each filter: one of them is enough, the texts are the same.
                scored_filter = scored_filter or row["filter"]
                if row["filter"] != scored_filter:
                    continue
            yield from self.row(file, number, model, task, where, row)
        if empty:
            raise StylerepError(f"{file}: there is nothing in it.")

    def row(self, file: str, number: int, model: str, task: str, where: str, row: dict[str, Any]) -> Iterator[Response]:
        given = self.fields
        texts = texts_of(find_field(row, "response", given.response, where, needed=True), where)
        verdicts = _verdicts(find_field(row, "correct", given.correct, where), len(texts), where)
        document = row["doc"] if isinstance(row.get("doc"), dict) else row
        question = find_field(row if given.question else document, "question", given.question, where)
        own_model, own_task = find_field(row, "model", given.model, where), find_field(row, "task", given.task, where)
        answer = gold_text(find_field(row if given.answer else {**document, **row}, "answer", given.answer, where))
        for sample, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
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
            )


def _name(text: str) -> str:
    """Return a name that any terminal, page or figure can show: what cannot be printed becomes a mark."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def find_field(row: Mapping[str, Any], what: str, given: str | None, where: str, needed: bool = False) -> Any:
    """Return the field *given*, or that of the usual names of *what* which the row has first; None where it has none.

    *what* is response, correct, question, model, task, answer or item. Raises StylerepError where the row lacks the field *given*, or one that is *needed*.
    """
    if given is not None:
        if given not in row:
            raise StylerepError(f"{where}: there is no field {given!r}; there are {', '.join(map(str, row))}.")
        return row[given]
    name = next((name for name in _NAMES[what] if name in row), None)
    if name is None and needed:
        raise StylerepError(f"{where}: no field is known to hold a {what}; name it with --{what}-field. There are {', '.join(map(str, row))}.")
    return None if name is None else row[name]


def texts_of(value: Any, where: str) -> list[str]:
    """Return the responses of a row: a text, a list of texts, lm_eval's list of lists, or a chat, of which the last assistant message counts."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        said = [item.get("content", item.get("value")) for item in value if item.get("role", item.get("from")) in ("assistant", "gpt", "model")]
        if said and isinstance(said[-1], str):
            return [said[-1]]
    elif isinstance(value, list) and value:
        flat = [text for item in value for text in (item if isinstance(item, list) else [item])]
        if all(isinstance(text, str) for text in flat):
            return flat
    raise StylerepError(f"{where}: a response must be a text, a list of texts or a chat, found {type(value).__name__}.")


def _verdicts(value: Any, n: int, where: str) -> list[bool | None]:
    values = value if isinstance(value, list) else [value] * n
    if len(values) != n:
        raise StylerepError(f"{where}: {len(values)} scores stand beside {n} responses.")
    return [_verdict(one, where) for one in values]


def _verdict(value: Any, where: str) -> bool | None:
    """Read a score as JSON or a CSV holds it."""
    plain = value.strip().lower() if isinstance(value, str) else value
    if plain is None or plain in _UNKNOWN:
        return None
    if plain in ("true", "1", "1.0") or (isinstance(plain, (bool, int, float)) and plain == 1):
        return True
    if plain in ("false", "0", "0.0") or (isinstance(plain, (bool, int, float)) and plain == 0):
        return False
    raise StylerepError(f"{where}: a score must be 0, 1, true or false, found {str(value)[:40]!r}; name the right field with --correct-field.")


def gold_text(value: Any) -> str | None:
    r"""Return a right answer as text: of a worked solution, what stands after its ``####`` or in its last box; None for what is no answer."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value)
    stated = text.rpartition("####")[2] if "####" in text else last_box(text) or text
    return stated.strip() or None
