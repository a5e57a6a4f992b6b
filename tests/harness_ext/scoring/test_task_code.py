"""Functions of a user's own Python files are named before they run, and can be listed without running."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness_ext.backends.lm_eval import evaluate
from harness_ext.cli import app
from harness_ext.scoring.task_code import task_code, tell_code

TASK = """task: mine
dataset_path: json
dataset_kwargs: {{data_files: {data}}}
test_split: train
output_type: generate_until
doc_to_text: "{{{{q}}}}"
doc_to_target: "{{{{a}}}}"
include: shared.yaml
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a task that runs two functions of a file beside it, one of them by what it includes,
    and a task that is not asked for.
    """
    own = tmp_path / "own"
    own.mkdir()
    (tmp_path / "rows.jsonl").write_text('{"q": "What is 1 + 1?", "a": "2"}\n' * 2, encoding="utf-8")
    (own / "mine.yaml").write_text(
        TASK.format(data=tmp_path / "rows.jsonl") + "process_docs: !function helper.docs\n", encoding="utf-8"
    )
    (own / "shared.yaml").write_text(
        "process_results: !function helper.score\nmetric_list: [{metric: acc, aggregation: mean,"
        " higher_is_better: true}]\n"
    )
    (own / "other.yaml").write_text("task: other\nprocess_docs: !function elsewhere.docs\n", encoding="utf-8")
    code = (
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\ndef docs(rows):\n    return rows\ndef score(doc,"
        " results):\n    return {'acc': 1.0}\n"
    )
    (own / "helper.py").write_text(code, encoding="utf-8")
    return own


def test_functions_are_found_without_running_them(folder: Path) -> None:
    found = task_code([folder], ["mine"])
    assert [(one.function, one.task_file.name, one.source) for one in found] == [
        ("helper.docs", "mine.yaml", folder / "helper.py"),
        ("helper.score", "shared.yaml", folder / "helper.py"),
    ]
    assert [one.function for one in task_code([folder / "mine.yaml"])] == ["helper.docs", "helper.score"]
    assert [one.function for one in task_code([folder], ["ot*"])] == ["elsewhere.docs"]
    listed = CliRunner().invoke(app, ["validate", "tasks", "--folder", str(folder), "--list-code"])
    assert "helper.docs" in listed.output
    assert "elsewhere.docs (of an installed module" in listed.output.replace("\n", " ")
    assert not (folder.parent / "ran").exists()


@pytest.mark.parametrize("tasks", [["mine"], ["mine.yaml"], ["m*.yaml"]])
def test_an_evaluation_names_them_first(
    folder: Path, tasks: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    named = [str(folder / one) if one.endswith(".yaml") else one for one in tasks]
    tell_code(named, folder if named == tasks else None)
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(
        f"stylerep: Task files have Python code of yours run: helper.docs ({folder / 'helper.py'}, named in"
        f" {folder / 'mine.yaml'}); "
    )
    assert "elsewhere" not in told
    assert not (folder.parent / "ran").exists()


@pytest.mark.slow
def test_a_whole_evaluation_names_them_and_runs_them(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    evaluate(
        [
            "--model",
            "dummy",
            "--limit",
            "1",
            "--output_path",
            str(tmp_path / "run"),
            "--tasks",
            "mine",
            "--include_path",
            str(folder),
        ],
        arm="base",
    )
    assert "Python code of yours run: helper.docs" in capfd.readouterr().err
    assert (tmp_path / "ran").exists()


def test_our_own_tasks_have_none_of_the_users() -> None:
    from harness_ext.scoring.task_folder import tasks_path

    assert task_code([tasks_path()]) == []
