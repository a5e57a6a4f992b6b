"""Has a model write traces with stages and pivots: the prompt, and what a result must be to be kept.

The condition is ST-HC of Lippmann and Yang (2025, arXiv:2504.01738): the same solutions, put into prescribed
stages and pivots by a language model.
"""

import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from harness_ext.pipelines.teach.checks import Candidate, Reason, read_response
from synth.formats import CLOSE, OPEN
from synth.problems import Problem
from synth.style import KINDS, STAGES, load_lexicon, read_trace

SHORTEST, LONGEST = 60, 1200
"""Words of a trace. It must not be shorter than the worked steps either."""
LEAST_KINDS, LEAST_STAGES = 3, 3
_MEANINGS = {
    "realization": "noticing something, often a slip",
    "verification": "checking",
    "exploration": "trying another way",
    "integration": "putting together what was found",
}
_PHRASES = {
    "realization": ("wait", "hmm", "oh", "hold on", "actually"),
    "verification": ("let me check", "let me verify", "let me double-check", "to verify"),
    "exploration": ("what if", "alternatively", "another way", "let me try", "suppose that"),
    "integration": ("now i see", "putting this together", "so putting this together", "this means that"),
}
_IN_WORDS = {
    "framing": "taking in what is given",
    "exploration": "working towards the solution",
    "verification": "going back over the result",
    "synthesis": "drawing it together",
}
_FINAL = re.compile(r"The answer is\s+\S.*", re.DOTALL)
_LEAK = re.compile(
    r"as (?:you|the user|the prompt|the instructions?) (?:asked|said|says?|wants?|requested|demands?)|\bmy last reply\b|\bin the first person\b"  # noqa: E501
    r"|(?:provided|given|known|reference) (?:solution|answer|steps)\b|\bknown to be right\b"
    r"|^\W*(?:framing|exploration|verification|synthesis|stage \d)\W*$|\bthe (?:instructions?|prompt) (?:say|ask|want|demand|tell)s?\b",  # noqa: E501
    re.IGNORECASE | re.MULTILINE,
)
# So many words in a row that stand in the instructions are taken for a quotation of them.
_QUOTED = 9
_WORD = re.compile(r"\w+")

NOT_CLOSED = Reason(
    "think block not in order",
    "It must begin with <think>, close that block once with </think>, and have no other tag.",
)
NO_SENTENCE = Reason(
    "no final sentence", "After the think block it must have exactly one sentence: The answer is …."
)
LEAKED = Reason(
    "leaks the instructions",
    "It spoke of the wishes or of a known solution. It must read as if there were none.",
)
LOOPING = Reason("loops", "It said the same again and again.")


@dataclass(frozen=True, slots=True)
class Writer:
    """The prompt for traces of arm ``hc``, and the check of what comes back;
    `digest` changes with the words of the prompt.
    """

    digest: str

    def prompt(self, problem: Problem, advice: Sequence[Reason] = ()) -> str:
        """Return what a writer is told for a problem, *advice* being why its last result was refused."""
        form = "<number>" if problem.answer_type == "number" else "<answer>"
        values = {
            "question": problem.question,
            "answer": problem.answer,
            "steps": [step.text for step in problem.steps],
        }
        text: str = _template().render(
            **_wording(), form=form, advice=[one.advice for one in advice], **values
        )
        return text.strip()

    def check(self, problem: Problem, response: str) -> Candidate:
        """Read a result; every reason that speaks against it is in the candidate's `reasons`."""
        candidate = read_response(problem, response)
        plain = response.strip()
        reasons = list(candidate.reasons)
        if not plain.startswith(OPEN) or plain.count(OPEN) != 1 or plain.count(CLOSE) != 1:
            reasons.append(NOT_CLOSED)
        elif (
            not _FINAL.fullmatch(final := plain.rpartition(CLOSE)[2].strip())
            or len(final) > len(problem.answer) + 200
        ):
            reasons.append(NO_SENTENCE)
        if candidate.trace:
            reasons += _style_reasons(problem, candidate.trace)
        return candidate._replace(reasons=tuple(dict.fromkeys(reasons)))


@functools.cache
def writer() -> Writer:
    """Return the writer's prompt and checks."""
    empty = Problem("", "", "", "", "number", ())
    return Writer(hashlib.sha256(Writer("").prompt(empty).encode()).hexdigest()[:16])


def _style_reasons(problem: Problem, trace: str) -> list[Reason]:
    scores = read_trace(trace, load_lexicon("en")).scores
    reasons = []
    least = max(SHORTEST, sum(len(step.text.split()) for step in problem.steps))
    if not least <= scores.words <= LONGEST:
        reasons.append(
            Reason(
                "too short" if scores.words < least else "too long",
                f"Its think block had {scores.words} words; it should have {least} to {LONGEST}.",
            )
        )
    if scores.kinds_present < LEAST_KINDS:
        missing = [kind for kind, density in scores.density.items() if not density]
        phrases = "; ".join(f"{_MEANINGS[kind]} ({', '.join(_PHRASES[kind])})" for kind in missing)
        reasons.append(Reason("too few kinds of pivot", f"It lacked remarks of these sorts: {phrases}."))
    absent = [stage for stage, share in scores.stage_shares.items() if not share]
    if len(STAGES) - len(absent) < LEAST_STAGES:
        reasons.append(
            Reason("too few stages", f"It hardly showed: {', '.join(_IN_WORDS[stage] for stage in absent)}.")
        )
    if scores.looping:
        reasons.append(LOOPING)
    if _LEAK.search(trace) or _quotes(trace, problem):
        reasons.append(LEAKED)
    return reasons


def _quotes(trace: str, problem: Problem) -> bool:
    """Say whether a trace has a run of words of the instructions that is not one of the problem too."""
    own = _runs(" ".join((problem.question, *(step.text for step in problem.steps))))
    return bool((_runs(trace) & _runs(_instructions())) - own)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in _WORD.findall(text)]
    return {tuple(words[i : i + _QUOTED]) for i in range(len(words) - _QUOTED + 1)}


@functools.cache
def _template() -> Template:
    source = (resources.files("harness_ext.pipelines.teach") / "writer.jinja").read_text(encoding="utf-8")
    return SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        source
    )


@functools.cache
def _instructions() -> str:
    module = _template().make_module(
        {**_wording(), "form": "<answer>", "question": "", "steps": (), "answer": "", "advice": ()}
    )
    return str(vars(module)["instructions"]())


def _wording() -> dict[str, object]:
    return {
        "kinds": {kind: _PHRASES[kind] for kind in KINDS},
        "meanings": _MEANINGS,
        "shortest": SHORTEST,
        "longest": LONGEST,
    }
