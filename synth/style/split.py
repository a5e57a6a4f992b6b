"""Tells the trace of a response from its final answer."""

import re
from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"
_CLOSING = re.compile(r"</think(?:ing)?>|<\|end_of_thought\|>|</thought>", re.IGNORECASE)
_OPENING = re.compile(r"<think(?:ing)?>|<\|begin_of_thought\|>|<thought>", re.IGNORECASE)
_STATEMENT = re.compile(r"\banswer\s+is\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?\n]")


@dataclass(frozen=True, slots=True)
class SplitResponse:
    """A response in two parts.

    `answer` is the text in which a final answer may be looked for; it is empty where the trace was
    opened and never closed (the response was cut off). `tagged` says whether think tags marked the
    trace, `closed` whether its end was marked.
    """

    trace: str
    answer: str
    tagged: bool
    closed: bool


def split_response(response: str) -> SplitResponse:
    """Split a response into trace and answer.

    With think tags (an opening tag may be missing, for chat templates that write it into the
    prompt), the trace is all up to the last closing tag. Without any, the trace is what stands
    before the first sentence that states the answer, and the answer is looked for in the whole.
    """
    closings = list(_CLOSING.finditer(response))
    if closings:
        trace = _CLOSING.sub("\n", _OPENING.sub("\n", response[: closings[-1].start()]))
        return SplitResponse(trace.strip(), response[closings[-1].end() :].strip(), True, True)
    opening = _OPENING.search(response)
    if opening:
        return SplitResponse(_OPENING.sub("\n", response[opening.end() :]).strip(), "", True, False)
    statement = _STATEMENT.search(response)
    trace = _before_sentence(response, statement.start()) if statement else response
    return SplitResponse(trace.strip(), response.strip(), False, False)


def _before_sentence(text: str, position: int) -> str:
    """Return the text before the sentence that *position* lies in."""
    begin = 0
    for end in _SENTENCE_END.finditer(text, 0, position):
        begin = end.end()
    return text[:begin]
