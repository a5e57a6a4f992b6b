"""Reads the details that ``lighteval --save-details`` writes as Parquet,
in the layout of 0.10 and later and in the flat one before it.
"""

import re
from collections.abc import Mapping
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
from harness_ext.importing.spool import Spool
from harness_ext.runs.accuracy import recorded_metric, recorded_notes
from synth.errors import StylerepError
from synth.responses import gold_text
from synth.responses.messages import conversation, with_trace
from synth.rows import Row, read_rows
from synth.schema import read_json

NESTED, FLAT = {"doc", "model_response", "metric"}, {"full_prompt", "predictions", "metrics"}
DETAILS = re.compile(r"details_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+)\.parquet")
_FEW_SHOTS = re.compile(r"(?:\|\d+)+\Z")


def read(path: Path, reading: ReadSource) -> list[Evaluation]:
    """Read one file of details; the results file that lighteval writes says model, decoding and versions,
    else the folders say the model.

    The recorded score is that of ``--metric``, else the one that `harness_ext.runs.accuracy` finds. Raises
    StylerepError, naming the row, for what are no details.
    """
    match = DETAILS.fullmatch(path.name)
    name, date = (match["task"], match["date"]) if match else (path.name.split(".")[0], file_date(path))
    task = _FEW_SHOTS.sub("", name).rpartition("|")[2]
    rows = Spool(read_rows(path))
    if not rows:
        raise StylerepError(f"{path}: there is nothing in it.")
    scored = Spool[Mapping[str, object]](
        dict(scores) if isinstance(scores := _metrics(row), Mapping) else {} for row in rows
    )
    found = recorded_metric(scored, str(path), reading.fields.correct)
    records, several, notes = Spool[Record](), False, recorded_notes(task, found)
    for row in rows:
        flat = row.fields.keys() >= FLAT
        if not flat and not row.fields.keys() >= NESTED:
            raise StylerepError(
                f"{row.where}: expected details of lighteval, with {', '.join(sorted(NESTED))} or"
                f" {', '.join(sorted(FLAT))}."
            )
        score = _score(_metrics(row), found.metric if found else None, row.where)
        record = _flat(row, score) if flat else _nested(row, score)
        several = several or len(record.texts) > 1
        records.append(record)
    if several:
        notes.append(
            f"{task}: lighteval scores several responses together, so none of them has a recorded score."
        )
    said = _results(path, date)
    general = _inner(said, "config_general")
    settings = _inner(general, "model_config")
    model = general.get("model_name") or settings.get("model_name")
    decoding = {
        key: value for key, value in _inner(settings, "generation_parameters").items() if value is not None
    }
    version = plain_version(_inner(said, "versions").get(name))
    return [
        Evaluation(
            public_name(str(model)) if model else _folder_name(path),
            re.sub(r"[^\w.-]+", "_", task),
            records,
            (path,),
            date,
            harness="lighteval",
            said=True,
            named=True,
            version=version,
            gen_kwargs=decoding or None,
            versions={},
            notes=tuple(notes),
        )
    ]


def _nested(row: Row, score: float | None) -> Record:
    document, response = _inner(row.fields, "doc"), _inner(row.fields, "model_response")
    texts, traces = response.get("text") or [], _list(response.get("reasonings"))
    if not isinstance(texts, list) or not all(text is None or isinstance(text, str) for text in texts):
        raise StylerepError(f"{row.where}: expected a list of texts in model_response.text.")
    if not texts and not response.get("logprobs"):
        raise StylerepError(f"{row.where}: there is neither a response nor a likelihood in it.")
    traces = traces if len(traces) == len(texts) else [None] * len(texts)
    index = document.get("gold_index")
    choices = _list(document.get("choices"))
    golds = [
        choices[i]
        for i in (index if isinstance(index, list) else [index])
        if isinstance(i, int) and 0 <= i < len(choices)
    ]
    return Record(
        row.where,
        tuple(clean(with_trace(trace, text or "")) for trace, text in zip(traces, texts, strict=True)),
        _scores(score, len(texts)),
        question=clean(conversation(document.get("original_query") or document.get("query"))),
        prompt=clean(conversation(response.get("input")) or conversation(document.get("query"))),
        golds=_golds(golds),
        item=clean(str(document.get("id") or "")),
    )


def _flat(row: Row, score: float | None) -> Record:
    fields = row.fields
    said = _list(fields["predictions"])
    texts = said if all(one is None or isinstance(one, str) for one in said) else []
    if not said:
        raise StylerepError(f"{row.where}: there is neither a response nor a likelihood in it.")
    golds, choices = _list(fields.get("gold")), _list(fields.get("choices"))
    golds = golds or [
        choices[i] for i in _list(fields.get("gold_index")) if isinstance(i, int) and 0 <= i < len(choices)
    ]
    prompt = clean(conversation(fields["full_prompt"]))
    return Record(
        row.where,
        tuple(clean(text or "") for text in texts),
        _scores(score, len(texts)),
        question=clean(conversation(fields.get("example"))) or prompt,
        prompt=prompt,
        golds=_golds(golds),
    )


def _metrics(row: Row) -> Any:
    return row.fields.get("metrics" if row.fields.keys() >= FLAT else "metric")


def _score(metrics: Any, metric: str | None, where: str) -> float | None:
    return (
        score_of(metrics.get(metric), where) if metric is not None and isinstance(metrics, Mapping) else None
    )


def _scores(score: float | None, n: int) -> tuple[float | None, ...]:
    return (score,) if n <= 1 else (None,) * n


def _golds(values: list[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean(gold) for gold in map(gold_text, values) if gold))


def _results(path: Path, date: str) -> dict[str, Any]:
    """Return the results of the same moment: ``results/MODEL/results_DATE.json`` beside
    ``details/MODEL/DATE``; nothing where they are not there.
    """
    model = path.resolve().parent.parent
    for number, folder in enumerate(model.parents):
        if folder.name == "details":
            file = folder.parent / "results" / model.relative_to(folder) / f"results_{date}.json"
            try:
                content = read_json(file)
            except StylerepError:
                return {}
            return content if isinstance(content, dict) else {}
        if number > 3:
            break
    return {}


def _folder_name(path: Path) -> str:
    """Return the model's name that folders say, ``details/ORG/MODEL/DATE/…``, else that of the file's
    folder.
    """
    parts = path.resolve().parts[:-1]
    if "details" in parts:
        after = parts[len(parts) - parts[::-1].index("details") : -1]
        return clean("/".join(after)) or clean(parts[-1])
    return clean(parts[-1])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, Mapping) else {}
