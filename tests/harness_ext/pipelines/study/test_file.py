"""Study files are checked key by key, and a cell's name is the hash of all that goes into it."""

from datetime import date
from pathlib import Path

import pytest

from harness_ext.pipelines.study import load_study, study_cells
from harness_ext.pipelines.study.estimate import TimeEstimate
from harness_ext.pipelines.study.file import claims_text, study_claims
from harness_ext.scoring.task_folder import studies_path
from synth.errors import StylerepError
from tests.harness_ext.pipelines.study.files import write_study


@pytest.mark.parametrize("name", [path.stem for path in studies_path().glob("*.yaml")])
def test_every_shipped_study_loads_and_opens_with_its_command(name: str) -> None:
    path = studies_path() / f"{name}.yaml"
    cells = study_cells(load_study(path))
    assert cells
    head = path.read_text(encoding="utf-8").splitlines()
    assert head[0].startswith(f"# stylerep reproduce {name} --out ")
    assert any(
        word in " ".join(line for line in head if line.startswith("#"))
        for word in ("minutes", "hour", "days")
    )


def test_a_study_may_stop_runs_once_they_are_settled(tmp_path: Path, tiny_model: Path) -> None:
    evaluate = {"tasks": "style_arith", "limit": 4, "stop": "settled", "model": "style-hf"}
    path = write_study(tmp_path, tiny_model, evaluate=evaluate, controls=[{"budget_forcing": 1}])
    cells = {cell.name: cell for cell in study_cells(load_study(path))}
    rule = "--until-settled --against runs/tiny/base --margin 0.05"
    assert rule not in " ".join(cells["evaluate tiny base"].command)
    for name in ("evaluate tiny hc 0", "evaluate tiny base+wait1", "evaluate tiny nt+wait1 0"):
        assert rule in " ".join(cells[name].command)
        assert "evaluate tiny base" in cells[name].after
    claims = [{"better": ["hc", "nt"]}, {"noninferior": ["hc", "base"]}, {"better": ["nt", "base"]}]
    path = write_study(tmp_path, tiny_model, evaluate=evaluate, claims=claims, arms=["sbs", "hc", "nt"])
    claimed = {cell.name: cell for cell in study_cells(load_study(path))}
    assert "--until-settled" not in claimed["evaluate tiny hc 0"].command  # nt is compared with it
    both = "--against runs/tiny/base --against runs/tiny/hc-0 --margin"
    assert both in " ".join(claimed["evaluate tiny nt 0"].command)
    assert "evaluate tiny hc 0" in claimed["evaluate tiny nt 0"].after
    assert rule in " ".join(claimed["evaluate tiny sbs 0"].command)
    claims[2] = {"better": ["nt", "base"], "margin": 0.1}
    path = write_study(tmp_path, tiny_model, evaluate=evaluate, claims=claims, arms=["sbs", "hc", "nt"])
    changed = {name for name, one in claimed.items() if one not in study_cells(load_study(path))}
    assert changed == {"evaluate tiny nt 0"}  # it ends by other claims
    plain = write_study(tmp_path / "plain", tiny_model, evaluate={"tasks": "style_arith", "limit": 4})
    assert not any("--until-settled" in cell.command for cell in study_cells(load_study(plain)))


def test_each_model_is_sampled_before_its_own_arms_are_made(tmp_path: Path, tiny_model: Path) -> None:
    models = [{"name": str(tiny_model), "as": name} for name in ("one", "two")]
    given = {
        "samples": 2,
        "max-tokens": 8,
        "unsolved": "sbs",
        "model": "style-hf",
        "model_args": "dtype=auto",
    }
    arms = ["nt", "self", "self_hc_on_steps"]
    path = write_study(
        tmp_path, tiny_model, models=models, arms=arms, learnability={}, claims=[], **{"self": given}
    )
    cells = {cell.name: cell for cell in study_cells(load_study(path))}
    for label in ("one", "two"):
        sample = cells[f"sample {label}"]
        whole = " ".join(sample.command)
        assert f"teach --arm self --model style-hf --model_args pretrained={tiny_model},dtype=auto" in whole
        assert "--max-tokens 8 --samples 2" in whole
        assert sample.output == f"own/{label}/manifest.json"
        traces = cells[f"traces of {label}"]
        assert traces.after == (f"sample {label}",)
        whole = " ".join(traces.command)
        assert f"--arms nt,self,self_hc --like own/{label} --unsolved sbs" in whole
        assert traces.output == f"data/{label}/self_hc/manifest.json"
        for arm in arms:
            trained = cells[f"distill {label} {arm} 0"]
            assert trained.after == (f"traces of {label}",)
            assert f"--data data/{label}/{arm.removesuffix('_on_steps')} " in " ".join(trained.command)
        assert f"data/{label}/self" in cells[f"learnability {label}"].command
    assert "traces" not in cells
    estimate = TimeEstimate(load_study(path), list(cells.values()), tmp_path, rate=1e12)
    assert estimate.seconds("sample one") > 15
    path = write_study(tmp_path, tiny_model, arms=["self"], claims=[])
    assert "--unsolved" not in " ".join(" ".join(cell.command) for cell in study_cells(load_study(path)))


