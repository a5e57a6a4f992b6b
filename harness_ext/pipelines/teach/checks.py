"""Checks a response: what it holds, and why it may not be kept."""

from typing import NamedTuple

from synth.formats import CLOSE, OPEN, split_response, trace_text
from synth.grading.answers import final_answer, is_right
from synth.problems import Problem


class Reason(NamedTuple):
    """Why a response is not kept: in a few words, to be counted,
    and as a sentence to a model that is to do better.
    """

    name: str
    advice: str = ""


class Candidate(NamedTuple):
    """A response in one form, whatever its tags were, and what speaks against it (nothing: it is kept)."""

    trace: str
    response: str
    stated: str | None
    is_correct: bool
    reasons: tuple[Reason, ...]


CUT_OFF = Reason("cut off", "It ended inside the think block. Be shorter, and close the block with </think>.")
NO_ANSWER = Reason("no answer stated", "It stated no final answer. End with the sentence: The answer is …")
WRONG = Reason("wrong answer", "Its final answer was wrong.")
NO_TRACE = Reason("no trace", "It gave the answer without any reasoning.")


def read_response(problem: Problem, response: str) -> Candidate:
    """Read a response to a problem: trace, answer, and whether it is right.

    With think tags, the trace is what they mark. Without, it is what stands before the answer is stated; what
    states no answer has none, even if its last number is right by chance.
    The form is ``<think>`` trace ``</think>`` answer.
    """
    split = split_response(response)
    if split.truncated or (not split.tagged and not split.answer):
        trace = trace_text(response, split)
        form = f"{OPEN}\n{trace}" if trace else ""
        return Candidate(trace, form, None, False, (CUT_OFF if split.truncated else NO_ANSWER,))
    trace, answer = trace_text(response, split), split.final
    if not split.tagged and not answer and split.stated is not None:
        before, tag, after = trace.rpartition("<answer>")
        trace, answer = before.strip(), tag + after
    form = f"{OPEN}\n{trace}\n{CLOSE}\n\n{answer}"
    stated = (final_answer(response, problem.answer_type) or "").rstrip(".") or None if answer else None
    right = is_right(stated, problem.answer, problem.answer_type, problem.meta)
    if right and not is_right(
        final_answer(form, problem.answer_type), problem.answer, problem.answer_type, problem.meta
    ):
        form += f"\n\nThe answer is {stated}."  # it stood in tags of the teacher's own
    reasons = [NO_ANSWER] if stated is None else [] if right else [WRONG]
    return Candidate(trace, form, stated, right, tuple(reasons) if reasons or trace else (NO_TRACE,))
