"""The scores of `harness_ext.scoring.scores` as metrics of lm_eval: what tasks name as ``process_results``,
and what ``metric_list`` of any other task may name.

Importing this module registers each of them with lm_eval (but for ``acc``, a name that lm_eval has); a task
file imports it by any ``!function harness_ext.scoring.metrics.…``.
``docs/reference/tasks.md`` says what each means.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness_ext.scoring.registration import mean_of_repeats, register_metrics
from harness_ext.scoring.scores import METRICS, score, score_each

LOWER_IS_BETTER = ("trace_words", "repetition")


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
    """Score what lm_eval hands over: a document (see `harness_ext.scoring.documents`) and its response,
    or the responses of all repeats.

    Of one response each score is a number. Of repeats in one list (lm_eval 0.5) each is a list, a number for
    each response; where a filter of 0.4 hands on several as one result, their mean. A response that a server
    withheld counts as an empty one.
    """
    nested = len(results) == 1 and isinstance(results[0], (list, tuple))
    responses = results[0] if nested else results
    told = [
        (
            response if isinstance(response, str) else "",
            doc["answer"],
            doc["answer_type"],
            json.loads(doc["meta"]),
        )
        for response in responses or [""]
    ]
    scores = score_each(told) if len(told) > 1 else [score(*told[0])]
    if len(scores) == 1:
        return dict(scores[0])
    repeats = {name: [one[name] for one in scores] for name in scores[0]}
    return (
        {name: mean_of_repeats(None, values) for name, values in repeats.items()} if nested else dict(repeats)
    )


# lm_eval asks for one metric after the other.
@functools.lru_cache(maxsize=64)
def score_by_reference(response: str, reference: str) -> dict[str, float]:
    """Return the metrics of a response to a problem of another task,
    of which lm_eval knows no more than a reference answer, a number.
    """
    return score(response, reference)


register_metrics({name: name not in LOWER_IS_BETTER for name in METRICS if name != "acc"}, score_by_reference)