_STOP = {"tasks": "style_arith", "stop": "settled"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"n": "many"}, "study.yaml, line 18: n: expected a whole number, found 'many'"),
        ({"n": 0}, "n: expected a number of at least 1, found 0"),
        ({"n": True}, "n: expected a whole number, found True"),
        ({"n": 10**400}, "n: expected a number below 9.22337e.18, found 1000"),
        ({"name": 3}, "name: expected a text, found 3"),
        (
            {"name": "a\x1b[31m"},
            r"name: expected a text of one line without control characters, found 'a\\x1b\[31m'",
        ),
        ({"name": None}, "name: expected a text, found None"),
        ({"problems": ["arith"]}, "problems: expected a text, found"),
        ({"problems": "arit:train"}, "problems: There is no problem source 'arit'"),
        ({"problems": "arith:trian"}, "problems: arith: there is no split 'trian'"),
        ({"problems": "arith:train:max_steps=x"}, "problems: arith: max_steps must be"),
        ({"problems": "none.jsonl"}, "problems: none.jsonl: there is no such file"),
        ({"colour": 1}, "line 9: there is no key 'colour'; there are name, problems"),
        ({"evaluate": {"limit": 4}}, "evaluate: the key 'tasks' is missing"),
        (
            {"evaluate": {"tasks": "style_arith", "top_p": 1}},
            "evaluate: there is no key 'top_p'; there are tasks, limit",
        ),
        ({"evaluate": {"tasks": 3}}, "evaluate.tasks: expected a text or a list, found 3"),
        ({"evaluate": {**_STOP, "stop": "never"}}, "evaluate.stop: expected .*settled"),
        ({"evaluate": _STOP, "seeds": [0, 1]}, "seeds: with evaluate: {stop: settled} there is one seed"),
        ({"evaluate": {**_STOP, "tasks": "style_prefer_arith"}}, "evaluate.tasks: .* asks for likelihoods"),
        (
            {"evaluate": _STOP, "claims": [{"style_equivalent": ["hc", "nt"], "style": ["pivot_density"]}]},
            "is about style, which takes the number of items as given",
        ),
        ({"evaluate": {"tasks": [3]}}, r"evaluate.tasks\[0\]: expected a text, found 3"),
        ({"evaluate": {"tasks": []}}, "evaluate.tasks: expected a text or a list that is not empty"),
        (
            {"evaluate": {"tasks": "style_arit"}},
            "evaluate.tasks: There is no task 'style_arit'; did you mean style_arith",
        ),
        (
            {"evaluate": {"tasks": ["style_arith", "style_arit"]}},
            "evaluate.tasks: There is no task 'style_arit'",
        ),
        ({"evaluate": {"tasks": "style_arith", "limit": "abc"}}, "evaluate.limit: expected .*, found 'abc'"),
        ({"evaluate": {"tasks": "style_arith", "limit": -5}}, "evaluate.limit: expected .*, found -5"),
        ({"evaluate": {"tasks": "style_arith", "limit": 0}}, "evaluate.limit: expected .*, found 0"),
        (
            {"evaluate": {"tasks": "style_arith", "limit": float("nan")}},
            "evaluate.limit: expected .*, found nan",
        ),
        ({"evaluate": {"tasks": "style_arith", "limit": None}}, "evaluate.limit: expected .*, found None"),
        (
            {"evaluate": {"tasks": "style_arith", "max_gen_toks": 1.5}},
            "evaluate.max_gen_toks: expected a whole number, found 1.5",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "repeats": 4}},
            "evaluate.repeats: greedy decoding would give 4 equal responses; add a temperature, such as 0.7",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "repeats": 0, "temperature": 0.7}},
            "evaluate.repeats: expected a number of at least 1, found 0",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "temperature": 0}},
            "evaluate.temperature: expected a number above 0, found 0",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "batch-size": "many"}},
            "evaluate.batch-size: expected a whole number or auto, found 'many'",
        ),
        ({"evaluate": {"tasks": "style_arith", "model": 3}}, "evaluate.model: expected a text, found 3"),
        (
            {"evaluate": {"tasks": "style_arith", "model": "hff"}},
            "evaluate.model: lm_eval has no model 'hff'; did you mean hf",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "model": "local-completions"}},
            "evaluate.model: The model local-completions needs base_url",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "metadata": date(2024, 1, 1)}},
            "evaluate.metadata: expected a mapping, found datetime.date",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "metadata": {"a": [date(2024, 1, 1)]}}},
            r"evaluate.metadata.a\[0\]: expected .*found datetime.date",
        ),
        (
            {"evaluate": {"tasks": "style_arith", "metadata": {"items": "x"}}},
            "evaluate.metadata: metadata: items: expected a whole number, found 'x'",
        ),
        ({"evaluate": [1]}, "evaluate: expected a mapping"),
        ({"margin": None}, "margin: expected a number, found None"),
        ({"margin": 5}, "line 14: margin: expected a number below 1, found 5"),
        ({"margin": 0}, "margin: expected a number above 0, found 0"),
        ({"margin": float("nan")}, "margin: expected a finite number, found nan"),
        ({"arms": []}, "arms: expected a list that is not empty"),
        ({"arms": 3}, "arms: expected a list, found 3"),
        ({"arms": [3]}, r"arms\[0\]: expected a text, found 3"),
        ({"arms": [{"hc": 1}]}, r"arms\[0\]: expected a text, found \{'hc': 1\}"),
        ({"arms": ["hc", "hc"]}, r"arms\[1\]: 'hc' occurs twice"),
        ({"arms": ["hcc"]}, r"arms\[0\]: There is no arm 'hcc'"),
        ({"arms": ["shuffle=2"]}, r"arms\[0\]: The fraction of 'shuffle=2' must be a number from 0 to 1"),
        (
            {"arms": ["shuffle=0." + "3" * 300]},
            r"arms\[0\]: The fraction of 'shuffle=0.333.*' must be a number from 0 to 1 of at most",
        ),
        ({"arms": ["base"]}, "base is always evaluated"),
        ({"arms": ["st"]}, "arms: the arm st needs 'teach'"),
        ({"seeds": [0, "x"]}, r"seeds\[1\]: expected a whole number, found 'x'"),
        ({"seeds": [10**30]}, r"seeds\[0\]: expected a number below 9.22337e"),
        ({"seeds": [0, 1, 0]}, r"seeds\[2\]: 0 occurs twice"),
        ({"data_seed": 0.5}, "data_seed: expected a whole number, found 0.5"),
        (
            {"style": {"trace_words": "long"}},
            "style.trace_words: expected a whole number or a number, found 'long'",
        ),
        ({"style": {"trace_wrods": 3}}, "style: There is no dial 'trace_wrods'"),
        ({"style": {"wrong_turns": 7}}, "style: The dial wrong_turns goes from 0 to"),
        ({"train": 3}, "train: expected a mapping, found 3"),
        ({"train": {"epochs": None}}, "train.epochs: expected .*, found None"),
        (
            {"train": {"epochs": "many"}},
            "train: Invalid value for '--epochs': Input should be a valid number",
        ),
        ({"train": {"epochs": -1}}, "train: epochs must be above 0, got -1"),
        ({"train": {"epochs": [1]}}, "train.epochs: expected .*, found"),
        (
            {"train": {"batch_size": 4}},
            "train.batch_size: stylerep distill has no option --batch_size; there are batch-size, ",
        ),
        (
            {"train": {"seed": 4}},
            "train.seed: the study itself gives --seed to stylerep distill; leave it out",
        ),
        ({"train": {"method": "lorra"}}, "train: method must be one of lora"),
        ({"train": {"recipe": "none.yaml"}}, "train: There is no recipe 'none.yaml'"),
        ({"train": {"drop": 0.1}}, "train: --drop needs --select"),
        ({"train": {"merge": "merged"}}, "train.merge: every arm and seed would be merged into this one"),
        ({"train": {"plain": "yes"}}, "train: Got unexpected extra argument"),
        (
            {"train": {"method": "opd"}},
            "train.method: an arm that is trained on-policy has a name of its own",
        ),
        ({"train": {"teacher": "org/m"}}, "train.teacher: this is for arms that are trained on-policy"),
        ({"arms": ["hc_opd"]}, "train: --method opd needs --teacher"),
        ({"arms": ["hc_opd"], "train": {"teacher": "nowhere"}}, "train: There is no model 'nowhere'"),
        (
            {"arms": ["hc_opd"], "train": {"teacher": "org/m", "temperature": 0}},
            "train: temperature must be above 0",
        ),
        (
            {"arms": ["hc", "hc_opd"], "train": {"teacher": "org/m", "betta": 0}},
            "train.betta: stylerep distill has no option --betta",
        ),
        ({"arms": ["none_opd"], "train": {"teacher": "org/m"}}, "There is no arm 'none' to render"),
        ({"arms": ["st_w"], "teach": {"model": "hf"}}, "altered traces of st are made from a file"),
        (
            {"arms": ["st"], "teach": {"model": "hf", "colour": 1}},
            "teach.colour: stylerep teach has no option --colour",
        ),
        (
            {"arms": ["st"], "teach": {"model": "hf", "temperature": "hot"}},
            "teach: Invalid value for '--temperature'",
        ),
        ({"arms": ["st"], "teach": {"model": "hf", "keep": "some"}}, "teach: --keep is first or all"),
        ({"arms": ["st"], "teach": {"model": "hf", "arm": "self"}}, "the study itself gives --arm to"),
        ({"self": {}}, "self: this says how the arm self is sampled, and the study has no such arm"),
        ({"arms": ["self", "st"], "teach": {"model": "hf"}}, "put them into two studies"),
        (
            {"arms": ["self"], "self": {"unsolved": "keep"}},
            "self.unsolved: expected drop or sbs, found 'keep'",
        ),
        ({"arms": ["self"], "self": {"samples": 0}}, "self: At least one sample a problem is needed, got 0"),
        ({"arms": ["self"], "self": {"colour": 1}}, "self.colour: stylerep teach has no option --colour"),
        ({"arms": ["self"], "self": {"keep": "all"}}, "self: --arm self is the student's own right traces"),
        (
            {"arms": ["self"], "self": {"model_args": "pretrained=a/b"}},
            "self.model_args: the study itself names the student by pretrained",
        ),
        ({"arms": ["self_hcc"]}, r"arms\[0\]: There is no arm 'self_hcc'"),
        ({"arms": ["st"], "teach": {"model": "hff"}}, "teach: lm_eval has no model 'hff'"),
        (
            {"arms": ["st"], "teach": {"model": "local-completions"}},
            "teach: The model local-completions needs base_url",
        ),
        ({"arms": ["st"], "teach": {"samples": 4}}, "teach: Missing option '--model'"),
        ({"arms": ["st"], "teach": {"from": "none.jsonl"}}, "teach.from: none.jsonl: there is no such file"),
        ({"claims": 3}, "claims: expected a list, found 3"),
        (
            {"claims": [{"better": ["hc", "sbs"]}]},
            r"claims\[0\]: the claim 'hc better than sbs' is about the arm 'sbs', which the study lacks",
        ),
        ({"claims": [{"best": ["hc"]}]}, r"study.yaml, line 5: claims\[0\]: there is no key 'best'"),
        (
            {"claims": [{"equivalent": ["hc", "base"], "margin": 5}]},
            r"claims\[0\].margin: expected a number below 1, found 5",
        ),
        ({"models": "org/model"}, "models: expected a list, found 'org/model'"),
        ({"models": [3]}, r"models\[0\]: expected a text or a mapping, found 3"),
        ({"models": [{"as": "x"}]}, r"models\[0\]: the key 'name' is missing"),
        (
            {"models": [{"name": "a/b", "colour": 1}]},
            r"models\[0\]: there is no key 'colour'; there are name, as",
        ),
        ({"models": [{"name": "a/b", "train": 3}]}, r"models\[0\].train: expected a mapping, found 3"),
        (
            {"models": [{"name": "a/b", "train": {"epochs": "x"}}]},
            r"models\[0\].train: Invalid value for '--epochs'",
        ),
        (
            {"models": [{"name": "a/b", "evaluate": {"limit": "x"}}]},
            r"models\[0\].evaluate.limit: expected .*, found 'x'",
        ),
        (
            {"models": [{"name": "a/b", "gpus": "two"}]},
            r"models\[0\].gpus: expected a whole number, found 'two'",
        ),
        (
            {"models": [{"name": "a/b", "gpus": -1}]},
            r"models\[0\].gpus: expected a number of at least 0, found -1",
        ),
        ({"models": ["nonesuch"]}, r"models\[0\]: There is no model 'nonesuch'"),
        ({"models": ["scratch:lama-2m"]}, r"models\[0\]: There is no model 'scratch:lama-2m'"),
        ({"models": ["a/b", "c/b"]}, r"models\[1\]: 'b' occurs twice"),
        (
            {"models": [{"name": "a/b", "as": "../x"}]},
            r"models\[0\].as: expected a name for files of up to 100 letters",
        ),
        ({"controls": ["wait"]}, r"controls\[0\]: expected a mapping, found 'wait'"),
        ({"controls": [{}]}, r"controls\[0\]: expected a mapping that is not empty"),
        (
            {"controls": [{"colour": 1}]},
            r"controls\[0\].colour: a key must be one of think_budget, answer_text",
        ),
        ({"controls": [{"budget_forcing": -1}]}, r"controls\[0\]: budget_forcing must be a whole number"),
        ({"controls": [{"budget_forcing": [1]}]}, r"controls\[0\].budget_forcing"),
        (
            {"controls": [{"steer": "x", "steer_kind": "realization"}]},
            "a direction is fitted to a trained model",
        ),
        ({"controls": [{"think_budget": 9, "answer_text": "So, it is"}]}, "can have neither a comma nor ="),
        ({"controls": [{"budget_forcing": 0}]}, r"controls\[0\]: this changes nothing"),
        (
            {"controls": [{"budget_forcing": 2}, {"budget_forcing": "2"}]},
            r"controls\[1\]: this is there twice \(wait2\)",
        ),
        (
            {"controls": [{"budget_forcing": 1, "forcing_text": text} for text in ("Let me", "Let-me")]},
            "is there twice",
        ),
        (
            {"controls": [{"budget_forcing": 2}]},
            "these need evaluate: {model: style-hf} or vllm; tiny is evaluated with hf",
        ),
        ({"probes": 3}, "probes: expected a mapping, found 3"),
        ({"probes": {"out": "x"}}, "probes.out: the study itself gives --out to stylerep probe"),
        ({"probes": {"n": 0}}, "probes: Invalid value for '--n'"),
        ({"probes": {"probes": "magic"}}, "probes: There is no probe 'magic'"),
        (
            {"probes": {}, "models": [{"name": "a/b", "evaluate": {"model": "vllm"}}]},
            "these need evaluate: {model: style-hf} or hf; b is evaluated with vllm",
        ),
        (
            {"learnability": {"colour": 1}},
            "learnability.colour: stylerep learnability has no option --colour",
        ),
    ],
)
def test_a_wrong_study_file_is_refused_by_key(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_study(write_study(tmp_path, "org/model", **change))


@pytest.mark.parametrize(
    "change",
    [
        {"n": 2**62, "seeds": [2**62, -1], "data_seed": -3},
        {"margin": 0.5, "style": {"trace_words": 10, "pivot_density": 2.5}},
        {
            "train": {
                "epochs": 1,
                "learning-rate": 1.0e-3,
                "plain": True,
                "gradient-checkpointing": False,
                "method": "full",
            }
        },
        {
            "evaluate": {
                "tasks": "style_arith,style_chain",
                "limit": 0.5,
                "batch-size": "auto:3",
                "metadata": {"a": [1, {"b": None}]},
            }
        },
        {"evaluate": {"tasks": ["style_*", "gsm8k"], "model": "vllm"}},
        {
            "models": [
                "smollm2-135m-instruct",
                {"name": "scratch:llama-2m", "as": 3, "train": None, "evaluate": None, "gpus": 0},
            ]
        },
        {
            "arms": ["shuffle=0.67", "keywords=1", "st"],
            "teach": {"model": "hf", "model_args": "pretrained=a/b", "decontaminate": False},
        },
        {
            "arms": ["st", "st_w", "shuffle=0.5"],
            "teach": {"from": "org/traces:train", "response-field": "text"},
        },
        {"problems": "org/name:train:type=latex", "claims": []},
        {"problems": "none", "arms": ["st"], "teach": {"from": "org/traces"}},
    ],
)
def test_what_is_right_is_read(tmp_path: Path, change: dict[str, object]) -> None:
    study_cells(load_study(write_study(tmp_path, "org/model", **{"claims": [], **change})))


def test_switches_are_written_as_commands_take_them(tmp_path: Path) -> None:
    train, teach = {"plain": True, "gradient-checkpointing": False}, {"model": "hf", "decontaminate": False}
    cells = {
        cell.name: cell.command
        for cell in study_cells(
            load_study(write_study(tmp_path, "a/b", train=train, teach=teach, arms=["hc", "st"]))
        )
    }
    assert cells["distill tiny hc 0"][7:-2] == ("--plain",)
    assert "--no-decontaminate" in cells["traces of st"]


def test_files_named_beside_a_study_are_found_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    (tmp_path / "mine.yaml").write_text("epochs: 1\n")
    study = load_study(
        write_study(tmp_path, "a/b", problems="mine.jsonl:question=question", train={"recipe": "mine.yaml"})
    )
    assert study.problems == f"{tmp_path / 'mine.jsonl'}:question=question"
    assert study.train == {"recipe": str(tmp_path / "mine.yaml")}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"arms: [nt\n", "line 2: this is not valid YAML"),
        (b"", "this study file is empty"),
        (b"- a", "expected a mapping, found"),
        (b"n: !!int x", "line 1: 'x' cannot be read as !!int"),
        (b"n: !!float x", "line 1: 'x' cannot be read as !!float"),
        (b"name: !!binary aGk=", "line 1: !!binary is not read here"),
        (
            b"name: !!python/name:os.system x",
            "line 1: !!?.*python/name:os.system is not read here|line 1: tag:.*python/name:os.system",
        ),
        (b"name: 2024-99-99", "cannot be read as !!timestamp"),
        (b"n: " + b"9" * 5000, "cannot be read as !!int"),
        (b"arms: " + b"[" * 2000 + b"]" * 2000, "nested more than 100 levels deep"),
        (BOMB.encode(), "this holds more than 200,000 values"),
        (b"name: a\nname: b", "line 2: the key 'name' stands here a second time"),
        (b"name: a\x07b", "this is not valid YAML"),
        (b"name: \xff", "this is not UTF-8"),
        ("name: a".encode("utf-16"), "this is not UTF-8"),
        (b"name: a\n---\nname: b", "line 2: this is not valid YAML"),
    ],
)
def test_yaml_that_is_no_plain_data_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "study.yaml").write_bytes(content)
    with pytest.raises(StylerepError, match=says) as told:
        load_study(tmp_path / "study.yaml")
    assert len(str(told.value)) < 500


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = write_study(tmp_path, "a/b", claims=[])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_study(path).n == 8


