"""Registers our metrics with lm_eval."""

from collections.abc import Callable, Mapping, Sequence


def register_metrics(higher_is_better: Mapping[str, bool], score: Callable[[str, str], Mapping[str, float]]) -> None:
    """Register metrics by name, aggregated by mean; *score* returns all of them for a response and a reference answer.

    lm_eval calls a metric with one reference and one prediction.
    """
    import lm_eval.api.metrics  # noqa: F401 (registers the aggregations)
    from lm_eval.api.registry import register_metric

    for name, higher in higher_is_better.items():
        register_metric(metric=name, higher_is_better=higher, aggregation="mean")(_metric(name, score))


def _metric(name: str, score: Callable[[str, str], Mapping[str, float]]) -> Callable[..., float]:
    def metric(references: Sequence[object], predictions: Sequence[object], **_: object) -> float:
        return score(str(predictions[0]), str(references[0]))[name]

    return metric
