"""Scores imported responses as the tasks do, and puts them into rows as lm_eval writes them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness_ext.importing.items import Item, answer_type_of
from harness_ext.importing.record import Record
from synth.errors import StylerepError
from synth.formats import split_response
from synth.formats.audit import Audit

_TELL_AFTER = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One item with the responses to it, each with the score that came with it."""

    item: Item
    texts: tuple[str, ...]
    recorded: tuple[float | None, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Graded:
    """One draw of a task, graded: its rows, how its answers were read if they were, the ids of documents where the recorded score is another, and notes."""

    rows: Sequence[Mapping[str, Any]]
    answer_type: str | None
    regraded: bool
    accuracy: float
    recorded: float | None
    agreement: float | None
    disagreements: tuple[int, ...]
    notes: tuple[str, ...] = ()


def answers(records: Sequence[Record], items: Sequence[Item]) -> tuple[list[Answer], bool]:
    """Return each item with all responses to it, and whether some item stands in several records that are taken for its draws.

    Raises StylerepError where items differ in how many responses they have.
    """
    together: dict[str, list[tuple[Record, Item]]] = {}
    for record, item in zip(records, items, strict=True):
        together.setdefault(item.document_hash, []).append((record, item))
    found = []
    for several in together.values():
        texts, recorded = (tuple(value for record, _ in several for value in getattr(record, name)) for name in ("texts", "recorded"))
        found.append(Answer(several[0][1], texts, recorded, several[0][0].where))
    first = found[0]
    other = next((answer for answer in found if (len(answer.texts), len(answer.recorded)) != (len(first.texts), len(first.recorded))), None)
    if not any(answer.recorded for answer in found):
        raise StylerepError(f"{first.where}: there are no responses.")
    if other:
        raise StylerepError(
            f"{other.where}: there are {len(other.texts)} responses to this item and {len(first.texts)} to that of {first.where}; every item needs as many."
        )
    return found, len(together) < len(records)


def grade(found: Sequence[Answer], draw: int, answer_type: str | None, regrade: bool, say: Callable[[str], None] | None = None) -> Graded:
    """Grade the response of number *draw* to each item, from 0.

    *answer_type* is how the answers of items are read that do not say it themselves; None: told from all right answers together. Without
    *regrade*, ``acc`` is the recorded score. Raises StylerepError for an item with neither a right answer nor a recorded score.
    """
    generated = bool(found[0].texts)
    known = all(answer.item.golds for answer in found)
    pairs = [(gold, answer.item.meta.get("options") or ()) for answer in found for gold in answer.item.golds]
    options = [texts for _, texts in pairs] if all(texts for _, texts in pairs) else []
    read_as = answer_type or answer_type_of([gold for gold, _ in pairs], options)
    regrade = regrade and generated and known
    rows, began, audit = [], time.monotonic(), Audit()
    for number, answer in enumerate(found):
        if say and number % 20 == 0 and number and time.monotonic() - began > _TELL_AFTER:
            say(f"{number} of {len(found)} responses are graded.")
            began = time.monotonic()
        recorded = answer.recorded[draw]
        if not regrade and recorded is None:
            raise StylerepError(f"{answer.where}: there is neither a right answer (--answer-field) nor a recorded score (--score-field) to go by.")
        rows.append(_row(answer, draw, answer.item.answer_type or read_as, regrade))
        if generated:
            audit.add(answer.texts[draw], split_response(answer.texts[draw]), answer.where, bool(rows[-1]["answered"]) if known else None)
    types = {answer.item.answer_type or read_as for answer in found}
    both = [(row["acc"], row["recorded"], row["doc_id"]) for row in rows if "recorded" in row]
    differ = tuple(number for own, theirs, number in both if own != theirs)
    return Graded(
        rows,
        ", ".join(sorted(types)) if generated and known else None,
        regrade,
        sum(row["acc"] for row in rows) / len(rows),
        sum(theirs for _, theirs, _ in both) / len(both) if both else None,
        1 - len(differ) / len(both) if both and regrade else None,
        differ,
        tuple(audit.notes()),
    )


def _row(answer: Answer, draw: int, answer_type: str, regrade: bool) -> dict[str, Any]:
    item, recorded = answer.item, answer.recorded[draw]
    scores = _scores(answer.texts[draw], item, answer_type) if answer.texts else {}
    if not regrade and recorded is not None:
        scores["acc"] = recorded
    if recorded is not None:
        scores["recorded"] = recorded
    texts = [answer.texts[draw]] if answer.texts else []
    return {
        "doc_id": item.number,
        "doc": dict(item.document),
        "target": item.target,
        "resps": [texts],
        "filtered_resps": texts,
        "filter": "none",
        "metrics": list(scores),
        "doc_hash": item.document_hash,
        **scores,
        **({"unanswered": split_response(texts[0]).no_answer or "states no answer"} if texts and not scores["answered"] else {}),
    }


def _scores(text: str, item: Item, answer_type: str) -> dict[str, float]:
    """Return all scores of a response; it is right if any of the right answers is stated."""
    from harness_ext.metrics import score
    from synth.grading.answers import final_answer, is_right

    first, *others = item.golds or ("",)
    scores = score(text, first, answer_type, item.meta)
    if others and not scores["acc"]:
        stated = final_answer(text, answer_type)
        scores["acc"] = float(any(is_right(stated, gold, answer_type, item.meta) for gold in others))
    return scores