def keys(path: Path) -> dict[str, str]:
    return {cell.name: cell.key for cell in study_cells(load_study(path))}


def test_a_changed_input_renames_only_what_depends_on_it(tmp_path: Path) -> None:
    problems = tmp_path / "problems.jsonl"
    problems.write_text('{"question": "1 + 1?", "answer": "2"}\n')
    first = keys(write_study(tmp_path, "org/model", problems=str(problems), seeds=[0, 1]))
    assert len(first) == 1 + 2 * 2 + 1 + 2 * 2
    assert keys(tmp_path / "study.yaml") == first

    def changed(**changes: object) -> set[str]:
        now = keys(
            write_study(tmp_path, "org/model", **{"problems": str(problems), "seeds": [0, 1], **changes})
        )
        return {name for name in first if now.get(name) != first[name]}

    assert changed(seeds=[0, 1, 2]) == changed(margin=0.1) == set()
    assert changed(evaluate={"tasks": "style_chain"}) == {
        name for name in first if name.startswith("evaluate")
    }
    assert changed(train={"epochs": 2}) == {
        name
        for name in first
        if name not in ("traces", "evaluate model base", "evaluate tiny base") and "base" not in name
    }
    problems.write_text('{"question": "1 + 2?", "answer": "3"}\n')
    assert changed() == {name for name in first if "base" not in name}


