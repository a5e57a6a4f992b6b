"""A student learns from a teacher's scores of what it wrote, to the same result however it is run."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from distill.models.adapter_base import weights_digest
from distill.training.encode import Encoded
from distill.training.opd.settings import OnPolicy
from distill.training.opd.teacher import Teacher
from distill.training.opd.trainer import OnPolicyTrainer
from distill.training.opd.writing import StudentWriter
from distill.training.recipe import Recipe, load_recipe
from distill.training.train import distill
from distill.training.training_options import TrainingOptions
from synth.errors import StylerepError
from synth.progress import current
from tests.conftest import one_sentence
from tests.distill.tiny_families import SHAPES, build

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def teacher(tiny_model: Path, data: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tiny_model`, trained on traces: a model of its own, with the same tokenizer."""
    folder = tmp_path_factory.mktemp("teacher")
    learned = Recipe(epochs=6, batch_size=4, learning_rate=1e-2)
    running = TrainingOptions(merged=folder / "merged")
    distill(str(tiny_model), data["hc"], folder / "adapter", learned, QUIET, running)
    return folder / "merged"


@pytest.fixture(scope="module")
def recipe(teacher: Path) -> Recipe:
    settings = OnPolicy(str(teacher), max_new_tokens=8)
    return Recipe(method="opd", epochs=2, batch_size=4, learning_rate=1e-2, opd=settings)


def changed(recipe: Recipe, **settings: Any) -> Recipe:
    assert recipe.opd
    return replace(recipe, opd=replace(recipe.opd, **settings))


def weights(folder: Path) -> torch.Tensor:
    held = load_file(folder / "adapter_model.safetensors")
    return torch.cat([held[name].flatten() for name in sorted(held)])


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


