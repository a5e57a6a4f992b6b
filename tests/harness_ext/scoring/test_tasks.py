"""The task files, the documents behind them, and their scores."""

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.tasks import score_hostile
from harness_ext.pipelines.validate import validate_tasks
from harness_ext.scoring.documents import CHOICES, Documents, check_documents, documents, preference_documents
from harness_ext.scoring.metrics import process_results, score_by_reference
from harness_ext.scoring.preference import METRICS as PREFERENCE_METRICS
from harness_ext.scoring.preference import process_results as prefer
from harness_ext.scoring.scores import GRAPH_METRICS, METRICS, score, score_each
from harness_ext.scoring.task_folder import task_config, tasks_named, tasks_path
from synth.errors import StylerepError
from synth.evaluation_sets import EVALUATION_SETS
from synth.formats import split_response
from synth.grading.answers import final_answer, is_right
from synth.problems import load_problems
from synth.problems.problem import ANSWER_TYPES
from synth.traces.rendering import render
from tests.hostile import hostile_responses

FILES = sorted(tasks_path().rglob("style_*.yaml"))
GENERATED = [task for task in (path.stem for path in FILES) if "prefer" not in task]


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(re.sub(r"!function (\S+)", r"\1", path.read_text(encoding="utf-8"))))


def test_every_evaluation_set_has_a_task_and_every_task_a_set() -> None:
    assert {task_config(task)["metadata"]["evaluation_set"] for task in GENERATED} == set(EVALUATION_SETS)
    assert all(task == f"style_{task_config(task)['metadata']['evaluation_set']}" for task in GENERATED)
    for task in (path.stem for path in FILES):
        assert task_config(task)["task"] == task


