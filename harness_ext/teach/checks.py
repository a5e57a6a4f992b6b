"""What a response holds, and why it may not be kept."""

from typing import NamedTuple

from synth.formats import CLOSE, OPEN, split_response
from synth.grading.answers import final_answer, is_right
from synth.problems import Problem


class Reason(NamedTuple):
    """Why a response is not kept: in a few words, to be counted, and as a sentence to a model that is to do better."""

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

    With think tags, the trace is what they mark. Without, it is what stands before the answer is stated; what states no
    answer has none, even if its last number is right by chance. The form is ``<think>`` trace ``</think>`` answer.
    """
    split = split_response(response)
    if split.truncated or (not split.tagged and not split.answer):
        form = f"{OPEN}\n{split.trace}" if split.trace else ""
        return Candidate(split.trace, form, None, False, (CUT_OFF if split.truncated else NO_ANSWER,))
    trace, answer = (split.trace, split.answer) if split.tagged else _untagged(response.strip(), split.derivation)
    form = f"{OPEN}\n{trace}\n{CLOSE}\n\n{answer}"
    stated = (final_answer(response, problem.answer_type) or "").rstrip(".") or None if answer else None
    right = is_right(stated, problem.answer, problem.answer_type, problem.meta)
    if right and not is_right(final_answer(form, problem.answer_type), problem.answer, problem.answer_type, problem.meta):
        form += f"\n\nThe answer is {stated}."  # it stood in tags of the teacher's own
    reasons = [NO_ANSWER] if stated is None else [] if right else [WRONG]
    return Candidate(trace, form, stated, right, tuple(reasons) if reasons or trace else (NO_TRACE,))


def _untagged(response: str, derivation: str) -> tuple[str, str]:
    """Return trace and answer of a response without think tags; no answer if nothing says where it is."""
    if derivation != response:
        return derivation, response[len(derivation) :].strip()
    before, tag, after = response.rpartition("<answer>")
    return (before.strip(), tag + after) if tag else (response, "")