@pytest.fixture(scope="module")
def made(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return distill(str(tiny_model), data["hc"], tmp_path_factory.mktemp("opd") / "a", recipe, QUIET)


def test_an_adapter_says_what_taught_it(made: Path, teacher: Path) -> None:
    manifest = manifest_of(made)
    assert manifest["arm"] == "hc_opd"
    assert manifest["recipe"]["method"] == "opd"
    told = {"teacher", "teacher_adapter", "beta", "on_policy", "temperature", "max_new_tokens"}
    assert {name: manifest["recipe"][name] for name in told} == {
        "teacher": str(teacher),
        "teacher_adapter": None,
        "beta": 0.5,
        "on_policy": 1.0,
        "temperature": 1.0,
        "max_new_tokens": 8,
    }
    assert manifest["teacher_sha256"] == weights_digest(teacher)
    assert manifest["written_responses"] == 24
    assert 24 <= manifest["written_tokens"] <= 24 * 8 < manifest["train_tokens"]
    card = (made / "README.md").read_text()
    assert "trained on what it wrote itself" in card
    assert f"| teacher | {teacher} |" in card


def test_the_student_comes_nearer_to_its_teacher(
    tiny_model: Path,
    data: dict[str, Path],
    recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losses = []
    original = OnPolicyTrainer.log

    def heard(self: Any, logs: dict[str, float], *more: Any, **named: Any) -> None:
        losses.extend([logs["loss"]] if "loss" in logs else [])
        original(self, logs, *more, **named)

    monkeypatch.setattr(OnPolicyTrainer, "log", heard)
    longer = replace(recipe, epochs=6)
    distill(str(tiny_model), data["nt"], tmp_path / "a", longer, QUIET)
    assert len(losses) == 18
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_a_teacher_that_is_the_student_teaches_nothing(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("adapt", "opd.teacher"):
        monkeypatch.setattr(f"distill.training.{module}.fast_dtype", lambda: torch.float32)
    own = replace(changed(recipe, teacher=str(tiny_model)), epochs=1)
    found = manifest_of(distill(str(tiny_model), data["nt"], tmp_path / "a", own, QUIET))
    assert abs(found["train_loss"]) < 1e-6


def test_the_same_command_gives_the_same_adapter_and_each_setting_another(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, made: Path, tmp_path: Path
) -> None:
    again = distill(str(tiny_model), data["hc"], tmp_path / "again", recipe, QUIET)
    assert torch.equal(weights(again), weights(made))
    others = {
        "beta": changed(recipe, beta=1.0),
        "temperature": changed(recipe, temperature=0.5),
        "rows": changed(recipe, on_policy=0.5),
        "seed": replace(recipe, seed=1),
    }
    for name, other in others.items():
        out = distill(str(tiny_model), data["hc"], tmp_path / name, other, QUIET)
        assert not torch.equal(weights(out), weights(made)), name
    assert manifest_of(tmp_path / "rows")["written_responses"] == 12


def test_without_steps_on_policy_nothing_is_written(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path
) -> None:
    off = changed(recipe, on_policy=0.0)
    found = manifest_of(distill(str(tiny_model), data["nt"], tmp_path / "a", off, QUIET))
    assert (found["written_tokens"], found["written_responses"]) == (0, 0)
    plain = Recipe(epochs=2, batch_size=4, learning_rate=1e-2)
    rows = manifest_of(distill(str(tiny_model), data["nt"], tmp_path / "b", plain, QUIET))
    assert found["train_tokens"] == rows["train_tokens"]


def test_parts_and_padding_change_nothing(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("adapt", "opd.teacher"):
        monkeypatch.setattr(f"distill.training.{module}.fast_dtype", lambda: torch.float32)
    mixed = replace(changed(recipe, on_policy=0.5), epochs=1)
    ways = {
        "whole": TrainingOptions(),
        "parts": TrainingOptions(part_tokens=150),
        "plain": TrainingOptions(plain=True),
        "again": TrainingOptions(gradient_checkpointing=True),
    }
    found = {
        name: weights(distill(str(tiny_model), data["hc"], tmp_path / name, mixed, QUIET, way))
        for name, way in ways.items()
    }
    assert found["whole"].abs().max() > 1e-2
    for name in ways:
        torch.testing.assert_close(found[name], found["whole"], rtol=1e-2, atol=2e-4)


def test_an_interrupted_training_goes_on_to_the_same_result(
    tiny_model: Path,
    data: dict[str, Path],
    recipe: Recipe,
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, step, taken = tmp_path / "a", OnPolicyTrainer.training_step, []

    def interrupted(*arguments: Any) -> torch.Tensor:
        taken.append(1)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(OnPolicyTrainer, "training_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        distill(str(tiny_model), data["hc"], out, recipe, QUIET, TrainingOptions(save_steps=2))
    monkeypatch.setattr(OnPolicyTrainer, "training_step", step)
    assert list((tmp_path / "a.unfinished").glob("checkpoint-4/stylerep_checkpoint_is_whole"))
    with pytest.raises(StylerepError, match=r"another temperature \(1.0, not 2.0\).*--restart"):
        distill(str(tiny_model), data["hc"], out, changed(recipe, temperature=2.0), QUIET)
    torch.manual_seed(123)  # what has been drawn before must not count
    distill(str(tiny_model), data["hc"], out, recipe, QUIET)
    assert torch.equal(weights(out), weights(made))
    first, second = manifest_of(made), manifest_of(out)
    assert (first["resumed"], second["resumed"]) == (False, True)
    counts = ("train_tokens", "written_tokens", "written_responses", "ended_responses")
    assert [first[name] for name in counts] == [second[name] for name in counts]
    assert second["train_loss"] == pytest.approx(first["train_loss"], rel=1e-6)


def test_a_teacher_may_have_an_adapter_of_its_own(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, made: Path, tmp_path: Path
) -> None:
    adapter = distill(
        str(tiny_model), data["hc"], tmp_path / "t", Recipe(epochs=4, batch_size=4, learning_rate=1e-2), QUIET
    )
    short = replace(recipe, epochs=0.3)
    own = changed(short, teacher=str(tiny_model), teacher_adapter=str(adapter))
    found = manifest_of(distill(str(tiny_model), data["nt"], tmp_path / "a", own, QUIET))
    assert found["train_loss"] > 1e-4  # not the base by itself, which would teach nothing
    assert found["teacher_adapter_sha256"] == weights_digest(adapter)
    wrong = changed(short, teacher_adapter=str(adapter))
    with pytest.raises(StylerepError, match="this adapter was trained on"):
        distill(str(tiny_model), data["nt"], tmp_path / "b", wrong, QUIET)


@pytest.mark.parametrize("name", ["qwen2_5", "gemma3", "gpt2"])
def test_a_teacher_reads_rows_without_padding_to_the_same_scores(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.opd.teacher.fast_dtype", lambda: torch.float32)
    folder = build(SHAPES[name], tmp_path)
    rows = [Encoded([10, 11, *range(30, end)], 4) for end in (60, 47, 35)]
    settings, device = OnPolicy(str(folder)), torch.device("cpu")
    packed, padded = (Teacher(settings, 150, device, rows[:2], pack) for pack in (True, False))
    assert (packed.packed, padded.packed) == (True, False)
    found = packed.logits(rows)
    assert found.shape == (sum(len(row.labelled) for row in rows), 150)
    torch.testing.assert_close(found, padded.logits(rows), rtol=1e-4, atol=1e-5)


def test_a_student_without_packing_gets_the_scores_of_its_own_tokens(tiny_model: Path) -> None:
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32),
        LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    rows = [Encoded([5, 6, 7, 8, 9], 2), Encoded([5, 9, 11], 1)]
    teacher = Teacher(OnPolicy(str(tiny_model)), 260, torch.device("cpu"), rows, False)
    wanted = [model(torch.tensor([row.input_ids])).logits[0, row.prompt_length - 1 : -1] for row in rows]
    torch.testing.assert_close(teacher.logits(rows).float(), torch.cat(wanted).detach(), rtol=0.1, atol=0.02)


def test_what_is_being_written_is_shown(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, write = [], StudentWriter.write

    def watched(*arguments: Any) -> list[list[int]]:
        found = write(*arguments)
        shown = current()
        assert shown
        seen.append((shown.label, shown.done, shown.total))
        assert shown.done == sum(map(len, found))
        return found

    monkeypatch.setattr(StudentWriter, "write", watched)
    out = io.StringIO()
    console = Console(file=out, width=200)
    distill(str(tiny_model), data["nt"], tmp_path / "a", replace(recipe, epochs=0.7), console)
    assert [label for label, _, _ in seen] == [f"step {step} of 2: writing 4 responses" for step in (1, 2)]
    assert [total for _, _, total in seen] == [4 * 8] * 2
    assert f"and its teacher {recipe.opd.teacher if recipe.opd else ''}" in out.getvalue()
    assert "2/2 steps, loss " in out.getvalue()
    assert f"{seen[0][1]:,} tokens written, " in out.getvalue()


def test_steps_on_policy_are_spread_evenly() -> None:
    for share, wanted in ((0.0, 0), (0.25, 25), (0.29, 29), (0.5, 50), (1.0, 100)):
        steps = [OnPolicy("t", on_policy=share).writes(step) for step in range(100)]
        assert sum(steps) == wanted
        assert all(sum(steps[start : start + 10]) - 10 * share <= 1 for start in range(90))


def test_the_teacher_counts_for_memory(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.memory.available_bytes", lambda: 4e9)
    monkeypatch.setattr("distill.training.train.check_teacher", lambda *_: (260, 9e9))
    with pytest.raises(StylerepError, match=r"needs about 10 GB .* a smaller teacher"):
        distill(str(tiny_model), data["hc"], tmp_path / "a", recipe, QUIET)
    assert not list(tmp_path.iterdir())


def test_another_vocabulary_is_refused(
    tiny_model: Path, data: dict[str, Path], recipe: Recipe, tmp_path: Path, stylerep_here: Callable[..., Any]
) -> None:
    larger = build(SHAPES["llama3"], tmp_path / "larger")
    ordered = tmp_path / "ordered"
    shutil.copytree(tiny_model, ordered)
    tokenizer = json.loads((ordered / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (ordered / "tokenizer.json").write_text(json.dumps(tokenizer))
    number = AutoTokenizer.from_pretrained(tiny_model).get_vocab()["a"]
    for folder, says in ((larger, "tokens, not 258)"), (ordered, f"(its token {number} is 'b', not 'a')")):
        found = stylerep_here(
            "distill", "--model", tiny_model, "--data", data["hc"], "--out", "o", "--method", "opd",
            "--teacher", folder,
        )  # fmt: skip
        line = one_sentence(found)
        assert f"The teacher {folder} has another vocabulary than {tiny_model}" in line
        assert says in line
        assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--method opd needs --teacher"),
        (["--teacher", "nowhere"], "There is no model 'nowhere'"),
        (["--teacher", "."], "this folder holds no config.json"),
        (["--teacher", "TEACHER", "--temperature", "0"], "temperature must be above 0, got 0.0"),
        (["--teacher", "TEACHER", "--temperature", "-1"], "temperature must be above 0, got -1.0"),
        (["--teacher", "TEACHER", "--temperature", "nan"], "temperature must be above 0, got nan"),
        (["--teacher", "TEACHER", "--beta", "1.5"], "beta must be from 0 to 1, got 1.5"),
        (["--teacher", "TEACHER", "--on-policy", "-0.1"], "on-policy must be from 0 to 1, got -0.1"),
        (["--teacher", "TEACHER", "--max-new-tokens", "0"], "max-new-tokens must be a whole number above 0"),
        (["--teacher", "TEACHER", "--loss-on", "steps"], "--loss-on steps is about the rows' own responses"),
        (["--teacher", "TEACHER", "--teacher-adapter", "."], "there is no adapter here"),
        (
            ["--method", "lora", "--teacher", "TEACHER"],
            "--teacher is for on-policy distillation; add --method opd",
        ),
        (["--method", "full", "--max-new-tokens", "9"], "--max-new-tokens is for on-policy distillation"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(
    options: list[str],
    says: str,
    tiny_model: Path,
    teacher: Path,
    data: dict[str, Path],
    tmp_path: Path,
    stylerep_here: Callable[..., CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("distill.training.train.load_tokenizer", lambda _: pytest.fail("something is loaded"))
    given = [str(teacher) if one == "TEACHER" else one for one in options]
    method = [] if "--method" in options else ["--method", "opd"]
    found = stylerep_here(
        "distill", "--model", tiny_model, "--data", data["hc"], "--out", "o", *method, *given
    )
    assert says in one_sentence(found)
    assert not list(tmp_path.iterdir())


def test_a_recipe_may_hold_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("method: opd\nteacher: some/model\nbeta: 0.1\nrank: 4\n")
    found = load_recipe(str(file), {"temperature": 0.7, "beta": None})
    assert found == Recipe(method="opd", rank=4, opd=OnPolicy("some/model", beta=0.1, temperature=0.7))
    with pytest.raises(StylerepError, match="--teacher is for on-policy distillation"):
        load_recipe(str(file), {"method": "lora"})
    file.write_text("method: opd\nteacher: some/model\nbeta: 2\n")
    with pytest.raises(StylerepError, match=r"mine.yaml, line 3: beta: expected a number .*1"):
        load_recipe(str(file))
    assert "teacher" not in Recipe().record()
