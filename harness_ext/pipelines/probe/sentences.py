"""Cuts a trace into sentences, and says of each what it does there."""

import re
from collections import deque
from dataclasses import dataclass

from harness_ext.pipelines.probe.items import ProbeItem
from synth.sentences import sentences
from synth.style import Pivot, load_lexicon, read_trace, without_pivots
from synth.style.language import language_of

KINDS = ("framing", "step", "check", "wrong_turn", "restatement", "conclusion")
"""What a sentence does: one of these each.

``conclusion``, ``check`` and ``framing`` stand in the stages synthesis, verification and framing; a last
sentence that gives the answer and computes nothing is a conclusion too. A ``wrong_turn`` holds an arithmetic
statement that is false. A ``restatement`` says again what a sentence before it said, and gives no number
beyond. All others are steps, also what the style scorer takes for framing in a trace without exploration.
"""
_OF_STAGE = {"framing": "framing", "exploration": "step", "verification": "check", "synthesis": "conclusion"}
_WORD = re.compile(r"\w+")
_LEAST_SAID_AGAIN = 4
_REMEMBERED = 500
"""Sentences back to which one is looked for that is said again: of a long trace all would be too many."""


@dataclass(frozen=True, slots=True)
class TraceSentence:
    """A sentence of a trace from `start` to `end`, what it does and in which stage, the pivots in it, and
    which fact of the proof it takes (the first is 0), None for none.
    """

    start: int
    end: int
    kind: str
    stage: str
    pivots: tuple[Pivot, ...]
    proof: int | None


def sentences_of(item: ProbeItem) -> list[TraceSentence]:
    """Return the sentences of an item's trace, as the style scorer reads them."""
    trace = item.trace
    reading = read_trace(trace, load_lexicon(language_of(trace)))
    wrong = [(start, end) for true, start, end in reading.claim_spans if not true]
    staged = {name for name, _, _ in reading.stages}
    said: deque[tuple[str, frozenset[str]]] = deque(maxlen=_REMEMBERED)
    found: list[TraceSentence] = []
    place = 0
    for text in sentences(trace):
        start = trace.find(text, place)
        if start < 0:  # the cut has changed white space within it
            continue
        place = end = start + len(text)
        stage = next((name for name, low, high in reading.stages if low <= end - 1 and start < high), "")
        pivots = tuple(pivot for pivot in reading.pivots if start <= pivot.start < end)
        words = " ".join(_WORD.findall(without_pivots(text, _within(pivots, start)).lower()))
        numbers = frozenset(word for word in words.split() if any(letter.isdigit() for letter in word))
        claims = any(low < end and start < high for _, low, high in reading.claim_spans)
        fact = _fact(item, text)
        if stage == "synthesis" or (
            not trace[end:].strip() and not claims and fact is None and _gives_answer(item, text)
        ):
            kind = "conclusion"
        elif any(low < end and start < high for low, high in wrong):
            kind = "wrong_turn"
        elif any(before in words and numbers <= its for before, its in said):
            kind = "restatement"
        elif stage == "framing" and "exploration" not in staged:
            kind = "step"
        else:
            kind = _OF_STAGE.get(stage, "step")
        if len(words.split()) >= _LEAST_SAID_AGAIN:
            said.append((words, numbers))
        found.append(TraceSentence(start, end, kind, stage, pivots, fact if kind == "step" else None))
    return found


def _within(pivots: tuple[Pivot, ...], start: int) -> list[Pivot]:
    """Return pivots with places counted from the beginning of their sentence."""
    return [pivot._replace(start=pivot.start - start, end=pivot.end - start) for pivot in pivots]


def _gives_answer(item: ProbeItem, text: str) -> bool:
    return any(name and _names(text, name) for name in (item.stated, item.answer))


def _fact(item: ProbeItem, text: str) -> int | None:
    """Return the first fact of the proof of which a sentence names both ends."""
    for number, (one, other) in enumerate(item.proof):
        if _names(text, one) and _names(text, other):
            return number
    return None


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
