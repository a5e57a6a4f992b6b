"""Registers our metrics with lm_eval, as 0.4.13 has it and as the branch of 0.5 does.

From 0.5 on (read on its branch, 0.5.0.dev2) a metric says for what it is (``output_type``; ``acc`` is for
likelihoods alone), gets all repeats of a document at once and returns a score for each, which a reduction
makes one of; before, it gets one response and returns a number.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distill.models.library_hooks import METRICS, not_taken

GENERATES = "generate_until"
_MEAN = "stylerep_mean"
Score = Callable[[str, str], Mapping[str, float]]


def scores_repeats() -> bool:
    """Say whether lm_eval scores all repeats of a document at once, as from 0.5 on."""
    from lm_eval.api import registry

    return hasattr(registry, "register_reduction")


def register_metrics(higher_is_better: Mapping[str, bool], score: Score) -> None:
    """Register metrics by name, aggregated by mean;
    *score* returns all of them for a response and a reference answer.

    Raises StylerepError if lm_eval does not find one of them afterwards.
    """
    import lm_eval.api.metrics  # noqa: F401 (registers the aggregations)
    from lm_eval.api import registry

    more = {"output_type": GENERATES}
    if scores_repeats():
        registry.register_reduction(_MEAN)(mean_of_repeats)
        more["reduction"] = _MEAN
    for name, higher in higher_is_better.items():
        registry.register_metric(metric=name, higher_is_better=higher, aggregation="mean", **more)(
            metric(name, score)
        )
        if name not in registry.METRIC_REGISTRY:
            raise not_taken(METRICS, registry.register_metric, f"{name} was registered and is not known")


def metric(name: str, score: Score) -> Callable[..., Any]:
    """Return one of the metrics as lm_eval calls it: with a reference and a prediction, or with a reference
    and the predictions of all repeats.
    """
    each = scores_repeats()

    def scored(
        references: Sequence[object], predictions: Sequence[object], **_: object
    ) -> float | list[float]:
        accepted = references[0] if isinstance(references[0], (list, tuple)) else [references[0]]
        found = [
            _best(score, "" if response is None else str(response), accepted)[name]
            for response in (predictions if each else predictions[:1])
        ]
        return found if each else found[0]

    scored.__name__ = name
    return scored


def mean_of_repeats(targets: object, scores: Sequence[float]) -> float:
    """Return the mean score of a document's repeats."""
    return sum(scores) / len(scores)


def for_generating(metrics: Sequence[Mapping[str, Any]], score: Score) -> list[dict[str, Any]]:
    """Return a generating task's ``metric_list``, as its file has it, with a metric of ours where lm_eval's
    of that name is for likelihoods alone.
    """
    if not scores_repeats():
        return [dict(one) for one in metrics]
    return [
        (
            {**one, "metric": metric("acc", score), "reduction": mean_of_repeats}
            if one.get("metric") == "acc"
            else dict(one)
        )
        for one in metrics
    ]


def _best(score: Score, response: str, accepted: Sequence[object]) -> Mapping[str, float]:
    """Return the scores by the accepted answer that is stated, else by the first."""
    found = [score(response, str(one)) for one in accepted]
    return next((one for one in found if one.get("acc")), found[0])
