"""Tasks whose problems are not on the machine: a pattern leaves them out and says so, a name is an error."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness_ext.backends.lm_eval.style_task import LEFT_OUT, LeftOut
from harness_ext.pipelines.validate import validate_tasks
from harness_ext.runs.run_folder import sample_files
from harness_ext.scoring.documents import check_documents
from harness_ext.scoring.task_folder import asked_by_pattern, tasks_path
from synth import rows
from synth.errors import MissingDataError, StylerepError
from synth.evaluation_sets import EVALUATION_SETS
from tests.conftest import one_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[4]
PUBLISHED = [
    *sorted(f"style_{name}" for name, one in EVALUATION_SETS.items() if one.files),
    "style_prefer_gsm8k",
]


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """Variables of a machine without published sets: the folder for them is empty, and the Hub is not
    asked.
    """
    (tmp_path / "nothing").mkdir()
    return {"STYLEREP_DATA": str(tmp_path / "nothing"), "HF_HUB_OFFLINE": "1"}


def plain_lm_eval(
    folder: Path, environment: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run lm_eval itself, as a user of its command line does."""
    command = [
        sys.executable,
        "-m",
        "lm_eval",
        "--include_path",
        str(tasks_path()),
        "--model",
        "dummy",
        "--limit",
        "2",
        *arguments,
    ]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=900
    )


def results(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("results_*.json")
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("words", "by_pattern"),
    [
        (["style_*"], True),
        (["style_arith", "style_gsm8?"], True),
        (["style_gsm8k"], False),
        (["style_*", "style_gsm8k"], False),
        (["stylebench"], False),
        (["stylebench_p*"], False),
        ([], False),
    ],
)
def test_a_task_is_asked_for_by_a_pattern_or_by_its_name(words: Sequence[str], by_pattern: bool) -> None:
    assert asked_by_pattern("style_gsm8k", words) is by_pattern


@pytest.mark.slow
def test_plain_lm_eval_runs_what_is_here_of_a_pattern(tmp_path: Path, empty: dict[str, str]) -> None:
    result = plain_lm_eval(tmp_path, empty, "--tasks", "style_*", "--output_path", "out", "--log_samples")
    assert result.returncode == 0, result.stderr[-3000:]
    every = sorted(path.stem for path in tasks_path().rglob("style_*.yaml"))
    found = results(tmp_path / "out")
    for task in PUBLISHED:
        assert (
            sum(line.startswith(f"stylerep: {task} is LEFT OUT. ") for line in result.stderr.splitlines())
            == 1
        )
        assert found["results"][task] == {"alias": task, "name": task, LEFT_OUT: "no problems here"}
        assert task in result.stdout, "the table names it"
    assert set(found["configs"]) == set(found["n-samples"]) == set(every) - set(PUBLISHED)
    assert set(sample_files(tmp_path / "out")) == set(every) - set(PUBLISHED)
    assert not [
        name
        for name, scores in found["results"].items()
        if LEFT_OUT not in scores and not any(key.startswith("acc,") for key in scores)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tasks", "task"),
    [
        ("style_gsm8k", "gsm8k_test.jsonl"),
        ("style_a*,style_aime24", "aime24.jsonl"),
        ("stylebench_paper", "math500.jsonl"),
        ("style_math500*,stylebench_paper", "math500.jsonl"),
    ],
)
def test_plain_lm_eval_fails_for_a_name_or_a_group(
    tmp_path: Path, empty: dict[str, str], tasks: str, task: str
) -> None:
    result = plain_lm_eval(tmp_path, empty, "--tasks", tasks)
    assert result.returncode
    assert f"{task}: no such file, though STYLEREP_DATA names this folder" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_plain_lm_eval_does_not_end_well_where_all_is_left_out(tmp_path: Path, empty: dict[str, str]) -> None:
    result = plain_lm_eval(tmp_path, empty, "--tasks", "style_aime*")
    assert result.returncode
    assert "Nothing was measured: every task that was asked for is left out" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_pattern_may_stand_in_a_configuration_file(tmp_path: Path, empty: dict[str, str]) -> None:
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"tasks": ["style_aime*", "style_arith"], "output_path": "out"})
    )
    result = plain_lm_eval(tmp_path, empty, "--config", "config.yaml")
    assert result.returncode == 0, result.stderr[-3000:]
    assert [name for name, scores in results(tmp_path / "out")["results"].items() if LEFT_OUT in scores] == [
        "style_aime24",
        "style_aime25",
    ]


