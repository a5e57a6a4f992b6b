"""Summaries of scored responses: by model, and by right and wrong answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness_ext.pages.analyze.learnable import LEARNABILITY
from harness_ext.pages.analyze.scored import ScoredResponse
from harness_ext.stats import Interval, wilson_interval
from synth.style import KINDS, STAGES

SHOWN = (
    "trace_words",
    "style_adherence",
    "pivot_density",
    *(f"pivot_density_{kind}" for kind in KINDS),
    "pivot_kinds",
    *(f"stage_share_{stage}" for stage in STAGES),
    "step_validity",
    "answer_consistency",
    "repetition",
)


@dataclass(frozen=True, slots=True)
class Group:
    """The responses of one model that are right, wrong, not judged, or all of them.

    `means` are over responses that have the score (None where none has; the median for `trace_words`), those
    of learnability among them;
    `three_kinds` is the share of traces with at least three of the four pivot kinds, with its Wilson
    interval; `looping` and `truncated` are shares.
    """

    model: str
    outcome: str
    n: int
    means: dict[str, float | None]
    three_kinds: float
    three_kinds_interval: Interval
    looping: float
    truncated: float


def summarize(scored: Sequence[ScoredResponse]) -> list[Group]:
    """Return, for each model, all its responses and then those right, wrong and not judged,
    as far as there are any.
    """
    groups = []
    for model in dict.fromkeys(one.response.model for one in scored):
        own = [one for one in scored if one.response.model == model]
        groups.append(_group(model, "all", own))
        for outcome, value in (("right", True), ("wrong", False), ("not judged", None)):
            part = [one for one in own if one.response.is_correct is value]
            if part and len(part) < len(own):
                groups.append(_group(model, outcome, part))
    return groups


def accuracy(scored: Sequence[ScoredResponse]) -> tuple[int, int]:
    """Return how many responses are right, and how many are judged."""
    judged = [one.response.is_correct for one in scored if one.response.is_correct is not None]
    return sum(judged), len(judged)


def _group(model: str, outcome: str, own: Sequence[ScoredResponse]) -> Group:
    means: dict[str, float | None] = {}
    for name in (*SHOWN, *LEARNABILITY):
        values = [value for one in own if (value := one.metrics.get(name)) is not None]
        means[name] = (
            float(np.median(values) if name == "trace_words" else np.mean(values)) if values else None
        )
    three = sum(one.scores.kinds_present >= 3 for one in own)
    return Group(
        model,
        outcome,
        len(own),
        means,
        three / len(own),
        wilson_interval(three, len(own)),
        float(np.mean([one.scores.looping for one in own])),
        float(np.mean([one.metrics["truncated"] for one in own])),
    )
