"""Reads rows of any data file by the names of their fields."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from harness_ext.importing.record import (
    Evaluation,
    ReadSource,
    Record,
    clean,
    file_date,
    public_name,
    score_of,
)
from harness_ext.importing.spool import Spool, pack
from synth.errors import StylerepError
from synth.formats.audit import encrypted_note
from synth.processes.workers import Workers
from synth.responses.fields import (
    Fields,
    find_field,
    is_place_of_option,
    options_of,
    question_text,
    right_answer,
    row_responses,
    score_field,
    score_fields,
)
from synth.responses.messages import conversation
from synth.rows import Line, Row, rows_of, unread_rows

_FEW, _AT_ONCE = 4, 100
_LETTERS = {"c", "i", "p", "n"}


def read(path: Path, reading: ReadSource) -> list[Evaluation]:
    """Read a JSONL, JSON, CSV or Parquet file, one evaluation for each model and task that its rows name.

    Rows that name none get the folder's name as model and the file's as task. Scores of a field that was not
    named are left out, all of the file, where one of them is no score. Raises StylerepError,
    naming the line, for what cannot be read.
    """
    found: dict[tuple[str, str], Spool[Record]] = {}
    said = named = False
    encrypted = places = copies = rows = texts = 0
    scores = _score_field(path, reading)
    fields = replace(reading, workers=Workers())
    for part in reading.workers.each(
        _records, ((unread, fields, scores) for unread in unread_rows(path, _AT_ONCE))
    ):
        for (model, task), record in part.records:
            said, named = said or model is not None, named or task is not None
            found.setdefault(
                (model or path.resolve().parent.name, task or path.name.split(".")[0]), Spool()
            ).append_packed(record)
        rows, texts, copies = rows + len(part.records), texts + part.texts, copies + part.copies
        places, encrypted = places + part.places, encrypted + part.encrypted
    if not found:
        raise StylerepError(f"{path}: there is nothing in it.")
    notes: tuple[str, ...] = (*scores.notes, *encrypted_note(encrypted, rows))
    if places:
        notes += (f"{path}: right answers are places of options, counted from 0 (0 is A).",)
    if copies > _FEW and copies == texts:
        notes += (
            (
                f"{path}: every response is its right answer to the letter; are they one field?"
                " (--response-field, --answer-field)"
            ),
        )
    return [
        Evaluation(
            public_name(model),
            clean(task),
            records,
            (path,),
            file_date(path),
            said=said,
            named=named,
            notes=notes,
        )
        for (model, task), records in found.items()
    ]


@dataclass(slots=True)
class _FilePart:
    """What was read of some rows: packed records with the model and task that each names,
    and what is counted in them.
    """

    records: list[tuple[tuple[str | None, str | None], bytes]] = field(default_factory=list)
    texts: int = 0
    copies: int = 0
    places: int = 0
    encrypted: int = 0


def _records(piece: tuple[list[Row | Line], ReadSource, "_ScoreField"]) -> _FilePart:
    """Read some rows, in whichever process."""
    unread, reading, scores = piece
    part = _FilePart()
    for row in rows_of(unread):
        own = [
            find_field(row.fields, what, given, row.where)
            for what, given in (("model", reading.fields.model), ("task", reading.fields.task))
        ]
        model, task = (value if isinstance(value, str) and value.strip() else None for value in own)
        record, hidden = _record(row, reading, scores)
        part.places += bool(record.options) and is_place_of_option(row.fields, reading.fields)
        part.encrypted += hidden
        part.texts += len(record.texts)
        part.copies += sum(record.golds == (text.strip(),) for text in record.texts)
        part.records.append(((model, task), pack(record)))
    return part


class _ScoreField(NamedTuple):
    """The field that holds the scores of a file, None if none does; whether it holds letters of options
    instead; and what a user should know of it.
    """

    name: str | None
    letters: bool = False
    notes: tuple[str, ...] = ()


def _score_field(path: Path, reading: ReadSource) -> _ScoreField:
    """Find the field of scores by all of its values: one that holds anything else holds no scores."""
    if reading.fields.correct is not None:
        return _ScoreField(reading.fields.correct)
    found, letters, rows = None, set[str](), 0
    differ: Counter[str] = Counter()
    for part in reading.workers.each(
        _scores_in, ((unread, reading.fields) for unread in unread_rows(path, _AT_ONCE))
    ):
        if part.refused:
            return _ScoreField(None, notes=(part.refused,))
        found, letters, rows = found or part.found, letters | part.letters, rows + part.rows
        differ.update(part.differ)
    if letters - _LETTERS:
        return _ScoreField(
            None, True, (f"{path}: {found!r} holds letters, so it is not taken for scores (--score-field).",)
        )
    notes = (
        f"{path}: the recorded score is {found}; {other} is another one in {n} of {rows} rows (--metric)."
        for other, n in differ.items()
    )
    return _ScoreField(found, notes=tuple(notes))


@dataclass(slots=True)
class _Scores:
    """What fields of scores hold in some rows: the first such field, letters, how often another field
    differs, and why the values are no scores.
    """

    rows: int = 0
    found: str | None = None
    letters: set[str] = field(default_factory=set)
    differ: Counter[str] = field(default_factory=Counter)
    refused: str = ""


def _scores_in(piece: tuple[list[Row | Line], Fields]) -> _Scores:
    """Look at the scores of some rows, in whichever process, up to one that is none."""
    unread, fields = piece
    part = _Scores()
    for row in rows_of(unread):
        name = score_field(row.fields, fields)
        part.found, part.rows = part.found or name, part.rows + 1
        part.differ.update(
            other
            for other in score_fields(row.fields, fields)
            if name and _differs(row.fields[other], row.fields[name], row.where)
        )
        for value in (
            (row.fields[name] if isinstance(row.fields[name], list) else [row.fields[name]]) if name else ()
        ):
            plain = value.strip().casefold() if isinstance(value, str) else ""
            if len(plain) == 1 and plain.isalpha():
                part.letters.add(plain)
            elif not _is_score(value, row.where):
                shown = clean(str(value)[:40])
                part.refused = (
                    f"{row.where}: {name!r} is {shown!r}, no score of 0 to 1, so its scores are left out"
                    " (--score-field)."
                )
                return part
    return part


def _differs(other: Any, value: Any, where: str) -> bool:
    """Say whether two fields are both scores and not the same one."""
    single = not isinstance(other, list) and not isinstance(value, list)
    return (
        single
        and _is_score(other, where)
        and _is_score(value, where)
        and score_of(other, where) != score_of(value, where)
    )


def _is_score(value: Any, where: str) -> bool:
    try:
        score_of(value, where)
    except StylerepError:
        return False
    return True


def _record(row: Row, reading: ReadSource, score: _ScoreField) -> tuple[Record, int]:
    where, fields, given = row.where, row.fields, reading.fields
    found = row_responses(fields, given, where)
    scores = (
        find_field(fields, "correct", score.name, where)
        if score.name is not None and (given.correct or score.name in fields)
        else None
    )
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
