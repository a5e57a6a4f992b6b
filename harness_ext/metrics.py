"""Scores of one response, as the tasks report them.

| metric | range | meaning |
|---|---|---|
| ``acc`` | 0 or 1 | the final answer is right |
| ``answered`` | 0 or 1 | there is a final answer at all |
| ``trace_present`` | 0 or 1 | think tags mark a trace |
| ``trace_closed`` | 0 or 1 | the trace has its closing tag |
| ``trace_words`` | 0 and up | length of the trace |
| ``pivot_density`` | 0 and up | pivot phrases per 100 words of trace |
| ``pivot_density_<kind>`` | 0 and up | the same for one kind of pivot |
| ``pivot_kinds`` | 0 to 4 | how many kinds of pivot occur |

All are floats for every response (never NaN, never missing), so that lm-eval averages them and gives
a standard error. A trace's length is never part of a density.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from synth.answers import final_answer, is_right
from synth.style import KINDS, load_lexicon, split_response, style_scores

METRICS = (
    "acc",
    "answered",
    "trace_present",
    "trace_closed",
    "trace_words",
    "pivot_density",
    *(f"pivot_density_{kind}" for kind in KINDS),
    "pivot_kinds",
)


def score(response: str, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Return every metric of one response; *gold* is the right answer as text, *meta* that of the problem (see `synth.answers`)."""
    split = split_response(response)
    style = style_scores(split.trace, load_lexicon("en"), closed=not split.truncated)
    stated = final_answer(response, answer_type)
    return {
        "acc": float(is_right(stated, gold, answer_type, meta)),
        "answered": float(stated is not None),
        "trace_present": float(split.tagged),
        "trace_closed": float(split.closed),
        "trace_words": float(style.words),
        "pivot_density": style.total_density,
        **{f"pivot_density_{kind}": style.density[kind] for kind in KINDS},
        "pivot_kinds": float(style.kinds_present),
    }


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Score what lm-eval hands over: a document with its ``answer`` (of its ``answer_type``, a number if it has none), and one response."""
    return score(results[0], doc["answer"], doc.get("answer_type", "number"), doc.get("meta"))
