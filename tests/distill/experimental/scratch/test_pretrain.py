"""Models trained from nothing: their shapes, a training of a few steps, what is kept of it,
and their use with the rest.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import torch
from rich.console import Console

from distill.experimental.scratch import batches, pretrain
from distill.experimental.scratch.names import listed, scratch_model
from distill.experimental.scratch.new_model import new_model, parameters
from distill.experimental.scratch.pretrain import pull_scratch
from distill.experimental.scratch.shapes import ARCHITECTURES, SIZES
from distill.experimental.scratch.tokenizer import END_OF_TURN, VOCABULARY, chat_prompt
from distill.models.cache import MANIFEST
from distill.models.loading import load_model, load_tokenizer
from distill.models.pretrained import pulled_folder, resolve_model
from distill.models.pull import pull
from distill.training.recipe import Recipe
from distill.training.train import distill
from distill.training.unfinished import unfinished_folder
from harness_ext.backends.lm_eval import evaluate
from harness_ext.runs.run_folder import sample_files
from synth.errors import StylerepError
from synth.traces.synthesis import synth
from tests.conftest import one_sentence

QUIET = Console(quiet=True)
TOKENS = 6000


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Steps of few tokens and one thread, on which the bytes depend."""
    monkeypatch.setattr(batches, "STEP_TOKENS", 512)
    monkeypatch.setattr(batches, "GROUP_STEPS", 4)
    monkeypatch.setattr(pretrain, "GROUP_STEPS", 4)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLEREP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize("size", list(SIZES))
def test_all_architectures_of_a_size_have_as_many_parameters(size: str) -> None:
    counts = [parameters(architecture, size) for architecture in ARCHITECTURES]
    assert max(counts) < 1.02 * min(counts)
    assert float(size.removesuffix("m")) == pytest.approx(min(counts) / 1e6, rel=0.1)


def test_architectures_differ_as_the_published_ones_do() -> None:
    llama, qwen3, gemma3, neox = (new_model(architecture, "2m", 0) for architecture in ARCHITECTURES)
    assert [type(model).__name__ for model in (llama, qwen3, gemma3, neox)] == [
        "LlamaForCausalLM",
        "Qwen3ForCausalLM",
        "Gemma3ForCausalLM",
        "GPTNeoXForCausalLM",
    ]
    names = [" ".join(name for name, _ in model.named_parameters()) for model in (llama, qwen3, gemma3, neox)]
    assert [("q_norm" in one, "pre_feedforward" in one, "bias" in one) for one in names] == [
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (False, False, True),
    ]
    assert all(
        model.config.num_key_value_heads < model.config.num_attention_heads
        for model in (llama, qwen3, gemma3)
    )
    assert set(gemma3.config.layer_types) == {"sliding_attention", "full_attention"}
    assert neox.config.use_parallel_residual
    assert neox.config.rope_parameters["partial_rotary_factor"] == 0.25


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_learns_and_is_known_by_its_recipe(architecture: str, cache: Path) -> None:
    model = scratch_model(f"scratch:{architecture}-2m:tokens={TOKENS}")
    with pytest.raises(StylerepError, match=rf"run: stylerep models pull {model.name}$"):
        resolve_model(model.name)
    folder = pull_scratch(model, QUIET)
    assert str(folder) == resolve_model(model.name)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    manifest = json.loads((folder / MANIFEST).read_text())
    assert (manifest["name"], manifest["recipe"]["tokens"], manifest["record"]["steps"]) == (
        model.name,
        TOKENS,
        12,
    )
    curve = manifest["record"]["loss_curve"]
    assert curve[-1] < 0.9 * curve[0]
    assert any(line.startswith(f"{model.name} ") and line.endswith(str(folder)) for line in listed())
    assert pulled_folder(f"scratch:{architecture}-2m:tokens={TOKENS + 1}") is None
    with pytest.raises(StylerepError):
        resolve_model(f"scratch:{architecture}-2m:tokens={TOKENS}:seed=1")
    before = (folder / MANIFEST).stat().st_mtime_ns
    assert pull(model.name) == folder
    assert (folder / MANIFEST).stat().st_mtime_ns == before


