"""What we give to lm_eval goes with 0.4.13, which is installed, and with 0.5,
for which a stand-in was made after its branch.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness_ext.backends.lm_eval.requests import generation_request
from harness_ext.runs.run_folder import NOT_METRICS, item_of
from harness_ext.scoring.metrics import process_results, score_by_reference
from harness_ext.scoring.registration import (
    GENERATES,
    for_generating,
    metric,
    register_metrics,
    scores_repeats,
)
from harness_ext.scoring.scores import METRICS
from harness_ext.scoring.task_folder import tasks_path
from synth.errors import StylerepError
from tests.harness_ext.backends.lm_eval import next_lm_eval

RIGHT, WRONG = "<think>\n2 + 3 = 5.\n</think>\n\nThe answer is 5.", "The answer is 6."
DOCUMENT = {"answer": "5", "answer_type": "number", "meta": json.dumps({})}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> next_lm_eval.Registry:
    """The registry of 0.5 in the place of that of the lm_eval that is installed."""
    made = next_lm_eval.Registry()
    monkeypatch.setattr("lm_eval.api.registry", made, raising=False)
    return made


def generate_yaml() -> dict[str, Any]:
    text = (tasks_path() / "_generate.yaml").read_text(encoding="utf-8").replace("!function", "")
    return dict(yaml.safe_load(text))


def test_a_generating_task_of_ours_is_built_and_its_repeats_scored(registry: next_lm_eval.Registry) -> None:
    assert scores_repeats()
    register_metrics(dict.fromkeys((name for name in METRICS if name != "acc"), True), score_by_reference)
    config = generate_yaml() | {"process_results": process_results}
    with pytest.raises(ValueError, match="metric acc is for multiple_choice"):
        next_lm_eval.Task(config, registry)
    config["metric_list"] = for_generating(config["metric_list"], score_by_reference)
    task = next_lm_eval.Task(config, registry)
    assert set(task.metrics) == set(METRICS)
    one = task.sample(DOCUMENT, [[RIGHT]])
    assert (one["acc"], one["trace_present"]) == (1.0, 1.0)
    assert "scores_per_repeat" not in one
    four = task.sample(DOCUMENT, [[RIGHT, WRONG, WRONG, RIGHT]])
    assert four["acc"] == four["trace_present"] == 0.5
    assert four["scores_per_repeat"]["acc"] == [1.0, 0.0, 0.0, 1.0]
    assert four["scores_per_repeat"].keys() == set(METRICS)


def test_a_task_of_others_names_our_metrics(registry: next_lm_eval.Registry) -> None:
    register_metrics({"answered": True, "trace_words": False}, score_by_reference)
    config = {"output_type": GENERATES, "metric_list": [{"metric": "answered"}, {"metric": "trace_words"}]}
    task = next_lm_eval.Task(config, registry)
    assert task.sample({"answer": "5"}, [[RIGHT]])["answered"] == 1.0
    assert task.sample({"answer": "5"}, [[RIGHT, "Hm."]])["scores_per_repeat"]["answered"] == [1.0, 0.0]


def test_metrics_of_the_lm_eval_that_is_installed_get_one_response_and_give_a_number() -> None:
    assert not scores_repeats()
    assert metric("acc", score_by_reference)(references=["5"], predictions=[RIGHT]) == 1.0
    assert metric("acc", score_by_reference)(references=[["4", "5"]], predictions=[RIGHT]) == 1.0
    assert for_generating([{"metric": "acc"}], score_by_reference) == [{"metric": "acc"}]
    from lm_eval.api.registry import METRIC_REGISTRY

    assert all(name in METRIC_REGISTRY for name in METRICS)


def test_what_a_filter_hands_on_is_scored_alike() -> None:
    assert process_results(DOCUMENT, [RIGHT])["acc"] == 1.0
    # several as one result, in 0.4
    assert process_results(DOCUMENT, [[RIGHT, WRONG, WRONG, WRONG]])["acc"] == 0.25
    assert process_results(DOCUMENT, [[RIGHT]])["acc"] == 1.0
    for withheld in ([None], [[None]], [], [[]]):
        assert process_results(DOCUMENT, withheld)["acc"] == 0.0
    assert process_results(DOCUMENT, [RIGHT, None])["acc"] == [1.0, 0.0]


def test_a_request_has_the_fields_of_either_version() -> None:
    for kind in (None, next_lm_eval.Instance):
        request = generation_request("3 + 4?", {"until": []}, 7, kind)
        assert (request.doc_id, request.args, request.request_type) == (
            7,
            ("3 + 4?", {"until": []}),
            "generate_until",
        )
        assert not request.resps


def test_a_request_that_needs_more_is_an_error() -> None:
    from dataclasses import field, make_dataclass

    other = make_dataclass(
        "Instance", [("arguments", tuple), ("budget", int), ("metadata", dict, field(default_factory=dict))]
    )
    with pytest.raises(
        StylerepError,
        match=r"Asking a model of lm_eval did not take: in Instance of lm_eval .*, a request needs budget",
    ):
        generation_request("3 + 4?", {}, 0, other)


def test_a_metric_that_is_not_found_after_it_was_registered_is_an_error(
    registry: next_lm_eval.Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "register_metric", lambda **_: lambda function: function)
    with pytest.raises(StylerepError, match="answered was registered and is not known"):
        register_metrics({"answered": True}, score_by_reference)


def test_scores_of_repeats_are_no_metric_of_a_sample(tmp_path: Path) -> None:
    assert "scores_per_repeat" in NOT_METRICS
    row = {
        "doc_hash": "a",
        "filter": "none",
        "metrics": ["acc"],
        "acc": 0.5,
        "scores_per_repeat": {"acc": [1.0, 0.0]},
    }
    assert item_of(row, "samples.jsonl:1").metrics == {"acc": 0.5}
