"""Reads logs of inspect_ai: ``.eval`` (a zip of JSON files) and ``.json``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness_ext.importing.log_archive import LogArchive
from harness_ext.importing.record import (
    Evaluation,
    ReadSource,
    Record,
    clean,
    date_text,
    file_date,
    plain_version,
    public_name,
    score_of,
)
from harness_ext.importing.spool import Spool
from harness_ext.runs.accuracy import AccuracyMetric, recorded_metric, recorded_notes
from synth.errors import StylerepError
from synth.formats.audit import encrypted_note
from synth.privacy.secrets import SECRETS
from synth.responses import gold_text
from synth.responses.messages import Said, conversation, message_said
from synth.schema import parse_json, read_regular, shown


def read(path: Path, reading: ReadSource) -> list[Evaluation]:
    """Read one log; the epochs of a sample are several responses to it, in their order.

    A sample that ended with an error has an empty response. Raises StylerepError for a log that is broken,
    or in which no sample stands.
    """
    header, samples = _from_zip(path) if path.suffix == ".eval" else _from_json(path)
    about, plan = _inner(header, "eval"), _inner(header, "plan")
    SECRETS.learn([about.get("model_args"), about.get("model_base_url")], path.name)
    task = clean(str(about.get("task") or path.stem).rpartition("/")[2])
    names = [
        str(one["name"]) for one in _list(about, "scorers") if isinstance(one, Mapping) and one.get("name")
    ]
    found = _scorer(samples, names, reading.fields.correct, path)
    order = {str(name): number for number, name in enumerate(_list(_inner(about, "dataset"), "sample_ids"))}
    places = [(_number(one.get("epoch")), order.get(str(one.get("id")), len(order))) for _, one in samples]
    epochs: dict[str, list[int]] = {}
    each, failed = Spool[Record](), 0
    for where, sample in (samples[place] for place in sorted(range(len(places)), key=places.__getitem__)):
        failed += bool(sample.get("error"))
        epochs.setdefault(str(sample.get("id")), []).append(len(each))
        each.append(_record(where, sample, found.metric if found else None, reading.fields.correct))
    if not epochs:
        raise StylerepError(
            f"{path}: no sample stands in this log (its status is {shown(header.get('status'))})."
        )
    records = Spool(_joined([each[place] for place in several]) for several in epochs.values())
    notes = [f"{task}: {failed} samples ended with an error, so their responses are empty."] if failed else []
    notes += encrypted_note(sum(record.encrypted for record in records), len(records))
    notes += recorded_notes(task, found)
    if header.get("status") not in (None, "success"):
        notes.append(f"{task}: the log's status is {shown(header['status'])}, so samples may be missing.")
    decoding = {**_inner(about, "model_generate_config"), **_inner(plan, "config")}
    decoding = {
        key: value for key, value in decoding.items() if value is not None and not key.startswith("max_conn")
    }
    return [
        Evaluation(
            public_name(str(about.get("model") or path.resolve().parent.name)),
            task,
            records,
            (path,),
            _date(about.get("created")) or file_date(path),
            harness="inspect_ai",
            said=bool(about.get("model")),
            named=True,
            version=plain_version(about.get("task_version")),
            gen_kwargs=decoding or None,
            versions={str(name): str(version) for name, version in _inner(about, "packages").items()},
            notes=tuple(notes),
        )
    ]


def _record(where: str, sample: Mapping[str, Any], scorer: str | None, given: str | None) -> Record:
    attachments = _inner(sample, "attachments")

    def whole(value: Any) -> Any:
        """Put back long texts that a log keeps apart."""
        if isinstance(value, str) and value.startswith("attachment://"):
            return attachments.get(value.removeprefix("attachment://"), value)
        if isinstance(value, list):
            return [whole(one) for one in value]
        return {key: whole(one) for key, one in value.items()} if isinstance(value, dict) else value

    output = _inner(sample, "output")
    choices = output.get("choices")
    message = (
        _inner(choices[0], "message")
        if isinstance(choices, list) and choices and isinstance(choices[0], Mapping)
        else {}
    )
    reason = choices[0].get("stop_reason") if message and isinstance(choices, list) else None
    said = message_said({"message": whole(dict(message)), "stop_reason": reason}) or Said("")
    text = said.text or str(whole(output.get("completion")) or "")
    targets = sample.get("target")
    options = sample.get("choices")
    return Record(
        where,
        (clean(text),),
        (_score(_inner(sample, "scores"), scorer, given, where),),
        question=clean(conversation(whole(sample.get("input")))),
        prompt=clean(conversation(whole(sample.get("messages")))),
        golds=tuple(
            clean(gold)
            for gold in map(gold_text, targets if isinstance(targets, list) else [targets])
            if gold
        ),
        item=clean(str(sample.get("id"))),
        options=(
            tuple(map(clean, options))
            if isinstance(options, list) and all(isinstance(one, str) for one in options)
            else ()
        ),
        encrypted=said.encrypted,
    )


def _joined(several: list[Record]) -> Record:
    first = several[0]
    texts, recorded = (
        tuple(value for one in several for value in getattr(one, name)) for name in ("texts", "recorded")
    )
    return Record(
        first.where,
        texts,
        recorded,
        first.question,
        first.prompt,
        first.golds,
        first.item,
        first.options,
        encrypted=any(one.encrypted for one in several),
    )


def _scorer(
    samples: Sequence[tuple[str, Mapping[str, Any]]], names: Sequence[str], given: str | None, path: Path
) -> AccuracyMetric | None:
    """Return which scorer the recorded score is of: letters are read as numbers,
    and the scorers of the log stand in its order.
    """
    rows = Spool[dict[str, float | None]]()
    for where, sample in samples:
        scores = _inner(sample, "scores")
        rows.append({name: _score(scores, name, None, where) for name in [*names, *scores] if name in scores})
    return recorded_metric(rows, str(path), given, "scorer") if any(rows) else None


def _score(scores: Mapping[str, Any], scorer: str | None, given: str | None, where: str) -> float | None:
    value = _inner(scores, scorer or "").get("value")
    if given is not None:
        return score_of(value, where)
    try:
        return score_of(value, where)
    except StylerepError:
        return None  # marks out of ten, a score of several parts: no share of right answers


def _from_zip(path: Path) -> tuple[Mapping[str, Any], Sequence[tuple[str, Mapping[str, Any]]]]:
    with LogArchive(path) as archive:
        head = next((name for name in ("header.json", "_journal/start.json") if name in archive.names), None)
        if head is None:
            raise StylerepError(f"{path}: this is no log of inspect_ai (no header.json in it).")
        return archive.member(head), Spool(archive.samples())


def _from_json(path: Path) -> tuple[Mapping[str, Any], Sequence[tuple[str, Mapping[str, Any]]]]:
    log = parse_json(read_regular(path, "log"), path)
    if not isinstance(log, Mapping):
        raise StylerepError(f"{path}: expected a JSON object, found {shown(log)}.")
    samples = log.get("samples")
    if not isinstance(log.get("eval"), Mapping) or not (samples is None or isinstance(samples, list)):
        raise StylerepError(f'{path}: this is no log of inspect_ai (no "eval" and "samples" in it).')
    found = []
    for number, sample in enumerate(samples or [], 1):
        if not isinstance(sample, Mapping):
            raise StylerepError(f"{path}, sample {number}: expected an object.")
        found.append((f"{path}, sample {number}", sample))
    return log, found


def _date(created: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(str(created).replace("Z", "+00:00"))
        return date_text(moment.astimezone(UTC))
    except (ValueError, OverflowError):  # no date, or one that is none in UTC: before the year 1, after 9999
        return None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and abs(value) < 2**63 else 1


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    inner = value.get(name)
    return inner if isinstance(inner, list) else []


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, Mapping) else {}
