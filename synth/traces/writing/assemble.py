"""Puts the sentences of a plan together into a text, with or without its pivots."""

from dataclasses import dataclass

from synth.traces.writing.phrasebook import Phrasebook
from synth.traces.writing.plan import TracePlan
from synth.traces.writing.trace_page import Sentence, TraceLine


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a trace before its conclusion.

    `stages` are (name, start, end) and `turns` (start, end) of wrong turns, in characters.
    """

    text: str
    stages: list[tuple[str, int, int]]
    turns: list[tuple[int, int]]


def write_body(plan: TracePlan, book: Phrasebook, pivots: bool = True) -> Body:
    """Write everything but the conclusion; without *pivots*,
    the lead-ins are left out and nothing else changes.
    """
    pieces: list[str] = []
    length = 0
    stages: list[tuple[str, int, int]] = []
    turns: dict[int, tuple[int, int]] = {}
    for line in plan.lines:
        if pieces:
            pieces.append("\n\n")
            length += 2
        begin = length
        text = line.mark
        for number, sentence in enumerate(line.sentences):
            written = _sentence(sentence, pivots, book)
            if not number:
                text += written
            elif sentence.join and text[-1] not in _ASKS:
                text = text.rstrip(_STOPS) + _joined(sentence, book)
            else:
                text = (
                    f"{_stopped(text)} {written}"
                    if book.spaced
                    else book.side_by_side(_stopped(text), written)
                )
            if sentence.turn:
                start = begin + len(text) - len(written)
                turns[sentence.turn] = (turns.get(sentence.turn, (start, 0))[0], begin + len(text))
        pieces.append(text)
        length += len(text)
        _extend(stages, line, begin, length)
    return Body("".join(pieces), stages, list(turns.values()))


def write_conclusion(
    plan: TracePlan, book: Phrasebook, stated: str, pivots: bool = True, own: str | None = None
) -> str:
    """Write the conclusion that the answer is *stated*, or after the plan's lead-in one of the trace's
    *own*.
    """
    form = plan.conclusion
    text = form.wording.fill({"stated": stated}) if own is None else own
    sentence = Sentence(text, form.clause and own is None)
    if plan.conclusion_lead and pivots and (own is None or not plan.conclusion_lead.joins):
        sentence.lead, sentence.lead_joins = plan.conclusion_lead.text, plan.conclusion_lead.joins
    return _sentence(sentence, pivots, book)


_STOPS, _ASKS = ".\u3002", "?!\uff1f\uff01"


def _sentence(sentence: Sentence, pivots: bool, book: Phrasebook) -> str:
    text = book.side_by_side(sentence.before, sentence.text) if sentence.before else sentence.text
    if sentence.lead and pivots:
        text = text if sentence.lead_joins else _capital(text)
        return f"{sentence.lead} {text}" if book.spaced else book.side_by_side(sentence.lead, text)
    return _capital(text) if sentence.clause or sentence.before else text


def _joined(sentence: Sentence, book: Phrasebook) -> str:
    return book.side_by_side(sentence.join, sentence.before, sentence.text)


def _stopped(text: str) -> str:
    """End a step that its source ends without a stop."""
    return text if not text[-1].isalnum() else text + ("." if text[-1].isascii() else "\u3002")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _extend(stages: list[tuple[str, int, int]], line: TraceLine, begin: int, end: int) -> None:
    if stages and stages[-1][0] == line.stage:
        stages[-1] = (line.stage, stages[-1][1], end)
    else:
        stages.append((line.stage, begin, end))