def test_stylerep_eval_says_and_records_what_it_leaves_out(
    stylerep_here: Run, tmp_path: Path, empty: dict[str, str], published_sets: Path
) -> None:
    # A model without a name: lm_eval makes one up for each evaluation, and yet it is one run.
    evaluate = ["eval", "--model", "dummy", "--limit", 2, "--output_path", "out", "--tasks"]
    result = stylerep_here(*evaluate, "style_a*", **empty)
    assert result.returncode == 0, result.stderr[-3000:]
    lines = [line for line in result.stderr.splitlines() if "LEFT OUT" in line]
    assert [line.split()[1] for line in lines] == ["style_aime24", "style_aime25"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["left_out"] == ["style_aime24", "style_aime25"]
    assert set(sample_files(tmp_path / "out")) == {"style_arith", "style_arith_short"}

    result = stylerep_here(*evaluate, "style_aime24", HF_HUB_OFFLINE="1", STYLEREP_DATA=str(published_sets))
    assert result.returncode == 0, result.stderr[-3000:]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["left_out"] == ["style_aime25"]


@pytest.mark.parametrize(
    ("tasks", "says"),
    [
        ("style_gsm8k,style_a*", "style_gsm8k: "),
        ("stylebench", "style_gsm8k: "),
        ("stylebench_prefer", "style_prefer_gsm8k: "),
        ("style_aime*", "None of the tasks that were asked for can be run"),
    ],
)
def test_stylerep_eval_fails_for_a_name_a_group_and_nothing_left(
    stylerep_here: Run, tmp_path: Path, empty: dict[str, str], tasks: str, says: str
) -> None:
    result = stylerep_here(
        "eval", "--model", "dummy", "--limit", 2, "--output_path", "out", "--tasks", tasks, **empty
    )
    assert says in one_sentence(result)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_only_what_is_missing_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gsm8k_test.jsonl").write_text("this is no JSON\n")
    there = {"data_dir": str(tmp_path)}
    assert check_documents(["style_arith", "style_svamp"], there, ["style_*"]) == ["style_svamp"]
    assert f"style_svamp is LEFT OUT. {tmp_path / 'svamp.jsonl'}: no such file" in capsys.readouterr().err
    with pytest.raises(StylerepError, match="not valid JSON"):  # a broken file is there, and to be mended
        check_documents(["style_gsm8k"], there, ["style_*"])


def test_callers_of_functions_get_the_error(monkeypatch: pytest.MonkeyPatch, empty: dict[str, str]) -> None:
    from lm_eval.tasks import TaskManager

    for name, value in empty.items():
        monkeypatch.setenv(name, value)
    tasks = TaskManager(include_path=str(tasks_path()), include_defaults=False)
    with pytest.raises(MissingDataError, match=r"svamp\.jsonl"):
        tasks.load(tasks.match_tasks(["style_s*"]))


def test_validate_names_what_it_could_not_check(
    monkeypatch: pytest.MonkeyPatch, stylerep_here: Run, empty: dict[str, str]
) -> None:
    for name, value in empty.items():
        monkeypatch.setenv(name, value)
    (check,) = validate_tasks(["style_svamp"])
    assert "svamp.jsonl: no such file" in check.missing
    result = stylerep_here("validate", "style_svamp", "style_arith", **empty)
    assert "style_svamp: NOT CHECKED, its problems are not here." in result.stdout
    assert result.returncode == 1


def test_a_task_that_is_left_out_has_no_score() -> None:
    scores = LeftOut("style_svamp").aggregate(
        {"style_arith": {"sample_len": 2, "acc,none": 0.5}, "style_svamp": {}}
    )
    assert not [value for value in scores.values() if isinstance(value, (int, float))]
    with pytest.raises(MissingDataError):
        LeftOut("style_svamp").aggregate({})


def test_a_hub_that_gives_no_answer_is_asked_once(tmp_path: Path) -> None:
    """Its own client would ask each data set six times, for 23 seconds."""
    code = (
        "from synth.errors import MissingDataError\nfrom synth.rows import hub_rows\n"
        "for name in ('org/first', 'org/second'):\n"
        "    try: list(hub_rows(name))\n"
        "    except MissingDataError as error: print(error)\n"
    )
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
    }
    variables |= {"HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True, timeout=300
    )
    assert "Retrying" not in result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["org/first", "org/second"]


def test_what_lies_in_the_cache_of_the_hub_is_found_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    offline = []

    def load_dataset(*_: Any, **__: Any) -> list[dict[str, Any]]:
        offline.append(datasets.config.HF_HUB_OFFLINE)
        return [{"question": "What is 2 + 3?"}]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    for answers in (False, True):
        monkeypatch.setattr(rows, "_hub_answers", lambda answers=answers: answers)
        assert [row.fields for row in rows.hub_rows("org/name")] == [{"question": "What is 2 + 3?"}]
    assert offline == [True, False]
    assert datasets.config.HF_HUB_OFFLINE is False