def test_a_killed_training_goes_on_with_the_same_result(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = scratch_model(f"scratch:llama-2m:tokens={TOKENS}")
    whole = pull_scratch(model, QUIET)
    monkeypatch.setenv("STYLEREP_CACHE", str(cache.parent / "other"))
    real, asked = pretrain.group_batches, []

    def killed(tokenizer: Any, seed: int, group: int, *rest: Any) -> Any:
        asked.append(group)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return real(tokenizer, seed, group, *rest)

    monkeypatch.setattr(pretrain, "group_batches", killed)
    with pytest.raises(KeyboardInterrupt):
        pull_scratch(model, QUIET, save_minutes=0)
    assert model.trained_folder() is None
    assert not model.folder().exists()
    with pytest.raises(StylerepError, match="stylerep models pull"):
        resolve_model(model.name)
    resumed = pull_scratch(model, QUIET)
    assert asked == [0, 1, 1, 2]
    # in any number format: the checkpoint is whole, and steps are the same products in the same order
    assert weights(resumed) == weights(whole)
    assert json.loads((resumed / MANIFEST).read_text())["record"]["resumed"]
    assert not unfinished_folder(resumed).exists()


def test_a_broken_checkpoint_is_begun_anew(cache: Path) -> None:
    model = scratch_model("scratch:llama-2m:tokens=1000")
    unfinished = unfinished_folder(model.folder())
    unfinished.mkdir(parents=True)
    (unfinished / "checkpoint.pt").write_bytes(b"PK\x03\x04 half")
    assert not json.loads((pull_scratch(model, QUIET) / MANIFEST).read_text())["record"]["resumed"]


def test_a_seed_makes_another_model(cache: Path) -> None:
    one, other = (pull_scratch(scratch_model("scratch:llama-2m", seed, 1000), QUIET) for seed in (0, 1))
    assert weights(one) != weights(other)


@pytest.mark.parametrize("size", ["10m", "30m"])
def test_larger_models_train_too(size: str, cache: Path) -> None:
    folder = pull_scratch(scratch_model(f"scratch:qwen3-{size}", tokens=1024), QUIET)
    assert json.loads((folder / MANIFEST).read_text())["record"]["steps"] == 2


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "scratch:lama-2m",
            "named scratch:ARCHITECTURE-SIZE, of llama, qwen3, gemma3, gpt_neox and 2m, 5m, 10m, 30m",
        ),
        ("scratch:llama-3m", "ARCHITECTURE-SIZE"),
        ("scratch:llama", "ARCHITECTURE-SIZE"),
        ("scratch:", "ARCHITECTURE-SIZE"),
        ("scratch:llama-2m:seed=x", "seed is a whole number, found 'x'"),
        ("scratch:llama-2m:sed=1", "there is no option 'sed'"),
        ("scratch:llama-2m:tokens=many", "tokens is a whole number, found 'many'"),
        ("scratch:llama-2m:sources=chain+maths", "there is no source 'maths'"),
        ("scratch:llama-2m:sources=+", "there is no source ''"),
        ("scratch:llama-2m:tokens=0", "tokens must be 1 or more"),
    ],
)
def test_wrong_names_are_told(name: str, says: str) -> None:
    for use in (resolve_model, pull):
        with pytest.raises(StylerepError, match=says):
            use(name)


def test_options_of_training_are_refused_for_other_models(
    stylerep: Callable[..., CompletedProcess[str]],
) -> None:
    assert "scratch:" in one_sentence(stylerep("models", "pull", "smollm2-135m-instruct", "--seed", "1"))


def test_generation_stops_at_the_end_of_turn(cache: Path) -> None:
    name = "scratch:llama-2m:tokens=1000"
    pull_scratch(scratch_model(name), QUIET)
    model, tokenizer = load_model(name, torch.float32), load_tokenizer(name)
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    with torch.no_grad():  # a model that says one thing: the end of its turn
        output = torch.nn.Linear(model.config.hidden_size, VOCABULARY)
        output.weight.zero_()
        output.bias.copy_(torch.nn.functional.one_hot(torch.tensor(end), VOCABULARY) * 9.0)
        model.set_output_embeddings(output)
        ids = tokenizer(chat_prompt("What is 3 + 4?"), return_tensors="pt")["input_ids"]
        assert model.generate(ids, max_new_tokens=5, do_sample=False)[0, ids.shape[1] :].tolist() == [end]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_adapters_are_distilled_and_evaluated(architecture: str, cache: Path, tmp_path: Path) -> None:
    name = f"scratch:{architecture}-2m:tokens=1000"
    pull_scratch(scratch_model(name), QUIET)
    data = synth(
        "arith:train:min_steps=1:max_steps=1", ["hc"], tmp_path / "data", n=8, dials={"trace_words": 10}
    )["hc"]
    adapter = distill(name, data, tmp_path / "adapter", Recipe(epochs=1, batch_size=4), QUIET)
    assert json.loads((adapter / "manifest.json").read_text())["family"] == f"scratch_{architecture}"
    run = evaluate(
        f"--model hf --model_args pretrained={name},peft={adapter} --tasks style_arith --limit 2 --gen_kwargs"
        f" max_gen_toks=4 --output_path {tmp_path / 'run'}".split()
    )
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["base_model"], manifest["family"]) == (name, f"scratch_{architecture}")
    assert (
        manifest["base_sha256"] == json.loads((scratch_model(name).folder() / MANIFEST).read_text())["sha256"]
    )
    sample = json.loads(next(iter(sample_files(run).values())).read_text(encoding="utf-8").splitlines()[0])
    assert sample["arguments"]["gen_args_0"]["arg_0"] == chat_prompt(sample["doc"]["prompt"])


def test_sources_are_part_of_name_and_recipe_in_one_order() -> None:
    one = scratch_model("scratch:llama-2m:sources=kg+chain")
    assert one.name == "scratch:llama-2m:sources=chain+kg"
    assert one == scratch_model(one.name)
    assert one.folder() != scratch_model("scratch:llama-2m").folder()
    assert scratch_model("scratch:llama-2m:sources=arith+chain+kg+kinship").name == "scratch:llama-2m"
