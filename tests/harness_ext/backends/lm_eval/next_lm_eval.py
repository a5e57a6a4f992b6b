"""A stand-in for what lm_eval 0.5 changes, in our own words after its branch 0.5.0.dev2: registered metrics,
documents with repeats, requests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

LIKELIHOODS = "multiple_choice"


@dataclass
class Registered:
    """A metric, with what was said of it; for likelihoods unless something else was."""

    call: Callable[..., Any]
    output_type: str = LIKELIHOODS
    reduction: Callable[..., Any] | None = None


class Registry:
    """What stands in ``lm_eval.api.registry``: metrics know what they are for,
    and how repeats become one score.
    """

    def __init__(self) -> None:
        self.METRIC_REGISTRY: dict[str, Registered] = {"acc": Registered(lambda *_, **__: 0.0)}
        self._reductions: dict[str, Callable[..., Any]] = {}

    def register_reduction(self, name: str) -> Callable[..., Any]:
        return lambda function: self._reductions.setdefault(name, function)

    def register_metric(
        self, *, metric: str, higher_is_better: bool, aggregation: str, **more: Any
    ) -> Callable[..., Any]:
        assert aggregation == "mean"

        def registered(function: Callable[..., Any]) -> Callable[..., Any]:
            reduction = self._reductions[more["reduction"]] if "reduction" in more else None
            self.METRIC_REGISTRY[metric] = Registered(
                function, more.get("output_type", LIKELIHOODS), reduction
            )
            return function

        return registered


class Task:
    """A task as 0.5 builds and scores it: each metric must be for its output type,
    and all repeats of a document come at once.
    """

    def __init__(self, config: Mapping[str, Any], registry: Registry) -> None:
        self.config, self.metrics = config, dict[str, Registered]()
        for one in config["metric_list"]:
            name = one["metric"]
            known = (
                Registered(name, config["output_type"]) if callable(name) else registry.METRIC_REGISTRY[name]
            )
            if known.output_type != config["output_type"]:
                raise ValueError(
                    f"metric {name} is for {known.output_type}, and the task for {config['output_type']}"
                )
            self.metrics[name.__name__ if callable(name) else name] = Registered(
                known.call, known.output_type, one.get("reduction", known.reduction)
            )

    def sample(self, document: Mapping[str, Any], responses: Iterable[Sequence[str]]) -> dict[str, Any]:
        """Return what stands in a sample for a document's requests, each with the responses of all
        repeats.
        """
        results = list(chain.from_iterable(responses))
        if process := self.config.get("process_results"):
            scores = {
                name: value if isinstance(value, list) else [value]
                for name, value in process(document, results).items()
            }
        else:
            scores = {name: one.call([document["answer"]], results) for name, one in self.metrics.items()}
        reduced = {name: self._reduced(name, values) for name, values in scores.items()}
        repeats = {name: values for name, values in scores.items() if len(values) > 1}
        return {**reduced, **({"scores_per_repeat": repeats} if repeats else {})}

    def _reduced(self, name: str, values: Sequence[float]) -> float:
        reduce = self.metrics[name].reduction if name in self.metrics else None
        return float(reduce(None, values)) if reduce and len(values) > 1 else values[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A request: fields go by name, a document's number is one, and there is no tuple of metadata."""

    request_type: str
    doc: dict[str, Any]
    arguments: tuple[Any, ...]
    target: Any
    idx: int
    task_name: str
    doc_id: int
    repeats: int = 1
    metadata: dict[str, Any] = field(default_factory=dict)
    resps: list[Any] = field(default_factory=list)

    @property
    def args(self) -> tuple[Any, ...]:
        return self.arguments