def test_models_have_their_own_settings(tmp_path: Path) -> None:
    models = [
        {"name": "org/a", "train": {"rank": 8}},
        {"name": "org/b", "evaluate": {"model": "vllm", "limit": 2}},
    ]
    cells = {
        cell.name: cell.command for cell in study_cells(load_study(write_study(tmp_path, "x", models=models)))
    }
    assert cells["distill a hc 0"][cells["distill a hc 0"].index("--rank") + 1] == "8"
    assert "--rank" not in cells["distill b hc 0"]
    assert "pretrained=org/b,lora_local_path=adapters/b/hc-0" in cells["evaluate b hc 0"]
    assert cells["evaluate b hc 0"][cells["evaluate b hc 0"].index("--limit") + 1] == "2"


def test_arms_are_read_and_traces_probed_by_each_model(tmp_path: Path) -> None:
    change = {"learnability": {"n": 50}, "probes": {}, "arms": ["nt", "sbs", "hc"], "seeds": [3, 4]}
    study = load_study(write_study(tmp_path, "org/m", **change))
    cells = {cell.name: cell for cell in study_cells(study)}
    rows, probes = cells["learnability tiny"], cells["probe tiny"]
    assert " ".join(rows.command) == (
        "learnability data/nt data/sbs data/hc --model org/m --n 50 --out learnability-tiny.parquet --json"
        " learnability-tiny.json"
    )
    assert rows.after == ("traces",)
    assert " ".join(probes.command) == (
        "probe runs/tiny/sbs-3 runs/tiny/hc-3 --html probe-tiny.html --out probe-tiny.parquet --json"
        " probe-tiny.json"
    )
    assert probes.after == ("evaluate tiny sbs 3", "evaluate tiny hc 3")
    plain = study_cells(load_study(write_study(tmp_path / "plain", "org/m", arms=["nt", "sbs", "hc"])))
    assert {cell.kind for cell in plain} == {"data", "distill", "evaluate"}
    estimate = TimeEstimate(study, list(cells.values()), tmp_path)
    assert 15 < estimate.seconds("learnability tiny") < estimate.seconds("distill tiny hc 3") * 20
    assert estimate.seconds("probe tiny") > 15


