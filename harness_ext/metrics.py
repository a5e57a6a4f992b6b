"""Scores of one response, as the tasks report them, and as any other task of lm_eval can.

Importing this module registers each of them with lm_eval (but for ``acc``, a name that lm_eval has), so that ``metric_list`` of any generating
task may name them; a task file imports it by any ``!function harness_ext.metrics.…``. ``tasks/README.md`` says what each means.

All are floats for every response, never NaN and never missing, so that lm_eval averages them and gives a standard error. Where there is
nothing to judge, `step_validity` and `answer_consistency` are 0 and the flags beside them say so: the mean of those judged is
``step_validity / steps_judged``. A trace's length is part of `trace_words` only.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness_ext.seam.registration import mean_of_repeats, register_metrics
from synth.explanation import explanation_scores, has_proof
from synth.formats import SplitResponse, split_response
from synth.grading.answers import is_right, stated_answer
from synth.grading.same_formula import warm_up
from synth.style import KINDS
from synth.style.metrics import read_each, read_response, style_metrics
from synth.style.profile import StyleProfile, load_profile
from synth.style.scores import Reading

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
LOWER_IS_BETTER = ("trace_words", "repetition")
_FLAGS = {"step_validity": "steps_judged", "answer_consistency": "answer_judged"}


def score(response: str, gold: str, answer_type: str = "number", meta: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Return every metric of one response, those of `GRAPH_METRICS` only where *meta* has a ``proof``.

    *gold* is the right answer as text, *answer_type* and *meta* those of the problem (see `synth.grading.answers`). Never raises for what a model writes.
    """
    if answer_type == "latex":
        warm_up()
    split = split_response(response)
    return _scored(split, read_response(split), gold, answer_type, meta)


def score_each(responses: Sequence[tuple[str, str, str, Mapping[str, Any] | None]]) -> list[dict[str, float]]:
    """Return the metrics of many responses, each with its gold, answer type and meta: the same as `score` of each, twice as fast where they are short."""
    if any(answer_type == "latex" for _, _, answer_type, _ in responses):
        warm_up()
    splits = [split_response(response) for response, *_ in responses]
    return [
        _scored(split, reading, gold, answer_type, meta)
        for split, reading, (_, gold, answer_type, meta) in zip(splits, read_each(splits), responses, strict=True)
    ]


def _scored(split: SplitResponse, reading: Reading, gold: str, answer_type: str, meta: Mapping[str, Any] | None) -> dict[str, float]:
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


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Score what lm_eval hands over: a document (see `harness_ext.documents`) and its response, or the responses of all repeats.

    Of one response each score is a number. Of repeats in one list (lm_eval 0.5) each is a list, a number for each response; where a filter of 0.4 hands on
    several as one result, their mean. A response that a server withheld counts as an empty one.
    """
    nested = len(results) == 1 and isinstance(results[0], (list, tuple))
    responses = results[0] if nested else results
    told = [(response if isinstance(response, str) else "", doc["answer"], doc["answer_type"], json.loads(doc["meta"])) for response in responses or [""]]
    scores = score_each(told) if len(told) > 1 else [score(*told[0])]
    if len(scores) == 1:
        return dict(scores[0])
    repeats = {name: [one[name] for one in scores] for name in scores[0]}
    return {name: mean_of_repeats(None, values) for name, values in repeats.items()} if nested else dict(repeats)


# lm_eval asks for one metric after the other.
@functools.lru_cache(maxsize=64)
def score_by_reference(response: str, reference: str) -> dict[str, float]:
    """Return the metrics of a response to a problem of another task, of which lm_eval knows no more than a reference answer, a number."""
    return score(response, reference)


register_metrics({name: name not in LOWER_IS_BETTER for name in METRICS if name != "acc"}, score_by_reference)
