"""Reads the samples that ``lm_eval --log_samples`` writes, of any task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness_ext.importing.record import (
    Evaluation,
    ReadSource,
    Record,
    clean,
    file_date,
    plain_version,
    public_name,
    score_of,
)
from harness_ext.importing.spool import Spool, pack
from harness_ext.runs.accuracy import AccuracyMetric, other_metrics, recorded_metric, recorded_notes
from harness_ext.runs.run_folder import NOT_METRICS, read_manifest
from synth.errors import StylerepError
from synth.formats import with_opening
from synth.privacy.secrets import SECRETS
from synth.processes.workers import Workers
from synth.responses import find_field, gold_text
from synth.responses.fields import options_of
from synth.responses.messages import conversation, message_said
from synth.responses.samples_file import refuse_left_out, samples_name
from synth.rows import Line, Row, rows_of, unread_rows
from synth.schema import read_json

_AT_ONCE = 100


def read(path: Path, reading: ReadSource) -> list[Evaluation]:
    """Read one samples file, under the filter that is asked for or else its first; the results file beside it
    says model, decoding and versions.

    Documents keep lm_eval's hashes. Raises StylerepError, naming the line, for what is no sample,
    and where there is no such filter.
    """
    named = samples_name(path.name)
    task, date = (named.task, named.date) if named else (path.name.split(".")[0], None)
    rows: dict[str, Spool[Row]] = {}
    for some in reading.workers.each(_rows_by_filter, unread_rows(path, _AT_ONCE)):
        for name, row in some:
            rows.setdefault(name, Spool()).append_packed(row)
    if not rows:
        raise StylerepError(f"{path}: there is nothing in it.")
    chosen = reading.filter or next(iter(rows))
    if chosen not in rows:
        raise StylerepError(f"{path}: there is no filter {chosen!r}; there are {', '.join(rows)}.")
    scored = {name: _scores(own, reading.fields.correct) for name, own in rows.items()}
    found = recorded_metric(scored[chosen], f"{path}, {task}", reading.fields.correct)
    notes = [*_filter_notes(task, rows, scored, chosen, found), *recorded_notes(task, found)]
    records, unscored = Spool[Record](), False
    plain, metric = replace(reading, workers=Workers()), found.metric if found else None
    for part, without in reading.workers.each(
        _records, ((some, plain, metric) for some in rows[chosen].parts(_AT_ONCE))
    ):
        for record in part:
            records.append_packed(record)
        unscored = unscored or without
    if unscored:
        notes.append(
            f"{task}: lm_eval scores what its filter makes of several responses, so none of them has a"
            " recorded score."
        )
    said = _results(path.parent, date)
    SECRETS.learn(said.get("config"), path.parent.name)
    model = said.get("model_name") or _manifest_name(path) or path.resolve().parent.name
    return [
        Evaluation(
            public_name(str(model)),
            task,
            records,
            (path,),
            date or file_date(path),
            harness="lm_eval",
            said=bool(said.get("model_name")),
            named=True,
            version=plain_version(_inner(said, "versions").get(task)),
            gen_kwargs=_inner(said, "config").get("gen_kwargs") or None,
            filter=chosen,
            versions={"lm_eval": str(said["lm_eval_version"])} if said.get("lm_eval_version") else {},
            notes=tuple(notes),
        )
    ]


def _rows_by_filter(unread: list[Row | Line]) -> list[tuple[str, bytes]]:
    """Read some rows, in whichever process: of each its filter, and the row, packed."""
    found = []
    for row in rows_of(unread):
        refuse_left_out(row.fields, row.where)
        if not isinstance(row.fields.get("doc"), dict) or not isinstance(row.fields.get("resps"), list):
            raise StylerepError(f'{row.where}: expected a sample of lm_eval, with "doc" and "resps".')
        found.append((str(row.fields.get("filter", "none")), pack(row)))
    return found


def _records(piece: tuple[Sequence[Row], ReadSource, str | None]) -> tuple[list[bytes], bool]:
    """Make records of some rows, in whichever process: packed,
    and whether some has several responses and a score of none.
    """
    records = [_record(row, *piece[1:]) for row in piece[0]]
    return [pack(record) for record in records], any(
        len(record.texts) > 1 and set(record.recorded) == {None} for record in records
    )


def _record(row: Row, reading: ReadSource, metric: str | None) -> Record:
    where, fields, given = row.where, row.fields, reading.fields
    document: dict[str, Any] = fields["doc"]
    texts = _texts(fields, where)
    score = _score(fields, metric)
    scores = (
        score
        if isinstance(score, list) and len(score) == len(texts)
        else [score if len(texts) <= 1 else None] * max(1, len(texts))
    )
    gold = gold_text(find_field({**document, "target": fields.get("target")}, "answer", given.answer, where))
    question = find_field(fields if given.question else document, "question", given.question, where)
    number, digest, target = (fields.get(name) for name in ("doc_id", "doc_hash", "target"))
    return Record(
        where,
        texts,
        tuple(score_of(one, where) for one in scores),
        question=clean(conversation(question)),
        prompt=_prompt(fields),
        golds=(clean(gold),) if gold else (),
        item=clean(str(document.get("id", ""))),
        options=tuple(map(clean, options_of(document))),
        document=document,
        document_hash=digest if isinstance(digest, str) else "",
        document_number=number if isinstance(number, int) else None,
        target=clean(str(target)) if target is not None else None,
    )


def _texts(fields: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return the responses of a sample, none where it was scored by likelihoods alone: those are pairs of a
    number and whether it was the greatest.
    """
    requests, asked = fields["resps"], _arguments(fields)
    if (
        len(requests) == 1
        and isinstance(requests[0], list)
        and requests[0]
        and all(map(_is_said, requests[0]))
    ):
        if asked and not isinstance(asked[-1], Mapping):
            return ()
        prompt = asked[0] if asked and isinstance(asked[0], str) else ""
        return tuple(clean(with_opening(prompt, _text(one))) for one in requests[0])
    if requests and all(isinstance(one, list) and one and isinstance(one[0], list) for one in requests):
        return ()
    raise StylerepError(f"{where}: expected the responses of one request, or likelihoods, in resps.")


