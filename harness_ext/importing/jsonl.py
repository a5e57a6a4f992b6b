"""Reads rows of any data file by the names of their fields."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from harness_ext.importing.record import Evaluation, Reading, Record, clean, file_date, public_name, score_of
from synth.errors import StylerepError
from synth.formats.audit import encrypted_note
from synth.responses.fields import find_field, is_place_of_option, options_of, question_text, right_answer, row_responses, score_field, score_fields
from synth.responses.messages import conversation
from synth.rows import Row, read_rows

_FEW = 4
_LETTERS = {"c", "i", "p", "n"}


def read(path: Path, reading: Reading) -> list[Evaluation]:
    """Read a JSONL, JSON, CSV or Parquet file, one evaluation for each model and task that its rows name.

    Rows that name none get the folder's name as model and the file's as task. Scores of a field that was not named are left out, all of the file, where one
    of them is no score. Raises StylerepError, naming the line, for what cannot be read.
    """
    found: dict[tuple[str, str], list[Record]] = {}
    said = named = False
    encrypted = places = 0
    scores = _score_field(path, reading)
    for row in read_rows(path):
        own = [find_field(row.fields, what, given, row.where) for what, given in (("model", reading.fields.model), ("task", reading.fields.task))]
        model, task = (value if isinstance(value, str) and value.strip() else None for value in own)
        said, named = said or model is not None, named or task is not None
        place = (model or path.resolve().parent.name, task or path.name.split(".")[0])
        record, hidden = _record(row, reading, scores)
        places += bool(record.options) and is_place_of_option(row.fields, reading.fields)
        encrypted += hidden
        found.setdefault(place, []).append(record)
    if not found:
        raise StylerepError(f"{path}: there is nothing in it.")
    copies = sum(record.golds == (text.strip(),) for records in found.values() for record in records for text in record.texts)
    notes: tuple[str, ...] = (*scores.notes, *encrypted_note(encrypted, sum(map(len, found.values()))))
    if places:
        notes += (f"{path}: right answers are places of options, counted from 0 (0 is A).",)
    if copies > _FEW and copies == sum(len(record.texts) for records in found.values() for record in records):
        notes += (f"{path}: every response is its right answer to the letter; are they one field? (--response-field, --answer-field)",)
    return [
        Evaluation(public_name(model), clean(task), records, (path,), file_date(path), said=said, named=named, notes=notes)
        for (model, task), records in found.items()
    ]


class _ScoreField(NamedTuple):
    """The field that holds the scores of a file, None if none does; whether it holds letters of options instead; and what a user should know of it."""

    name: str | None
    letters: bool = False
    notes: tuple[str, ...] = ()


def _score_field(path: Path, reading: Reading) -> _ScoreField:
    """Find the field of scores by all of its values: one that holds anything else holds no scores."""
    if reading.fields.correct is not None:
        return _ScoreField(reading.fields.correct)
    found, letters, rows = None, set[str](), 0
    differ: Counter[str] = Counter()
    for row in read_rows(path):
        name = score_field(row.fields, reading.fields)
        found, rows = found or name, rows + 1
        differ.update(other for other in score_fields(row.fields, reading.fields) if name and _differs(row.fields[other], row.fields[name], row.where))
        for value in (row.fields[name] if isinstance(row.fields[name], list) else [row.fields[name]]) if name else ():
            plain = value.strip().casefold() if isinstance(value, str) else ""
            if len(plain) == 1 and plain.isalpha():
                letters.add(plain)
            elif not _is_score(value, row.where):
                shown = clean(str(value)[:40])
                return _ScoreField(None, notes=(f"{row.where}: {name!r} is {shown!r}, no score of 0 to 1, so its scores are left out (--score-field).",))
    if letters - _LETTERS:
        return _ScoreField(None, True, (f"{path}: {found!r} holds letters, so it is not taken for scores (--score-field).",))
    notes = (f"{path}: the recorded score is {found}; {other} is another one in {n} of {rows} rows (--metric)." for other, n in differ.items())
    return _ScoreField(found, notes=tuple(notes))


def _differs(other: Any, value: Any, where: str) -> bool:
    """Say whether two fields are both scores and not the same one."""
    single = not isinstance(other, list) and not isinstance(value, list)
    return single and _is_score(other, where) and _is_score(value, where) and score_of(other, where) != score_of(value, where)


def _is_score(value: Any, where: str) -> bool:
    try:
        score_of(value, where)
    except StylerepError:
        return False
    return True


def _record(row: Row, reading: Reading, score: _ScoreField) -> tuple[Record, int]:
    where, fields, given = row.where, row.fields, reading.fields
    found = row_responses(fields, given, where)
    scores = find_field(fields, "correct", score.name, where) if score.name is not None and (given.correct or score.name in fields) else None
    scores = scores if isinstance(scores, list) else [scores] * len(found.texts)
    if len(scores) != len(found.texts):
        raise StylerepError(f"{where}: {len(scores)} scores stand beside {len(found.texts)} responses.")
    item = find_field(fields, "item", reading.item, where)
    gold = right_answer(fields, given, found, where, score.letters)
    record = Record(
        where,
        tuple(map(clean, found.texts)),
        tuple(score_of(one, where) for one in scores),
        question=clean(question_text(fields, given.question, where)),
        prompt=clean(conversation(fields.get("prompt"))),
        golds=(clean(gold),) if gold else (),
        item=clean(str(item)) if isinstance(item, (str, int)) else "",
        options=tuple(map(clean, options_of(fields))),
    )
    return record, found.encrypted
