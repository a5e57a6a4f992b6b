"""Marks up an item and its responses for the trace viewer. Places count UTF-16 code units, as JavaScript
does.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from harness_ext.pages.leaderboard.board import STYLE
from harness_ext.runs.accuracy import DRAWS
from synth.formats import SplitResponse, split_response
from synth.grading.answers import stated_answer
from synth.responses.samples_file import LEFT_OUT
from synth.style import KINDS, STAGES
from synth.style.metrics import read_each
from synth.style.scores import StyleReading

_QUESTIONS = ("prompt", "question", "problem", "query", "input", "Question", "Problem", "text")
_ANSWERS = ("answer", "gold", "target", "label")
_TYPES = ("number", "option", "text", "expression", "latex", "gym")
_LONGEST = 10_000
_AT_ONCE, _CHARACTERS = 100, 1_000_000


def item_record(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return the id, the question and the right answer of the item that a row of a samples file is about."""
    doc = _document(sample)
    asked = next(
        (text for name in _QUESTIONS if isinstance(text := doc.get(name), str) and text.strip()), None
    )
    return {
        "id": _text(doc.get("id", sample.get("doc_id", ""))),
        "question": asked or _sent(sample) or ("(left out)" if LEFT_OUT in sample else ""),
        "gold": _gold(doc, sample),
    }


def response_records(samples: Iterable[tuple[str | None, Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield of each response, with the row of a samples file that it stands in, its parts, stages, pivots and
    arithmetic claims, what it states and its scores.

    `stages` and `pivots` are [index into STAGES or KINDS, start, end], `claims` [1 if true else 0, start,
    end], `thinking` is the span of the reasoning, where there is any. Without text (a task that compares
    likelihoods) `text` is None. Never raises for what a model writes.
    """
    for some in _batches(samples):
        splits = [split_response(text) for text, _ in some if text is not None]
        read = iter(zip(splits, read_each(splits), strict=True))
        for text, sample in some:
            record = _scores_of(text, sample)
            yield record if text is None else record | _read(text, sample, *next(read))


def _batches(
    samples: Iterable[tuple[str | None, Mapping[str, Any]]],
) -> Iterator[list[tuple[str | None, Mapping[str, Any]]]]:
    """Yield samples that are read together: some, or fewer where they are long."""
    waiting: list[tuple[str | None, Mapping[str, Any]]] = []
    characters = 0
    for text, sample in samples:
        waiting.append((text, sample))
        characters += len(text or "")
        if len(waiting) == _AT_ONCE or characters > _CHARACTERS:
            yield waiting
            waiting, characters = [], 0
    if waiting:
        yield waiting


def _scores_of(response: str | None, sample: Mapping[str, Any]) -> dict[str, Any]:
    metrics = {name: value for name in ("acc", *STYLE) if (value := _number(sample.get(name))) is not None}
    return {
        "text": response,
        "gold": _gold(_document(sample), sample),
        "recorded": _recorded(sample),
        "metrics": metrics,
        **({"left_out": True} if LEFT_OUT in sample else {}),
        **({"draws": int(draws)} if (draws := _number(sample.get(DRAWS))) and draws > 1 else {}),
    }


def _read(
    response: str, sample: Mapping[str, Any], split: SplitResponse, reading: StyleReading
) -> dict[str, Any]:
    at = _code_units(response)

    def spans(found: Iterable[tuple[int, int, int]]) -> list[list[int]]:
        return [[index, at(split.start + start), at(split.start + end)] for index, start, end in found]

    return {
        "thinking": [at(split.start), at(split.start + len(split.derivation))] if split.derivation else None,
        "cut": split.truncated,
        "stages": spans((STAGES.index(stage), start, end) for stage, start, end in reading.stages),
        "pivots": spans((KINDS.index(one.kind), one.start, one.end) for one in reading.pivots),
        "claims": spans((int(true), start, end) for true, start, end in reading.claim_spans),
        "stated": _stated(response, split, sample),
        "words": reading.scores.words,
    }


def _code_units(text: str) -> Callable[[int], int]:
    """Return what turns a place in *text* into one counted in UTF-16 code units."""
    if text.isascii() or max(text) < "\U00010000":
        return lambda place: place
    wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) > 0xFFFF
    before = np.concatenate(([0], np.cumsum(wide)))
    return lambda place: place + int(before[place])


def _document(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    doc = sample.get("doc")
    return doc if isinstance(doc, Mapping) else {}


def _sent(sample: Mapping[str, Any]) -> str:
    """Return the prompt that was sent: that of the first request,
    with all of a conversation in JSON as it is.
    """
    arguments = sample.get("arguments")
    for name in ("gen_args_0", 0):
        try:
            arguments = arguments[name]  # type: ignore[index]
            break
        except (KeyError, IndexError, TypeError):
            continue
    try:
        return _text(arguments["arg_0"] if isinstance(arguments, Mapping) else arguments[0])  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return ""


def _gold(doc: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    choices = doc.get("choices")
    index = doc.get("gold", sample.get("target"))
    if (
        isinstance(choices, list)
        and str(index).isdecimal()
        and len(str(index)) < 4
        and int(str(index)) < len(choices)
    ):
        return _text(choices[int(str(index))])
    target = sample.get("target")
    found = doc.get("answer") if "answer_type" in doc or target in (None, "") else target
    return _text(
        found
        if found is not None
        else next((doc[name] for name in _ANSWERS if doc.get(name) is not None), "")
    )


def _stated(response: str, split: SplitResponse, sample: Mapping[str, Any]) -> str | None:
    """Return the answer that was judged: what the task's filter took from the response,
    else what the response states.
    """
    taken = sample.get("filtered_resps")
    taken = taken[0] if isinstance(taken, list) and taken else taken
    if isinstance(taken, str) and taken != response and sample.get("filter", "none") != "none":
        return taken[:_LONGEST]
    known = str(_document(sample).get("answer_type"))
    stated = stated_answer(split, known if known in _TYPES else "number")
    return stated if stated is None else stated[:_LONGEST]


def _recorded(sample: Mapping[str, Any]) -> float | None:
    """Return the score that came with an imported response, None if none did."""
    return next(
        (
            value
            for name in sample
            if name.startswith("recorded") and (value := _number(sample[name])) is not None
        ),
        None,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )
