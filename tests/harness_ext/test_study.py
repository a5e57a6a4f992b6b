import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness_ext.study import load_study, study_steps
from harness_ext.task_folder import studies_path
from synth.errors import StylerepError

Run = Callable[..., subprocess.CompletedProcess[str]]
STUDY = {
    "name": "tiny",
    "model": "",
    "problems": "arith:train",
    "n": 8,
    "arms": ["nt", "hc"],
    "seed": 0,
    "train": {"epochs": 1, "batch-size": 4},
    "evaluate": {"tasks": "style_arith", "limit": 4, "max_gen_toks": 8, "batch-size": 4},
    "margin": 0.05,
    "style": {"trace_words": 10},
}


@pytest.mark.slow
def test_a_study_runs_to_its_verdicts_and_redoes_only_what_changed(stylerep: Run, tmp_path: Path, tiny_model: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(STUDY | {"model": str(tiny_model)}))
    first = stylerep("reproduce", file, "--out", "s", "--jobs", 2)
    assert first.returncode == 0, first.stderr[-3000:]
    verdicts = json.loads((tmp_path / "s/verdicts.json").read_text())
    assert [(item["run"], item["baseline"], item["n"]) for item in verdicts["comparisons"]] == [("nt", "base", 4), ("hc", "base", 4)]

    again = stylerep("reproduce", file, "--out", "s")
    assert again.stdout.count("done before") == 6
    assert "$ stylerep distill" not in again.stdout

    file.write_text(yaml.safe_dump(STUDY | {"model": str(tiny_model), "train": {"epochs": 2, "batch-size": 4}}))
    changed = stylerep("reproduce", file, "--out", "s")
    assert changed.returncode == 0, changed.stderr[-3000:]
    assert [line.split("  ")[-1] for line in changed.stdout.splitlines() if "done before" in line] == ["traces: done before", "evaluate base: done before"]


@pytest.mark.slow
def test_a_step_that_fails_says_why(stylerep: Run, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(STUDY | {"model": "nowhere"}))
    result = stylerep("reproduce", file, "--out", "s")
    assert result.returncode == 2
    assert "There is no model 'nowhere'" in result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("name", [path.stem for path in studies_path().glob("*.yaml")])
def test_every_shipped_study_loads_and_opens_with_its_command(name: str) -> None:
    path = studies_path() / f"{name}.yaml"
    assert study_steps(load_study(path), Path("out"))
    assert f"stylerep reproduce studies/{name}.yaml" in path.read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n": "many"}, "'n' must be int"),
        ({"colour": 1}, "no key 'colour'"),
        ({"evaluate": {"tasks": "style_arith"}}, "lacks 'limit'"),
        ({"margin": None}, "'margin' must be float"),
    ],
)
def test_a_wrong_study_file_is_refused_by_key(tmp_path: Path, change: dict[str, object], says: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(STUDY | change))
    with pytest.raises(StylerepError, match=says):
        load_study(file)


def test_broken_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("arms: [nt\n")
    with pytest.raises(StylerepError, match="not valid YAML"):
        load_study(tmp_path / "study.yaml")
