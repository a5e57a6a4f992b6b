"""Scores one response as the tasks report it: right or wrong, and style. Imports no lm_eval.

All are floats for every response, never NaN and never missing, so that lm_eval averages them and gives a
standard error. Where there is nothing to judge, `step_validity` and `answer_consistency` are 0 and the flags
beside them say so: the mean of those judged is ``step_validity / steps_judged``. A trace's length is part of
`trace_words` only. ``docs/reference/tasks.md`` says what each means.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from synth.formats import SplitResponse, split_response
from synth.grading.answers import is_right, stated_answer
from synth.grading.explanation import explanation_scores, has_proof
from synth.grading.same_formula import warm_up
from synth.style import KINDS
from synth.style.metrics import read_each, read_response, style_metrics
from synth.style.profile import StyleProfile, load_profile
from synth.style.scores import StyleReading

REFERENCE = "long-reasoning"
METRICS = (
    "acc",
    "answered",
    "trace_present",
    "trace_closed",
    "trace_words",
    "style_adherence",
    "pivot_density",
    *(f"pivot_density_{kind}" for kind in KINDS),
    "pivot_kinds",
    "stage_coverage",
    "stage_order",
    "step_validity",
    "steps_judged",
    "answer_consistency",
    "answer_judged",
    "repetition",
)
"""Scores of every task that generates."""
GRAPH_METRICS = ("explanation_f1",)
"""Scores that come beside them where the proof of the answer is known edge by edge."""
_FLAGS = {"step_validity": "steps_judged", "answer_consistency": "answer_judged"}


def score(
    response: str, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """Return every metric of one response, those of `GRAPH_METRICS` only where *meta* has a ``proof``.

    *gold* is the right answer as text, *answer_type* and *meta* those of the problem (see
    `synth.grading.answers`). Never raises for what a model writes.
    """
    if answer_type == "latex":
        warm_up()
    split = split_response(response)
    return scored(split, read_response(split), gold, answer_type, meta)


def score_each(
    responses: Sequence[tuple[str, str, str, Mapping[str, Any] | None]],
    splits: Sequence[SplitResponse] | None = None,
) -> list[dict[str, float]]:
    """Return the metrics of many responses, each with its gold, answer type and meta.

    The same as `score` of each, twice as fast where they are short. *splits* are their parts, for who has
    them. The process that compares formulas starts when the first one needs it: of many responses,
    most are judged without.
    """
    splits = [split_response(response) for response, *_ in responses] if splits is None else splits
    return [
        scored(split, reading, gold, answer_type, meta)
        for split, reading, (_, gold, answer_type, meta) in zip(
            splits, read_each(splits), responses, strict=True
        )
    ]


def scored(
    split: SplitResponse, reading: StyleReading, gold: str, answer_type: str, meta: Mapping[str, Any] | None
) -> dict[str, float]:
    """Return the metrics of a response from its parts and what was read of its trace; see `score`."""
    style = style_metrics(split, reading, _reference())
    scores = {name: float(style.get(name) or 0.0) for name in METRICS}
    scores |= {flag: float(style[name] is not None) for name, flag in _FLAGS.items()}
    stated = stated_answer(split, answer_type)
    scores |= {"acc": float(is_right(stated, gold, answer_type, meta)), "answered": float(stated is not None)}
    if meta and has_proof(meta):
        scores["explanation_f1"] = explanation_scores(split.trace, meta).f1
    return scores


@functools.lru_cache(maxsize=1)
def _reference() -> StyleProfile:
    return load_profile(REFERENCE)
