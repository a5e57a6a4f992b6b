"""A response that a model wrote, taken apart into body, conclusion and answer."""

import re
from dataclasses import dataclass

from synth.formats import split_response, trace_text
from synth.grading.answers import final_answer, is_right
from synth.style import Lexicon, cut_steps, without_pivots
from synth.traces.trace import Trace

_LAST_STEPS = 2
_NEXT_SENTENCE = re.compile(r"[.?!\u3002\uff1f\uff01]\s+(?=[^a-z\s])")


@dataclass(frozen=True, slots=True)
class TakenApart:
    """The parts of a response that states the answer `stated`, of the answer type `kind`.

    The `conclusion` is the last sentence that states the answer in the last step that does, with what comes
    after it, where that step is among the last two; else it's empty. `gap` stands between `body` and it.
    """

    body: str
    gap: str
    conclusion: str
    final: str
    stated: str
    kind: str
    lexicon: Lexicon

    def can_state(self, wrong: str) -> bool:
        """Say whether putting a wrong answer in place of the stated one makes what is stated wrong,
        wherever it is stated.
        """
        return all(
            (said := final_answer(self.stating(text, wrong), self.kind)) is not None
            and not is_right(said, self.stated, self.kind)
            for text in (self.conclusion, self.final)
            if text
        ) and bool(self.final or self.conclusion)

    def trace(self, pivots: bool, answer: str) -> Trace:
        """Return the trace with or without its pivots and with an answer in place of the stated one."""
        body, conclusion = self.body, self.stating(self.conclusion, answer)
        if not pivots:
            body, conclusion = (without_pivots(text, self.lexicon.find(text)) for text in (body, conclusion))
        return Trace(body, conclusion, self.stating(self.final, answer), gap=self.gap)

    def stating(self, text: str, answer: str) -> str:
        """Put an answer in place of the stated one, wherever it stands by itself."""
        if answer == self.stated:
            return text
        return re.sub(rf"(?<![\w.]){re.escape(self.stated)}(?!\w|\.\d)", lambda _: answer, text)


def take_apart(response: str, stated: str, kind: str, lexicon: Lexicon) -> TakenApart:
    """Take a response apart that states an answer."""
    split = split_response(response)
    trace = trace_text(response, split)
    place = _conclusion_at(trace)
    body, conclusion = trace[:place], trace[place:].strip()
    if not body:
        return TakenApart(trace, "", "", split.final, stated, kind, lexicon)
    gap = body[len(body.rstrip()) :]
    return TakenApart(body.rstrip(), gap, conclusion, split.final, stated, kind, lexicon)


def _conclusion_at(trace: str) -> int:
    """Return where the conclusion of a trace begins; 0 where it has none, or nothing before it."""
    steps, gaps = cut_steps(trace)
    first = max(0, len(steps) - _LAST_STEPS)
    place = next((i for i in reversed(range(first, len(steps))) if _states_answer(steps[i])), None)
    if place is None:
        return 0
    start = len(trace) - sum(len(step + gap) for step, gap in zip(steps[place:], gaps[place:], strict=True))
    inside = [start + found.end() for found in _NEXT_SENTENCE.finditer(steps[place])]
    return next((at for at in reversed(inside) if _states_answer(trace[at:])), start)


def _states_answer(text: str) -> bool:
    return final_answer(text, "text") is not None