@pytest.mark.parametrize(
    "path", [*FILES, *sorted((tasks_path() / "groups").glob("*.yaml"))], ids=lambda path: path.stem
)
def test_a_task_file_opens_with_its_command_and_says_what_its_version_changed(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert re.match(
        rf"# (STYLEREP_DATA=folder )?stylerep eval --model .* --tasks {path.stem} --limit \d+ --output_path ",
        lines[0],
    )
    version = load(path)["metadata"]["version"]
    assert any(line.startswith(f"# Version {version:g}: ") for line in lines)


def test_the_bases_list_every_metric_with_mean_and_direction() -> None:
    wanted = {"_generate": METRICS, "_graph": (*METRICS, *GRAPH_METRICS), "_prefer": PREFERENCE_METRICS}
    for base, metrics in wanted.items():
        listed = load(tasks_path() / f"{base}.yaml")["metric_list"]
        assert tuple(item["metric"] for item in listed) == metrics
        assert all(
            item["aggregation"] == "mean" and isinstance(item["higher_is_better"], bool) for item in listed
        )


def test_groups_hold_tasks_that_exist_and_the_paper_s_benchmarks() -> None:
    names = {path.stem for path in FILES}
    for path in (tasks_path() / "groups").glob("*.yaml"):
        assert set(load(path)["task"]) <= names
        assert not path.stem.startswith("style_"), "the glob style_* would match the group and its tasks"
    assert tasks_named(["stylebench_paper"]) == ["style_math500", "style_aime24", "style_gpqa_diamond"]
    assert not any(
        EVALUATION_SETS[task_config(task)["metadata"]["evaluation_set"]].files
        for task in tasks_named(["stylebench_offline"])
    )
    assert tasks_named(["stylebench_prefer", "style_prefer_kg", "mmlu"]) == sorted(
        path.stem for path in FILES if "prefer" in path.stem
    )


def test_documents_are_made_when_they_are_asked_for() -> None:
    made = []

    def make() -> Any:
        for i in range(100):
            made.append(i)
            yield {"id": i}

    found = Documents(100, make())
    assert made == [0]
    assert [found[3], found[0], found[-1]["id"], len(found)] == [{"id": 3}, {"id": 0}, 99, 100]
    assert [one["id"] for one in found[5:8]] == [5, 6, 7]
    assert [one["id"] for one in found] == list(range(100))
    assert made == list(range(100))
    with pytest.raises(IndexError):
        found[100]


def test_documents_hold_nothing_that_differs_between_runs_and_take_no_model_arguments() -> None:
    first = documents(evaluation_set="chain", items=4)["test"]
    other = documents(
        evaluation_set="chain", items=4, pretrained="elsewhere", seed=7, dtype="float32", config_source="here"
    )["test"]
    assert list(first) == list(other)
    assert list(first) != list(documents(evaluation_set="chain", items=4, item_seed=1)["test"])
    assert [one["level"] for one in first] == list(EVALUATION_SETS["chain"].levels)[:4]


def test_any_problems_can_be_a_task(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"question": "What is 2 + 3?", "answer": "5"}\n')
    (document,) = documents(problems=str(tmp_path / "mine.jsonl"))["test"]
    assert process_results(document, ["It is 2 + 3 = 5. The answer is 5."])["acc"] == 1.0
    with pytest.raises(StylerepError, match="must name an evaluation_set or problems"):
        documents(version=1.0)


def test_what_is_missing_is_told_of_all_tasks_at_once(tmp_path: Path) -> None:
    with pytest.raises(StylerepError) as told:
        check_documents(["style_gsm8k", "style_chain", "style_math500"], {"data_dir": str(tmp_path)})
    assert "style_gsm8k: " in str(told.value)
    assert "style_math500: " in str(told.value)
    assert "style_chain" not in str(told.value)


def test_scores_are_floats_for_any_response() -> None:
    for response in (
        "",
        "<think>",
        "\ud800",
        "The answer is 5.",
        "<think>\nWait, 2 + 2 = 4.\n</think>\n\nThe answer is 4.",
    ):
        scores = score(response, "4")
        assert tuple(scores) == METRICS
        assert all(type(value) is float and not math.isnan(value) for value in scores.values()), scores


def test_what_cannot_be_judged_is_flagged() -> None:
    judged = score("<think>\n2 + 2 = 4\n3 + 3 = 7\nThat makes 4.\n</think>\n\nThe answer is 4.", "4")
    assert {
        name: judged[name]
        for name in ("step_validity", "steps_judged", "answer_consistency", "answer_judged")
    } == {
        "step_validity": 0.5,
        "steps_judged": 1.0,
        "answer_consistency": 1.0,
        "answer_judged": 1.0,
    }
    unjudged = score("<think>\nNo sums here.\n</think>\n\nThe answer is blue.", "blue", "text")
    assert unjudged["steps_judged"] == unjudged["step_validity"] == 0.0


def test_a_chinese_trace_is_read_with_the_chinese_lexicon() -> None:
    scores = score("<think>\n等等，我算错了。让我再检查一下：2 + 2 = 4。\n</think>\n\n答案是 4。", "4")
    assert scores["pivot_kinds"] >= 1
    assert scores["acc"] == 1.0


def test_a_graph_task_scores_the_explanation() -> None:
    document = documents(evaluation_set="kg", items=1)["test"][0]
    meta = json.loads(document["meta"])
    told = " ".join(f"The {relation} of {subject} is {thing}." for subject, relation, thing in meta["proof"])
    good = process_results(document, [f"<think>\n{told}\n</think>\n\nThe answer is {document['answer']}."])
    assert (good["acc"], good["explanation_f1"]) == (1.0, 1.0)
    assert process_results(document, ["The answer is unknown."])["explanation_f1"] == 0.0


def test_metrics_are_registered_with_lm_eval_for_any_task() -> None:
    from lm_eval.api.registry import get_metric, get_metric_aggregation, is_higher_better

    response = "<think>\nWait, let me check: 2 + 2 = 4.\n</think>\n\nThe answer is 4."
    for name in METRICS[1:]:
        assert (
            get_metric(name)(references=["4"], predictions=[response])
            == score_by_reference(response, "4")[name]
        )
        assert get_metric_aggregation(name)([1.0, 2.0]) == 1.5
    assert is_higher_better("style_adherence")
    assert not is_higher_better("repetition")


@pytest.mark.parametrize("plain", ["sbs", "hc_len", "hc_np"])
def test_preference_documents_are_the_two_by_two_of_one_problem(plain: str) -> None:
    found = preference_documents(
        evaluation_set="arith", items=10, trace_words=120, pivot_density=3, plain_arm=plain
    )["test"]
    for document in found:
        choices = dict(zip(CHOICES, document["choices"], strict=True))
        assert len(set(choices.values())) == 4
        answers = {name: final_answer(text, "number") for name, text in choices.items()}
        assert (
            answers["right styled"]
            == answers["right plain"]
            != answers["wrong styled"]
            == answers["wrong plain"]
        )
        assert not is_right(answers["wrong plain"], str(answers["right plain"]), "number")
        for style in ("styled", "plain"):
            right, wrong = (choices[f"{kind} {style}"].rsplit("\n\n", 2) for kind in ("right", "wrong"))
            assert right[0] == wrong[0]
        pivots = {name: score(text, "0")["pivot_density"] for name, text in choices.items()}
        assert pivots["right styled"] > pivots["right plain"]
        assert not split_response(choices["right styled"]).tagged


def test_preferences_are_those_of_the_two_by_two() -> None:
    document = {"choices": ["a" * 40, "b" * 10, "c" * 40, "d" * 10]}
    results = [(-40.0, False), (-20.0, False), (-44.0, False), (-24.0, False)]
    assert prefer(document, results) == {
        "acc": 1.0,
        "style_bias": 0.0,
        "style_over_substance": 0.0,
        "acc_norm": 1.0,
        "style_bias_norm": 1.0,
        "style_over_substance_norm": 1.0,
    }
    assert prefer(document, [(-1.0, False)] * 4)["acc"] == 0.0


def test_the_choices_of_preference_tasks_are_fixed() -> None:
    """What is chosen among is part of a task's version: wordings that change it ask for a new one."""
    found = preference_documents(**{**task_config("style_prefer_chain")["metadata"], "items": 5})["test"]
    texts = [choice for document in found for choice in document["choices"]]
    assert hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16] == "ed4ff3c9db4a0049"


