"""Which score of another harness is the recorded one, and what is said of its others."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness_ext.importing import ReadSource, import_runs
from synth.errors import StylerepError
from synth.responses import Fields
from tests.harness_ext.compare.runs import write_scored
from tests.harness_ext.importing.sources import INSPECT, LM_EVAL, samples


def test_of_two_metrics_of_lm_eval_the_one_known_by_name_is_recorded_and_the_other_told(
    tmp_path: Path, stylerep_here: Any
) -> None:
    source = write_scored(tmp_path / "source", exact_match=[0.0, 0, 0], math_verify=[1.0, 1, 0])
    result = stylerep_here("import", source, "--model", "m", "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    says = (
        "sums: the recorded score is math_verify; by exact_match accuracy is 0.0 % and not 66.7 % (2 of 3"
        " items differ) (--metric)."
    )
    assert says in " ".join(result.stdout.split())
    assert [row["recorded"] for row in samples(tmp_path / "run", "sums")] == [1, 1, 0]
    assert [row["acc"] for row in samples(tmp_path / "run", "sums")] == [1, 1, 1]


@pytest.mark.parametrize("option", ["--metric", "--score-field"])
def test_another_metric_may_be_asked_for(tmp_path: Path, stylerep_here: Any, option: str) -> None:
    source = write_scored(tmp_path / "source", exact_match=[0.0, 0, 0], math_verify=[1.0, 1, 0])
    result = stylerep_here("import", source, "--model", "m", "--out", tmp_path / "run", option, "exact_match")
    assert result.returncode == 0, result.stderr
    assert [row["recorded"] for row in samples(tmp_path / "run", "sums")] == [0, 0, 0]
    result = stylerep_here("import", source, "--model", "m", "--out", tmp_path / "other", option, "f1")
    assert result.returncode == 2
    assert "there is no metric 'f1'; there are exact_match, math_verify." in result.stderr


def test_metrics_that_agree_need_no_word(tmp_path: Path) -> None:
    source = write_scored(
        tmp_path / "source",
        exact_match=[1.0, 1, 0],
        math_verify=[1.0, 1, 0],
        answered=[1.0, 1, 1],
        bleu=[30.0, 2, 1],
    )
    assert not any(
        "recorded score is" in note for note in import_runs([source], tmp_path / "runs", model="m").notes
    )


def test_lists_that_are_not_of_responses_are_no_score(tmp_path: Path) -> None:
    source = write_scored(tmp_path / "source", inst_level_strict_acc=[[True, False], [True], [False, False]])
    imported = import_runs([source], tmp_path / "runs", model="m")
    assert imported.tasks[0].recorded_accuracy is None
    source = write_scored(
        tmp_path / "ifeval",
        inst_level_strict_acc=[[True, False], [True, True]],
        prompt_level_strict_acc=[False, True],
    )
    assert import_runs([source], tmp_path / "both", model="m").tasks[0].recorded_accuracy == 0.5


def test_filters_that_score_otherwise_are_told(tmp_path: Path) -> None:
    imported = import_runs([next(LM_EVAL.rglob("samples_pens_2026*"))], tmp_path)
    assert (
        imported.notes[0]
        == "pens: the recorded scores are those of the filter strict-match; there is also flexible-extract,"
        " 66.7 % and not 33.3 % (1 of 3 items differ) (--filter)."
    )


def test_scorers_of_inspect(tmp_path: Path) -> None:
    log = json.loads((INSPECT / "pens.json").read_text(encoding="utf-8"))
    log["eval"]["scorers"].append({"name": "judge"})
    for number, sample in enumerate(log["samples"]):
        sample["scores"]["judge"] = {"value": "I" if number else "C"}
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log), encoding="utf-8")
    imported = import_runs([path], tmp_path / "runs", model="m")
    (note,) = (note for note in imported.notes if "recorded score" in note)
    assert note.startswith("pens: the recorded score is match; by judge accuracy is ")
    judged = import_runs([path], tmp_path / "judged", model="m", reading=ReadSource(Fields(correct="judge")))
    assert judged.tasks[0].recorded_accuracy == pytest.approx(1 / len(log["samples"]))
    with pytest.raises(StylerepError, match=r"there is no scorer 'choice'; there are match, judge\.$"):
        import_runs([path], tmp_path / "none", model="m", reading=ReadSource(Fields(correct="choice")))