def test_arms_may_count_a_part_of_what_another_arm_is_taught(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, "org/m", arms=["hc", "hc_on_steps", "sbs_on_answer"]))
    cells = {cell.name: list(cell.command) for cell in study_cells(study)}
    assert "hc,sbs" in cells["traces"]
    trained = cells["distill tiny hc_on_steps 0"]
    assert trained[trained.index("--data") + 1] == "data/hc"
    assert trained[trained.index("--loss-on") + 1] == "steps"
    assert trained[trained.index("--out") + 1] == "adapters/tiny/hc_on_steps-0"
    assert "--loss-on" not in cells["distill tiny hc 0"]
    assert "runs/tiny/sbs_on_answer-0" in cells["evaluate tiny sbs_on_answer 0"]
    with pytest.raises(StylerepError, match="There is no arm 'none' to render"):
        load_study(write_study(tmp_path, "org/m", arms=["none_on_steps"]))


def test_arms_may_be_trained_on_policy_beside_others(tmp_path: Path) -> None:
    teacher = "smollm2-135m-instruct"
    train = {"epochs": 1, "method": "full", "teacher": teacher, "beta": 1, "max-new-tokens": 9}
    models = [{"name": "org/m", "as": "tiny"}, {"name": teacher, "as": "big"}]
    study = load_study(
        write_study(tmp_path, "org/m", arms=["hc", "hc_opd", "hc_on_steps"], train=train, models=models)
    )
    cells = {cell.name: cell for cell in study_cells(study)}
    on_policy, plain = (" ".join(cells[f"distill tiny {arm} 0"].command) for arm in ("hc_opd", "hc"))
    assert "--data data/hc " in on_policy
    assert f"--beta 1 --epochs 1 --max-new-tokens 9 --method opd --teacher {teacher} --out" in on_policy
    assert "--method full" in plain
    assert not any(option in plain for option in ("--teacher", "--beta", "--max-new-tokens"))
    assert cells["distill tiny hc_opd 0"].after == ("model big", "traces")
    assert cells["distill tiny hc 0"].after == ("traces",)
    assert cells["distill big hc_opd 0"].after == ("model big", "traces")
    loaded = {arm: cells[f"evaluate tiny {arm} 0"].command for arm in ("hc_opd", "hc")}
    assert "pretrained=org/m,peft=adapters/tiny/hc_opd-0" in loaded["hc_opd"]
    assert "pretrained=adapters/tiny/hc-0" in loaded["hc"]
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("method: opd\nteacher: org/m\n")
    with pytest.raises(StylerepError, match=r"is of on-policy distillation, which the arm hc is not; name"):
        load_study(write_study(tmp_path, "org/m", arms=["hc"], train={"recipe": str(recipe)}))