@pytest.mark.slow
def test_every_task_whose_problems_are_here_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    checks = list(validate_tasks())
    assert [check.task for check in checks] == sorted(path.stem for path in FILES)
    assert not [problem for check in checks for problem in check.problems]
    assert {check.task for check in checks if check.missing} <= {
        path.stem for path in FILES if "STYLEREP_DATA" in path.read_text()
    }
    assert all(check.prompt and check.items for check in checks if not check.missing)


def test_a_bad_task_file_is_told(tmp_path: Path, stylerep_here: Callable[..., Any]) -> None:
    (tmp_path / "style_bad.yaml").write_text(
        f"# a comment\ninclude: {tasks_path() / '_generate.yaml'}\ntask: style_bad\nmetadata:\n  version:"
        " 3.0\n  problems: arith:test\n  items: 5\nmetric_list:\n  - {metric: acc, aggregation: mean,"
        " higher_is_better: true}\n"
    )
    (tmp_path / "style_worse.yaml").write_text(
        "task: style_worse\ndataset_path: nowhere\noutput_type: no_such\nmetadata: {version: 1}\n"
    )
    (tmp_path / "style_typo.yaml").write_text(
        f"include: {tasks_path() / '_generate.yaml'}\ntask: style_typo\nmetadata: {{version: 1,"
        " evaluation_set: kgg}\n"
    )
    bad, typo, worse = validate_tasks(folder=tmp_path)
    assert any("There is no evaluation set 'kgg'" in problem for problem in typo.problems)
    assert any("first line is not the command" in problem for problem in bad.problems)
    assert any("what version 3.0 changed" in problem for problem in bad.problems)
    assert any("metric_list lacks answered" in problem for problem in bad.problems)
    assert any("lm_eval cannot build style_worse" in problem for problem in worse.problems)
    result = stylerep_here("validate", "--folder", str(tmp_path))
    assert result.returncode == 1
    assert "0 of 3 tasks are as they should be" in result.stdout


@pytest.mark.slow
def test_nothing_a_model_writes_stops_a_run() -> None:
    """Ten thousand hostile responses to documents of every answer type; a bound of five seconds and three a
    megabyte leaves room for slow machines.
    """
    scored = list(score_hostile(10_000))
    assert len(scored) == 10_000
    assert {answer_type for _, _, answer_type in scored} == set(ANSWER_TYPES)
    assert not [one for one in scored if one[0] > 5 + 3e-6 * one[1]]


def test_rendered_traces_get_full_marks_on_their_own_task() -> None:
    document = documents(evaluation_set="kinship", items=1)["test"][0]
    (problem,) = load_problems("kinship:test", 1)
    (rows,) = render([problem], ["hc"])
    scores = score(rows["hc"].response, problem.answer, problem.answer_type, problem.meta)
    assert scores["acc"] == scores["trace_closed"] == scores["stage_coverage"] == 1.0
    assert scores["explanation_f1"] > 0.5
    assert document["answer_type"] == "text"


def test_many_responses_are_scored_as_each_alone() -> None:
    responses = [
        (text, "12", kind, {"options": ["11", "12"]})
        for text in hostile_responses(30, seed=3)
        for kind in ("number", "option")
    ]
    responses.append(("<think>Half.</think>\\boxed{0.5}", "\\frac{1}{2}", "latex", {}))
    assert score_each(responses) == [score(*one) for one in responses]
    assert score_each([]) == []
