"""Reads responses of models from wherever they lie: JSONL, JSON, CSV, Parquet, lm_eval's samples, run folders, Hub data sets.

Which fields hold what is found by their usual names, or given. One row may hold several responses.
"""

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_ext.runs import read_manifest
from synth.errors import StylerepError

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet")
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
        "generated_text",
        "model_output",
        "messages",
        "conversations",
    ),
    "correct": ("is_correct", "correct", "score", "acc", "exact_match", "math_verify", "passed", "grade"),
    "question": ("question", "problem", "prompt", "instruction", "input", "doc_id", "idx"),
    "model": ("model", "model_name"),
    "task": ("task", "dataset", "source"),
}
_SAMPLES = re.compile(r"samples_(?P<task>.+)_\d{4}-\d\d-\d\dT[\d.-]+\.jsonl")
_HUB = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Fields:
    """Names of the fields to read; what is None is found by its usual names."""

    response: str | None = None
    correct: str | None = None
    question: str | None = None
    model: str | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One response: where it came from (file, row from 0, number within the row), what it answers, and whether it is right if known."""

    file: str
    row: int
    sample: int
    model: str
    task: str
    question: str
    text: str
    is_correct: bool | None


def read_responses(sources: Sequence[str], fields: Fields | None = None) -> Iterator[Response]:
    """Yield the responses of files, run folders, folders of data files, and Hub data sets (``org/name`` or ``org/name:split``).

    A row without a model or task gets that of its run's manifest or file name, else its folder's name as model and its file's as
    task. Raises StylerepError, naming file and line, for what cannot be read.
    """
    for source in sources:
        path = Path(source)
        if path.is_dir():
            yield from _folder(path, fields or Fields())
        elif path.is_file():
            yield from _file(path, fields or Fields())
        elif _HUB.fullmatch(source) and not source.endswith(SUFFIXES):
            yield from _rows_of(source, source.split("/")[0], source.split("/")[-1], _hub_rows(source), fields or Fields())
        else:
            raise StylerepError(f"{source}: there is no such file, folder or Hub data set.")


def _folder(folder: Path, fields: Fields) -> Iterator[Response]:
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES) and path.name not in ("manifest.json", "verdicts.json"))
    samples = [path for path in files if _SAMPLES.fullmatch(path.name)]
    files = samples or [path for path in files if not path.name.startswith("results_")]
    if not files:
        raise StylerepError(f"{folder}: no file of responses lies in it ({', '.join(SUFFIXES)}).")
    for path in files:
        yield from _file(path, fields)


def _file(path: Path, fields: Fields) -> Iterator[Response]:
    if not path.name.endswith(SUFFIXES):
        raise StylerepError(f"{path}: this is no file of responses; readable are {', '.join(SUFFIXES)}.")
    model, task = path.resolve().parent.name, path.name.split(".")[0]
    if samples := _SAMPLES.fullmatch(path.name):
        task, model = samples["task"], _run_name(path) or model
    yield from _rows_of(str(path), model, task, _file_rows(path), fields)


def _run_name(path: Path) -> str | None:
    """Name the run that a samples file belongs to by the arm and model of its manifest."""
    for folder in list(path.parents)[:3]:
        if manifest := read_manifest(folder):
            names = (manifest.get("base_model") or manifest.get("model"), manifest.get("arm"))
            return " ".join(str(name) for name in names if name) or None
    return None


def _file_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where, row) of a file."""
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _json_lines(path)
        return
    if path.suffix == ".json":
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise StylerepError(f"{path}: this is not valid JSON ({error}).") from error
        rows = content if isinstance(content, list) else [content]
    else:
        rows = _table_rows(path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise StylerepError(f"{path}, item {number}: expected an object with named fields.")
        yield f"{path}, item {number}", row


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        number = 0
        try:
            for number, line in enumerate(lines, 1):  # the number is told in errors
                if not line.strip():
                    continue
                row = json.loads(line.decode("utf-8", "replace"))
                if not isinstance(row, dict):
                    raise StylerepError(f"{path}, line {number}: expected an object with named fields.")
                yield f"{path}, line {number}", row
        except (ValueError, RecursionError) as error:
            raise StylerepError(f"{path}, line {number}: this is not valid JSON ({error}); the file may have been cut off.") from error
        except (EOFError, gzip.BadGzipFile) as error:
            raise StylerepError(f"{path}, after line {number}: the file cannot be unpacked ({error}).") from error


def _table_rows(path: Path) -> list[Any]:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else pc.read_csv(path, parse_options=pc.ParseOptions(newlines_in_values=True))
    except (pa.ArrowException, OSError) as error:
        raise StylerepError(f"{path}: this cannot be read as {path.suffix[1:]} ({str(error).splitlines()[0]}).") from error
    rows: list[Any] = table.to_pylist()
    return rows


def _hub_rows(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    import datasets

    name, _, split = source.partition(":")
    try:
        loaded = datasets.load_dataset(name, split=split or "train")
    except Exception as error:  # whatever the Hub client raises: no network, no such set, no such split
        raise StylerepError(
            f"{source}: there is no such file here, and no such data set could be loaded from the Hub ({str(error).splitlines()[0]})."
        ) from error
    for number, row in enumerate(loaded):
        yield f"{source}, row {number}", row


def _rows_of(file: str, model: str, task: str, rows: Iterator[tuple[str, dict[str, Any]]], fields: Fields) -> Iterator[Response]:
    scored_filter = None
    empty = True
    for number, (where, row) in enumerate(rows):
        empty = False
        if "filter" in row and "resps" in row:
            # lm_eval writes a row for each filter: one of them is enough, the texts are the same.
            scored_filter = scored_filter or row["filter"]
            if row["filter"] != scored_filter:
                continue
        texts = _texts(_field(row, "response", fields.response, where, needed=True), where)
        verdicts = _verdicts(_field(row, "correct", fields.correct, where), len(texts), where)
        asked = row["doc"] if fields.question is None and isinstance(row.get("doc"), dict) else row
        question = _field(asked, "question", fields.question, where)
        own_model, own_task = _field(row, "model", fields.model, where), _field(row, "task", fields.task, where)
        for sample, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
            yield Response(
                file,
                number,
                sample,
                _name(own_model if isinstance(own_model, str) else model),
                _name(own_task if isinstance(own_task, str) else task),
                str(question) if question is not None else f"{task}:{number}",
                text,
                verdict,
            )
    if empty:
        raise StylerepError(f"{file}: there is nothing in it.")


def _name(text: str) -> str:
    """Return a name that any terminal, page or figure can show: what cannot be printed becomes a mark."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _field(row: dict[str, Any], what: str, given: str | None, where: str, needed: bool = False) -> Any:
    if given is not None:
        if given not in row:
            raise StylerepError(f"{where}: there is no field {given!r}; there are {', '.join(map(str, row))}.")
        return row[given]
    name = next((name for name in _NAMES[what] if name in row), None)
    if name is None and needed:
        raise StylerepError(f"{where}: no field is known to hold a {what}; name it with --{what}-field. There are {', '.join(map(str, row))}.")
    return None if name is None else row[name]


def _texts(value: Any, where: str) -> list[str]:
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
    verdicts: list[bool | None] = []
    for one in values:
        if one is None:
            verdicts.append(None)
        elif isinstance(one, (bool, int, float)) and one in (0, 1):
            verdicts.append(bool(one))
        elif isinstance(one, str) and one.strip().lower() in ("true", "false"):
            verdicts.append(one.strip().lower() == "true")
        else:
            raise StylerepError(f"{where}: a score must be 0, 1, true or false, found {str(one)[:40]!r}; name the right field with --correct-field.")
    return verdicts
