"""Scores imported responses as the tasks do, and puts them into rows as lm_eval writes them."""

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness_ext.importing.answers import Answer, Answers, Told
from harness_ext.importing.spool import Lines
from synth.errors import StylerepError
from synth.formats import SplitResponse, split_response
from synth.formats.audit import Audit
from synth.processes.workers import Workers

_AT_ONCE = 100
_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Graded:
    """One draw of a task, graded: its rows, how its answers were read if they were, the ids of documents
    where the recorded score is another, and notes.
    """

    rows: Lines
    answer_type: str | None
    regraded: bool
    accuracy: float
    recorded: float | None
    agreement: float | None
    disagreements: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _How:
    """How answers are graded: which draw of each, how those are read that do not say it, whether right
    answers are known, and whether they count.
    """

    draw: int
    read_as: str
    known: bool
    regrade: bool


@dataclass(slots=True)
class _GradedPart:
    """What was made of some answers: their rows as lines, accuracies, recorded scores with the accuracy and
    document of each, and the audit of responses.
    """

    lines: bytes = b""
    accuracies: list[float] = field(default_factory=list)
    recorded: list[tuple[float, float, int]] = field(default_factory=list)
    audit: Audit = field(default_factory=Audit)


def grade(
    found: Answers,
    told: Told,
    draw: int,
    answer_type: str | None,
    regrade: bool,
    advance: Callable[[int], None] = lambda n: None,
    workers: Workers | None = None,
) -> Graded:
    """Grade the response of number *draw* to each item, from 0.

    *advance* is told how many more are graded.
    *answer_type* is how the answers of items are read that do not say it themselves; None: told from all
    right answers together. Without
    *regrade*, ``acc`` is the recorded score. Raises StylerepError for an item with neither a right answer nor
    a recorded score.
    """
    read_as = answer_type or told.answer_type
    regrade = regrade and told.generated and told.known
    how = _How(draw, read_as, told.known, regrade)
    rows, whole = Lines(), _GradedPart(accuracies=[])
    accuracies, recorded, theirs, differ = array("d"), 0, array("d"), array("q")
    for part in (workers or Workers()).each(_graded, ((answers, how) for answers in found.parts(_AT_ONCE))):
        rows.append(part.lines, len(part.accuracies))
        accuracies.extend(part.accuracies)
        recorded += len(part.recorded)
        theirs.extend(score for _, score, _ in part.recorded)
        differ.extend(number for own, score, number in part.recorded if own != score)
        whole.audit.merge(part.audit)
        advance(len(part.accuracies))
    types = {one or read_as for one in told.types}
    return Graded(
        rows,
        ", ".join(sorted(types)) if told.generated and told.known else None,
        regrade,
        sum(accuracies) / len(accuracies),
        sum(theirs) / recorded if recorded else None,
        1 - len(differ) / recorded if recorded and regrade else None,
        tuple(differ),
        tuple(whole.audit.notes()),
    )


def _graded(piece: tuple[Answers, _How]) -> _GradedPart:
    """Grade some answers, in whichever process."""
    answers, how = list(piece[0]), piece[1]
    splits = [split_response(answer.texts[how.draw]) if answer.texts else None for answer in answers]
    scored = _scores(answers, how, splits)
    part, lines = _GradedPart(), []
    for answer, scores, split in zip(answers, scored, splits, strict=True):
        if not how.regrade and answer.recorded[how.draw] is None:
            raise StylerepError(
                f"{answer.where}: there is neither a right answer (--answer-field) nor a recorded score"
                " (--score-field) to go by."
            )
        row = _row(answer, how, scores, split)
        lines.append(_ENCODER.encode(row) + "\n")
        part.accuracies.append(row["acc"])
        if "recorded" in row:
            part.recorded.append((row["acc"], row["recorded"], row["doc_id"]))
        if split is not None:
            part.audit.add(
                answer.texts[how.draw], split, answer.where, bool(row["answered"]) if how.known else None
            )
    part.lines = "".join(lines).encode("utf-8", "replace")
    return part


def _row(
    answer: Answer, how: _How, scores: dict[str, float], split: SplitResponse | None
) -> Mapping[str, Any]:
    item, recorded = answer.item, answer.recorded[how.draw]
    if not how.regrade and recorded is not None:
        scores["acc"] = recorded
    if recorded is not None:
        scores["recorded"] = recorded
    texts = [answer.texts[how.draw]] if answer.texts else []
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
        **(
            {"unanswered": split.no_answer or "states no answer"}
            if split is not None and not scores["answered"]
            else {}
        ),
    }


def _scores(
    answers: list[Answer], how: _How, splits: Sequence[SplitResponse | None]
) -> list[dict[str, float]]:
    """Return all scores of each response, none where there is no text;
    it is right if any of the right answers is stated.
    """
    from harness_ext.scoring.scores import score_each
    from synth.grading.answers import is_right, stated_answer

    if not answers[0].texts:
        return [{} for _ in answers]
    types = [answer.item.answer_type or how.read_as for answer in answers]
    asked = [
        (answer.texts[how.draw], next(iter(answer.item.golds), ""), answer_type, answer.item.meta)
        for answer, answer_type in zip(answers, types, strict=True)
    ]
    known = [split for split in splits if split is not None]
    scored = score_each(asked, known)
    for answer, answer_type, scores, split in zip(answers, types, scored, known, strict=True):
        if len(answer.item.golds) > 1 and not scores["acc"]:
            stated = stated_answer(split, answer_type)
            scores["acc"] = float(
                any(is_right(stated, gold, answer_type, answer.item.meta) for gold in answer.item.golds[1:])
            )
    return scored
