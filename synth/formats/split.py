"""Tells the trace of a response from its final answer."""

import re
from dataclasses import dataclass, replace

OPEN, CLOSE = "<think>", "</think>"
# Pairs of tags around a trace, as model families write them. A tag that opens the solution closes the trace as well.
_PAIRS = (
    (r"<(?:think|Think|THINK|thinking|thought|reasoning|seed:think)>", r"</(?:think|Think|THINK|thinking|thought|reasoning|seed:think)>"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>|<\|begin_of_solution\|>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>|<\|START_RESPONSE\|>"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    (r"<\|channel\|>analysis<\|message\|>", r"<\|end\|>(?:<\|start\|>assistant)?|<\|channel\|>final<\|message\|>"),
)
_OPENING = re.compile("|".join(pair[0] for pair in _PAIRS))
_CLOSING = re.compile("|".join(pair[1] for pair in _PAIRS))
_TAG = re.compile(f"{_OPENING.pattern}|{_CLOSING.pattern}")
_WRAPPERS = re.compile(r"<\|(?:begin|end)_of_solution\|>|<\|(?:START|END)_RESPONSE\|>|<\|channel\|>final<\|message\|>|<\|return\|>|</?answer>")
_TAGGED = re.compile(r"<answer>((?:(?!</?answer>).){1,4000})</answer>", re.DOTALL)
_TAIL = 20_000
_STATEMENT = re.compile(r"[Aa]nswer(?:\s{1,9}is\b|:)|ANSWER|\\boxed\s?\{|\u7b54\u6848[\u662f\u4e3a\u70ba\uff1a:]")
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[\n\u3002\uff01\uff1f]")


@dataclass(frozen=True, slots=True)
class SplitResponse:
    """A response in two parts.

    `trace` is the slice of the response that begins at `start`; tags inside it are blanked, so that a
    place in the trace plus `start` is a place in the response. `derivation` is the trace up to where the
    answer is stated. `answer` is the text in which a final answer may be looked for; it is empty where the
    trace was opened and never closed (the response was cut off). `stated` is what stands in the last
    ``<answer>…</answer>`` that follows the trace, None where nothing does. `tagged` says whether think tags
    marked the trace, `closed` whether its end was marked.
    """

    trace: str
    start: int
    derivation: str
    answer: str
    stated: str | None
    tagged: bool
    closed: bool

    @property
    def truncated(self) -> bool:
        """Whether the response was cut off within its trace."""
        return self.tagged and not self.closed


def split_response(response: str) -> SplitResponse:
    """Split a response into trace and answer, in time linear in its length.

    With think tags (an opening tag may be missing, for chat templates that write it into the prompt),
    the trace is all from the first opening tag, or the beginning, up to the last closing tag, whatever
    lies between blocks included. Without any, nothing tells where reasoning ends: the trace is the whole,
    its derivation what stands before the last sentence that states the answer ("the answer is", a box);
    a response that only states the answer has no trace. The answer is looked for in the whole.
    """
    opening = first_closing = last_closing = None
    for tag in _TAG.finditer(response):
        if _CLOSING.fullmatch(tag.group()):
            first_closing, last_closing = first_closing or tag, tag
        elif opening is None:
            opening = tag
    if first_closing and last_closing and (opening is None or opening.start() < last_closing.start()):
        begin = opening.end() if opening is not None and opening.start() < first_closing.start() else 0
        after = response[last_closing.end() :]
        return _stripped(response, begin, last_closing.start(), _WRAPPERS.sub("", after).strip(), _stated(after), tagged=True, closed=True)
    if opening is not None:
        return _stripped(response, opening.end(), len(response), "", None, tagged=True, closed=False)
    statement = max(_STATEMENT.finditer(response), key=lambda found: found.start(), default=None)
    derivation = response[: _sentence_start(response, statement.start())].strip() if statement else response.strip()
    split = _stripped(response, 0, len(response) if derivation else 0, response.strip(), _stated(response), tagged=False, closed=False)
    return replace(split, derivation=derivation)


def _stated(text: str) -> str | None:
    """Return what stands in the last answer tags, looked for in the last 20,000 characters."""
    tagged = _TAGGED.findall(text[-_TAIL:])
    return str(tagged[-1]) if tagged else None


def _stripped(response: str, begin: int, end: int, answer: str, stated: str | None, *, tagged: bool, closed: bool) -> SplitResponse:
    text = response[begin:end]
    if tagged:
        text = _TAG.sub(lambda tag: " " * len(tag.group()), text)
    trace = text.strip()
    return SplitResponse(trace, begin + len(text) - len(text.lstrip()) if trace else begin, trace, answer, stated, tagged, closed)


def _sentence_start(text: str, position: int) -> int:
    """Return where the sentence that *position* lies in begins, looked for in the 2,000 characters before it."""
    begin = max(0, position - 2000)
    start = 0 if begin == 0 else position
    for end in _SENTENCE_END.finditer(text, begin, position):
        start = end.end()
    return start
