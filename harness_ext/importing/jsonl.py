"""Reads rows of any data file by the names of their fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_ext.importing.record import Evaluation, Reading, Record, clean, conversation_text, file_date, public_name, score_of
from synth.errors import StylerepError
from synth.responses import find_field, gold_text, texts_of
from synth.rows import Row, read_rows


def read(path: Path, reading: Reading) -> list[Evaluation]:
    """Read a JSONL, JSON, CSV or Parquet file, one evaluation for each model and task that its rows name.

    Rows that name none get the folder's name as model and the file's as task. Raises StylerepError, naming the line, for what cannot be read.
    """
    found: dict[tuple[str, str], list[Record]] = {}
    said = named = False
    for row in read_rows(path):
        own = [find_field(row.fields, what, given, row.where) for what, given in (("model", reading.fields.model), ("task", reading.fields.task))]
        model, task = (value if isinstance(value, str) and value.strip() else None for value in own)
        said, named = said or model is not None, named or task is not None
        place = (model or path.resolve().parent.name, task or path.name.split(".")[0])
        found.setdefault(place, []).append(_record(row, reading))
    if not found:
        raise StylerepError(f"{path}: there is nothing in it.")
    return [Evaluation(public_name(model), clean(task), records, (path,), file_date(path), said=said, named=named) for (model, task), records in found.items()]


def _record(row: Row, reading: Reading) -> Record:
    where, fields, given = row.where, row.fields, reading.fields
    value = find_field(fields, "response", given.response, where, needed=True)
    texts = responses(value, where)
    scores = find_field(fields, "correct", given.correct, where)
    scores = scores if isinstance(scores, list) else [scores] * len(texts)
    if len(scores) != len(texts):
        raise StylerepError(f"{where}: {len(scores)} scores stand beside {len(texts)} responses.")
    question, item = find_field(fields, "question", given.question, where), find_field(fields, "item", reading.item, where)
    gold = gold_text(find_field(fields, "answer", given.answer, where))
    prompt = fields.get("prompt")
    return Record(
        where,
        texts,
        tuple(score_of(score, where) for score in scores),
        question=conversation_text(question) or conversation_text(value if _is_chat(value) else None),
        prompt=conversation_text(prompt),
        golds=(clean(gold),) if gold else (),
        item=clean(str(item)) if isinstance(item, (str, int)) else "",
        options=options_of(fields),
    )


def responses(value: Any, where: str) -> tuple[str, ...]:
    """Return the responses of a row; what a server withheld, null, is an empty one."""
    if value is None:
        return ("",)
    if isinstance(value, list) and not value:
        return ()
    if isinstance(value, list) and all(one is None or isinstance(one, str) for one in value):
        return tuple(clean(one or "") for one in value)
    return tuple(clean(text) for text in texts_of(value, where))


def options_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of a question's options, where the row has them."""
    value = fields.get("options", fields.get("choices"))
    return tuple(map(clean, value)) if isinstance(value, list) and all(isinstance(one, str) for one in value) else ()


def _is_chat(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
