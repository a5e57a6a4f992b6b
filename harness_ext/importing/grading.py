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
    """How answers are graded: which draw of each, None for all together, how those are read that do not say
    it, whether right answers are known, and whether they count.
    """

    draw: int | None
    read_as: str
    known: bool
    regrade: bool


@dataclass(slots=True)
class _GradedPart:
    """What was made of some answers: their rows as lines, accuracies, how many scores could be recorded,
    those that are with the accuracy and document of each, and the audit of responses.
    """

    lines: bytes = b""
    accuracies: list[float] = field(default_factory=list)
    scores: int = 0
    recorded: list[tuple[float, float, int]] = field(default_factory=list)
    audit: Audit = field(default_factory=Audit)


def grade(
    found: Answers,
    told: Told,
    draw: int | None,
    answer_type: str | None,
    regrade: bool,
    advance: Callable[[int], None] = lambda n: None,
    workers: Workers | None = None,
) -> Graded:
    """Grade the response of number *draw* to each item, from 0; without one, all of them, so that a row holds
    every draw, and the scores of `harness_ext.scoring.draws`.

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
    accuracies, scores, recorded, theirs, differ = array("d"), 0, 0, array("d"), array("q")
    for part in (workers or Workers()).each(_graded, ((answers, how) for answers in found.parts(_AT_ONCE))):
        rows.append(part.lines, len(part.accuracies))
        accuracies.extend(part.accuracies)
        scores += part.scores
        recorded += len(part.recorded)
        theirs.extend(score for _, score, _ in part.recorded)
        differ.extend(number for own, score, number in part.recorded if own != score)
        whole.audit.merge(part.audit)
        advance(len(part.accuracies))
    notes = whole.audit.notes()
    if 0 < recorded < scores:
        notes.append(
            f"{recorded} of {scores} responses have a recorded score; the accuracy recorded"
            f"{' and the agreement are' if regrade else ' is'} of those alone."
        )
    types = {one or read_as for one in told.types}
    return Graded(
        rows,
        ", ".join(sorted(types)) if told.generated and told.known else None,
        regrade,
        sum(accuracies) / len(accuracies),
        sum(theirs) / recorded if recorded else None,
        1 - len(differ) / recorded if recorded and regrade else None,
        tuple(differ),
        tuple(notes),
    )


def _graded(piece: tuple[Answers, _How]) -> _GradedPart:
    """Grade some answers, in whichever process."""
    answers, how = list(piece[0]), piece[1]
    drawn = [_draws_of(answer, how.draw) for answer in answers]
    each = [one for draws in drawn for one in draws]
    splits = [split_response(one.texts[0]) if one.texts else None for one in each]
    scored = _scores(each, how, splits)
    part, lines, place = _GradedPart(), [], 0
    for answer, draws in zip(answers, drawn, strict=True):
        here = slice(place, place + len(draws))
        place += len(draws)
        settled = [_settled(one, how, scores) for one, scores in zip(draws, scored[here], strict=True)]
        row = _row(answer, how, draws, settled, splits[here])
        lines.append(_ENCODER.encode(row) + "\n")
        part.accuracies.append(row["acc"])
        part.scores += len(draws)
        for one, scores, split in zip(draws, settled, splits[here], strict=True):
            if "recorded" in scores:
                part.recorded.append((scores["acc"], scores["recorded"], row["doc_id"]))
            if split is not None:
                answered = bool(scores["answered"]) if how.known else None
                part.audit.add(one.texts[0], split, one.where, answered)
    part.lines = "".join(lines).encode("utf-8", "replace")
    return part


def _draws_of(answer: Answer, draw: int | None) -> list[Answer]:
    """Return an answer for each draw that is graded, with that one response."""
    places = range(len(answer.recorded)) if draw is None else [draw]
    return [
        Answer(
            answer.item,
            (answer.texts[place],) if answer.texts else (),
            (answer.recorded[place],),
            answer.where,
        )
        for place in places
    ]


def _settled(answer: Answer, how: _How, scores: dict[str, float]) -> dict[str, float]:
    """Return the scores of one draw with the one that came with it, which is accuracy where none is made."""
    (recorded,) = answer.recorded
    if not how.regrade and recorded is None:
        raise StylerepError(
            f"{answer.where}: there is neither a right answer (--answer-field) nor a recorded score"
            " (--score-field) to go by."
        )
    if not how.regrade and recorded is not None:
        scores["acc"] = recorded
    if recorded is not None:
        scores["recorded"] = recorded
    return scores


def _row(
    answer: Answer,
    how: _How,
    draws: Sequence[Answer],
    settled: Sequence[dict[str, float]],
    splits: Sequence[SplitResponse | None],
) -> Mapping[str, Any]:
    item, texts = answer.item, [text for one in draws for text in one.texts]
    scores: Mapping[str, Any] = settled[0]
    if len(draws) > 1:
        from harness_ext.scoring.draws import scores_of_draws, vote_of

        read_as = item.answer_type or how.read_as
        votes = [vote_of(split, read_as) for split in splits if split is not None]
        # where accuracy is the recorded score, what is stated need not be what was judged
        scores = scores_of_draws(settled, votes if how.regrade and len(votes) == len(draws) else None)
    split = splits[0] if len(draws) == 1 else None
    return {
        "doc_id": item.number,
        "doc": dict(item.document),
        "target": item.target,
        "resps": [texts],
        "filtered_resps": texts if len(draws) == 1 else [texts],
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
        (answer.texts[0], next(iter(answer.item.golds), ""), answer_type, answer.item.meta)
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
