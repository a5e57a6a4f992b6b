"""Study files are checked key by key, and a cell's name is the hash of all that goes into it."""

from pathlib import Path

import pytest

from harness_ext.study import load_study, study_cells
from harness_ext.task_folder import studies_path
from synth.errors import StylerepError
from tests.harness_ext.study.files import write_study


@pytest.mark.parametrize("name", [path.stem for path in studies_path().glob("*.yaml")])
def test_every_shipped_study_loads_and_opens_with_its_command(name: str) -> None:
    path = studies_path() / f"{name}.yaml"
    cells = study_cells(load_study(path))
    assert cells
    head = path.read_text(encoding="utf-8").splitlines()
    assert head[0].startswith(f"# stylerep reproduce {name} --out ")
    assert any(word in " ".join(line for line in head if line.startswith("#")) for word in ("minutes", "hour", "days"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n": "many"}, "'n' must be int"),
        ({"colour": 1}, "no key 'colour'"),
        ({"evaluate": {"limit": 4}}, "'evaluate' lacks 'tasks'"),
        ({"evaluate": {"tasks": "style_arith", "temperature": 1}}, "'evaluate' has no key 'temperature'"),
        ({"margin": None}, "'margin' must be float"),
        ({"arms": []}, "'arms' is empty"),
        ({"arms": ["hc", "hc"]}, "'hc' occurs twice in 'arms'"),
        ({"arms": ["base"]}, "base is always evaluated"),
        ({"arms": ["st"]}, "the arm st needs 'teach'"),
        ({"seeds": [0, "x"]}, "'seeds' are whole numbers"),
        ({"arms": ["st_w"], "teach": {"model": "hf"}}, "altered traces of st are made from a file"),
        ({"claims": [{"better": ["hc", "sbs"]}]}, "is about the arm 'sbs', which the study lacks"),
        ({"claims": [{"best": ["hc"]}]}, "study.yaml: claim 1"),
        ({"models": [{"as": "x"}]}, "an entry of 'models' is a name"),
        ({"models": [{"name": "a/b", "colour": 1}]}, "a/b: there is no key 'colour'"),
        ({"models": ["a/b", "c/b"]}, "'b' occurs twice in 'models'"),
        ({"models": [{"name": "a/b", "as": "../x"}]}, "names files; take letters"),
        ({"controls": ["wait"]}, "an entry of 'controls' has settings"),
        ({"controls": [{"colour": 1}]}, "controls: there is no key 'colour'"),
        ({"controls": [{"budget_forcing": -1}]}, "controls: budget_forcing must be a whole number"),
        ({"controls": [{"steer": "x", "steer_kind": "realization"}]}, "a direction is fitted to a trained model"),
        ({"controls": [{"think_budget": 9, "answer_text": "So, it is"}]}, "can have neither a comma nor ="),
        ({"controls": [{"budget_forcing": 0}]}, "changes nothing"),
        ({"controls": [{"budget_forcing": 2}, {"budget_forcing": "2"}]}, r"is there twice \(wait2\)"),
        ({"controls": [{"budget_forcing": 1, "forcing_text": text} for text in ("Let me", "Let-me")]}, "is there twice"),
        ({"controls": [{"budget_forcing": 2}]}, "'controls' need evaluate: {model: style-hf} or vllm; tiny is evaluated with hf"),
    ],
)
def test_a_wrong_study_file_is_refused_by_key(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_study(write_study(tmp_path, "org/model", **change))


def test_broken_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("arms: [nt\n")
    with pytest.raises(StylerepError, match="not valid YAML"):
        load_study(tmp_path / "study.yaml")


def keys(path: Path) -> dict[str, str]:
    return {cell.name: cell.key for cell in study_cells(load_study(path))}


def test_a_changed_input_renames_only_what_depends_on_it(tmp_path: Path) -> None:
    problems = tmp_path / "problems.jsonl"
    problems.write_text('{"question": "1 + 1?", "answer": "2"}\n')
    first = keys(write_study(tmp_path, "org/model", problems=str(problems), seeds=[0, 1]))
    assert len(first) == 1 + 2 * 2 + 1 + 2 * 2
    assert keys(tmp_path / "study.yaml") == first

    def changed(**changes: object) -> set[str]:
        now = keys(write_study(tmp_path, "org/model", **{"problems": str(problems), "seeds": [0, 1], **changes}))
        return {name for name in first if now.get(name) != first[name]}

    assert changed(seeds=[0, 1, 2]) == changed(margin=0.1) == set()
    assert changed(evaluate={"tasks": "style_chain"}) == {name for name in first if name.startswith("evaluate")}
    assert changed(train={"epochs": 2}) == {
        name for name in first if name not in ("traces", "evaluate model base", "evaluate tiny base") and "base" not in name
    }
    problems.write_text('{"question": "1 + 2?", "answer": "3"}\n')
    assert changed() == {name for name in first if "base" not in name}


def test_models_have_their_own_settings(tmp_path: Path) -> None:
    models = [{"name": "org/a", "train": {"rank": 8}}, {"name": "org/b", "evaluate": {"model": "vllm", "limit": 2}}]
    cells = {cell.name: cell.command for cell in study_cells(load_study(write_study(tmp_path, "x", models=models)))}
    assert cells["distill a hc 0"][cells["distill a hc 0"].index("--rank") + 1] == "8"
    assert "--rank" not in cells["distill b hc 0"]
    assert "pretrained=org/b,lora_local_path=adapters/b/hc-0" in cells["evaluate b hc 0"]
    assert cells["evaluate b hc 0"][cells["evaluate b hc 0"].index("--limit") + 1] == "2"


def test_every_arm_is_evaluated_as_it_is_and_under_each_control(tmp_path: Path) -> None:
    controls = [{"suppress": ["realization", "verification"]}, {"budget_forcing": 1, "forcing_text": "Let me see"}]
    claims = [{"equivalent": ["hc", "hc+no-realization+no-verification"]}]
    path = write_study(tmp_path, "org/model", evaluate={"tasks": "style_arith", "model": "style-hf"}, controls=controls, claims=claims)
    study = load_study(path)
    assert study.evaluated[:3] == ("base", "base+no-realization+no-verification", "base+wait1(Let me see)")
    cells = {cell.name: cell for cell in study_cells(study)}
    assert len([name for name in cells if name.startswith("evaluate")]) == 3 * 3
    cell = cells["evaluate tiny hc+wait1(Let me see) 0"]
    assert cell.command[cell.command.index("--model_args") + 1] == "pretrained=org/model,peft=adapters/tiny/hc-0,budget_forcing=1,forcing_text=Let me see"
    assert (cell.arm, cell.leaves, cell.after) == ("hc+wait1(Let me see)", "runs/tiny/hc+wait1-Let-me-see--0/manifest.json", ("distill tiny hc 0",))
    suppressing = cells["evaluate tiny base+no-realization+no-verification"].command
    assert suppressing[suppressing.index("--model_args") + 1] == "pretrained=org/model,suppress=realization+verification"
    (tmp_path / "plain").mkdir()
    plain = keys(write_study(tmp_path / "plain", "org/model", evaluate={"tasks": "style_arith", "model": "style-hf"}))
    assert plain.items() <= {name: cell.key for name, cell in cells.items()}.items()  # controls added later redo nothing