def test_every_arm_is_evaluated_as_it_is_and_under_each_control(tmp_path: Path) -> None:
    controls = [
        {"suppress": ["realization", "verification"]},
        {"budget_forcing": 1, "forcing_text": "Let me see"},
    ]
    claims = [{"equivalent": ["hc", "hc+no-realization+no-verification"]}]
    path = write_study(
        tmp_path,
        "org/model",
        evaluate={"tasks": "style_arith", "model": "style-hf"},
        controls=controls,
        claims=claims,
    )
    study = load_study(path)
    assert study.evaluated[:3] == ("base", "base+no-realization+no-verification", "base+wait1(Let me see)")
    cells = {cell.name: cell for cell in study_cells(study)}
    assert len([name for name in cells if name.startswith("evaluate")]) == 3 * 3
    cell = cells["evaluate tiny hc+wait1(Let me see) 0"]
    assert (
        cell.command[cell.command.index("--model_args") + 1]
        == "pretrained=org/model,peft=adapters/tiny/hc-0,budget_forcing=1,forcing_text=Let me see"
    )
    assert (cell.arm, cell.output, cell.after) == (
        "hc+wait1(Let me see)",
        "runs/tiny/hc+wait1-Let-me-see--0/manifest.json",
        ("distill tiny hc 0",),
    )
    suppressing = cells["evaluate tiny base+no-realization+no-verification"].command
    assert (
        suppressing[suppressing.index("--model_args") + 1]
        == "pretrained=org/model,suppress=realization+verification"
    )
    (tmp_path / "plain").mkdir()
    plain = keys(
        write_study(tmp_path / "plain", "org/model", evaluate={"tasks": "style_arith", "model": "style-hf"})
    )
    # controls added later redo nothing
    assert plain.items() <= {name: cell.key for name, cell in cells.items()}.items()