def _is_said(value: Any) -> bool:
    """Say whether a value is a response: a text, one that a server withheld,
    or a message's content in parts, as some servers answer.
    """
    return (
        value is None
        or isinstance(value, str)
        or (isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value))
    )


def _text(response: Any) -> str:
    said = message_said({"content": response})
    return said.text if said is not None else ""


def _arguments(fields: Mapping[str, Any]) -> list[Any]:
    """Return what the first request asked: the prompt, and decoding or a continuation."""
    first = _inner(_inner(fields, "arguments"), "gen_args_0")
    return [first[name] for name in sorted(first)]


def _prompt(fields: Mapping[str, Any]) -> str:
    asked = _arguments(fields)
    return clean(conversation(asked[0])) if asked else ""


def _scores(rows: Sequence[Row], given: str | None) -> Sequence[dict[str, float]]:
    """Return the metrics of each sample: those it lists, else, of older files, all fields that may be, of
    which each is a number or a list of one a response.

    A metric that is a list of anything else somewhere,
    such as one for each of the instructions of a prompt, is none.
    """
    found = Spool[dict[str, float]]()
    lists: set[str] = set()
    for row in rows:
        fields, listed = row.fields, row.fields.get("metrics")
        names = (
            [name for name in listed if isinstance(name, str)]
            if isinstance(listed, list)
            else [name for name in fields if name not in NOT_METRICS]
        )
        requests = fields["resps"]
        n = len(requests[0]) if requests and isinstance(requests[0], list) else 1
        scores = {}
        for name in names:
            value = fields.get(name)
            values = value if isinstance(value, list) else [value]
            if isinstance(value, list) and len(value) != n:
                lists.add(name)
            elif values and all(map(_is_number, values)):
                scores[name] = sum(values) / len(values)
        if given is not None and given not in names and not isinstance(fields.get(given), list):
            own = score_of(fields.get(given), row.where)
            scores |= {} if own is None else {given: own}
        found.append(scores)
    return (
        Spool({name: value for name, value in scores.items() if name not in lists} for scores in found)
        if lists
        else found
    )


def _is_number(value: Any) -> bool:
    """Say whether a value is a number that can be computed with: a whole one may have hundreds of digits."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


def _score(fields: Mapping[str, Any], metric: str | None) -> Any:
    return None if metric is None else fields.get(metric)


def _filter_notes(
    task: str,
    rows: Mapping[str, Sequence[Row]],
    scored: Mapping[str, Sequence[Mapping[str, Any]]],
    chosen: str,
    found: AccuracyMetric | None,
) -> list[str]:
    """Say which filter the recorded scores are of where there are several, and by how much the others
    differ.
    """
    others = []
    for name in (name for name in rows if name != chosen):
        says = ""
        if found is not None:
            there = {
                _number(row): scores.get(found.metric)
                for row, scores in zip(rows[name], scored[name], strict=True)
            }
            both = [
                {chosen: scores.get(found.metric), name: there.get(_number(row))}
                for row, scores in zip(rows[chosen], scored[chosen], strict=True)
            ]
            says = next(
                (f", {one.against()}" for one in other_metrics(both, chosen) if one.metric == name), ""
            )
        others.append(name + says)
    return (
        [
            f"{task}: the recorded scores are those of the filter {chosen}; there is also {'; '.join(others)}"
            " (--filter)."
        ]
        if others
        else []
    )


def _number(row: Row) -> int | None:
    """Return the number of a sample's document, None where it is none."""
    number = row.fields.get("doc_id")
    return number if isinstance(number, int) else None


def _results(folder: Path, date: str | None) -> dict[str, Any]:
    """Return the results file of the same moment, else the newest;
    nothing where there is none that can be read.
    """
    files = [folder / f"results_{date}.json", *sorted(folder.glob("results_*.json"), reverse=True)]
    path = next((file for file in files if file.is_file()), None)
    try:
        content = read_json(path) if path else {}
    except StylerepError:
        return {}
    return content if isinstance(content, dict) else {}


def _manifest_name(path: Path) -> Any:
    manifests = (read_manifest(folder) for folder in list(path.parents)[:2])
    return next((name for one in manifests if (name := one.get("model_name") or one.get("base_model"))), None)


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, Mapping) else {}