def test_a_study_that_is_stopped_has_whole_seeds(tmp_path: Path) -> None:
    models = ["smollm2-135m-instruct", "gemma3-270m"]
    study = load_study(write_study(tmp_path, "x", models=models, seeds=[0, 1]))
    names = [cell.name for cell in study_cells(study)]
    trained = [name for name in names if name.startswith("distill")]
    half = len(study.arms) * len(models)
    assert [name[-1] for name in trained] == ["0"] * half + ["1"] * half
    for name in trained:  # what is trained is evaluated next
        assert names[names.index(name) + 1] == name.replace("distill", "evaluate")
    assert all(names.index(f"evaluate {model} base") < names.index(trained[0]) for model in models)


def test_the_spread_between_seeds_is_declared_with_the_claims(tmp_path: Path, tiny_model: Path) -> None:
    given = {"arms": ["nt", "sbs", "hc"], "seeds": [0, 1]}
    each = load_study(write_study(tmp_path, tiny_model, **given))
    pooled = load_study(write_study(tmp_path, tiny_model, **given, between_seeds="pooled"))
    assert claims_text(each) == claims_text(pooled).replace("between_seeds: pooled\n", "")
    declared = study_claims(pooled)
    assert declared is not None
    assert declared.between_seeds == "pooled"
    assert [cell.key for cell in study_cells(each)] == [cell.key for cell in study_cells(pooled)]


@pytest.mark.parametrize(
    ("arms", "seeds", "says"),
    [(["nt", "hc"], [0, 1], "here are 2, with 2"), (["nt", "sbs", "hc"], [0], "with 1")],
)
def test_too_few_arms_or_seeds_to_pool_are_refused(
    tmp_path: Path, tiny_model: Path, arms: list[str], seeds: list[int], says: str
) -> None:
    path = write_study(tmp_path, tiny_model, arms=arms, seeds=seeds, between_seeds="pooled")
    with pytest.raises(
        StylerepError, match=rf"between_seeds: it is pooled over 3 trained arms or more.*{says}"
    ):
        load_study(path)
