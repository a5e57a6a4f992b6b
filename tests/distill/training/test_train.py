import json
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from distill.models.families import model_family
from distill.models.loading import load_config, load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.training.adapt import trained_model
from distill.training.fast.install import Speed, speed_up
from distill.training.memory import needed_bytes
from distill.training.recipe import Recipe
from distill.training.train import distill
from distill.training.trainer import StepTrainer
from distill.training.training_options import TrainingOptions
from synth.errors import StylerepError
from synth.traces.datasets import read_dataset
from tests.distill.tiny_families import SHAPES, build

QUIET = Console(quiet=True)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_file(folder / "adapter_model.safetensors"))


def test_an_adapter_learns_and_says_what_it_was_made_of(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    short = distill(str(tiny_model), data["hc"], tmp_path / "short", Recipe(epochs=1, batch_size=4), QUIET)
    long = distill(str(tiny_model), data["hc"], tmp_path / "long", Recipe(epochs=10, batch_size=4), QUIET)
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (short, long)]
    assert manifests[1]["train_loss"] < manifests[0]["train_loss"]
    assert manifests[0]["arm"] == "hc"
    assert (
        manifests[0]["dataset_fingerprint"]
        == json.loads((data["hc"] / "manifest.json").read_text())["fingerprint"]
    )
    # lm_eval resizes embeddings under an adapter, so none may hold them.
    assert all("lora" in name and "embed" not in name for name in weights(long))


def test_the_same_seed_gives_the_same_adapter_and_another_another(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    one, two, other = (
        weights(
            distill(
                str(tiny_model), data["hc"], tmp_path / name, Recipe(epochs=2, batch_size=4, seed=seed), QUIET
            )
        )
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    # In the number format that is fast here, whichever it is: the same products, in the same order,
    # on the same threads.
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_arms_are_trained_on_the_same_problems_in_the_same_batches(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[list[str]]] = {"nt": [], "hc": []}
    original = StepTrainer.training_step
    tokenizer = load_tokenizer(str(tiny_model))
    questions = [row["question"] for row in read_dataset(data["nt"])[0]]
    for arm, batches in seen.items():

        def record(
            self: Any, model: Any, inputs: dict[str, Any], *args: Any, _batches: list[list[str]] = batches
        ) -> Any:
            (part,) = inputs["parts"]
            texts = [
                tokenizer.decode(ids) for ids in part["input_ids"][0, part["shared"] :].split(part["lengths"])
            ]
            _batches.append([next(question for question in questions if question in text) for text in texts])
            return original(self, model, inputs, *args)

        monkeypatch.setattr(StepTrainer, "training_step", record)
        distill(str(tiny_model), data[arm], tmp_path / arm, Recipe(epochs=2, batch_size=4), QUIET)
    assert seen["nt"] == seen["hc"]
    assert [len(batch) for batch in seen["nt"]] == [4] * 6
    assert sorted(chain(*seen["nt"][:3])) == sorted(questions)
    assert seen["nt"][:3] != seen["nt"][3:]


def test_an_interrupted_training_leaves_the_old_adapter(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(epochs=1, batch_size=4), QUIET)
    before = (out / "adapter_model.safetensors").read_bytes()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StepTrainer, "training_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        distill(str(tiny_model), data["hc"], out, Recipe(epochs=1, batch_size=4, seed=1), QUIET)
    assert (out / "adapter_model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("option", ["epochs", "learning_rate", "batch_size", "rank", "max_length"])
def test_settings_out_of_range_are_refused(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, option: str
) -> None:
    with pytest.raises(StylerepError, match=option.replace("_", "-")):
        distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(**{option: 0}), QUIET)


@pytest.mark.parametrize(
    ("model", "says"), [("nowhere", "There is no model 'nowhere'"), ("/", "no config.json")]
)
def test_a_missing_model_is_refused(data: dict[str, Path], tmp_path: Path, model: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        distill(model, data["hc"], tmp_path / "a", Recipe(), QUIET)


def test_parts_padding_and_checkpointing_change_nothing(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.adapt.fast_dtype", lambda: torch.float32)
    ways = {
        "whole": TrainingOptions(),
        "parts": TrainingOptions(part_tokens=150),
        "plain": TrainingOptions(plain=True),
        "again": TrainingOptions(gradient_checkpointing=True),
    }
    made = {
        name: distill(
            str(tiny_model), data["hc"], tmp_path / name, Recipe(epochs=1, batch_size=6), QUIET, way
        )
        for name, way in ways.items()
    }
    whole = weights(made["whole"])
    assert any(value.abs().max() > 1e-4 for name, value in whole.items() if "lora_B" in name)
    for folder in made.values():
        for name, value in weights(folder).items():
            torch.testing.assert_close(value, whole[name], rtol=1e-3, atol=2e-5)
    assert [json.loads((made[name] / "manifest.json").read_text())["packed"] for name in ways] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_result(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    recipe, console = Recipe(epochs=10, batch_size=2), QUIET
    whole = distill(
        str(tiny_model), data["hc"], tmp_path / "whole", recipe, console, TrainingOptions(save_steps=7)
    )
    # Waits in its eighteenth step, the third after a checkpoint, to be killed.
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom distill.training.recipe import Recipe\nfrom"
        " distill.training.training_options import TrainingOptions\nfrom distill.training.train import"
        " distill\nfrom distill.training.trainer import StepTrainer\nstep, taken = StepTrainer.training_step,"
        " []\ndef waiting(*arguments):\n    taken.append(1)\n    if len(taken) == 18: print('waiting',"
        " flush=True); time.sleep(600)\n    return step(*arguments)\nStepTrainer.training_step ="
        " waiting\nmodel, data, out = sys.argv[1:]\ndistill(model, Path(data), Path(out), Recipe(epochs=10,"
        " batch_size=2), None, TrainingOptions(save_steps=7))\n"
    )
    out, checkpoints = tmp_path / "killed", tmp_path / "killed.unfinished"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tiny_model), str(data["hc"]), str(out)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "waiting\n" in iter(process.stdout.readline, "")
    assert list(checkpoints.glob("checkpoint-14/stylerep_checkpoint_is_whole"))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()

    with pytest.raises(
        StylerepError, match=r"unfinished training with another learning-rate \(0.001, not 0.002\).*--restart"
    ):
        distill(
            str(tiny_model), data["hc"], out, Recipe(epochs=10, batch_size=2, learning_rate=2e-3), console
        )
    distill(str(tiny_model), data["hc"], out, recipe, console)
    one, two = (json.loads((folder / "manifest.json").read_text()) for folder in (whole, out))
    assert (one["resumed"], two["resumed"]) == (False, True)
    assert one["train_loss"] == pytest.approx(two["train_loss"], rel=1e-6)
    # Bit for bit in any number format: a checkpoint holds weights, optimizer and random states whole, and
    # each step computes as it would have.
    for name, value in weights(whole).items():
        torch.testing.assert_close(weights(out)[name], value, rtol=0, atol=0)
    assert not checkpoints.exists()


def test_checkpoints_of_another_training_are_dropped_only_on_demand(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "a.unfinished"
    folder.mkdir()
    (folder / "training.json").write_text("{}")
    (folder / "checkpoint-3").mkdir()
    (folder / "checkpoint-3" / "stylerep_checkpoint_is_whole").touch()
    with pytest.raises(StylerepError, match="--restart"):
        distill(str(tiny_model), data["nt"], tmp_path / "a", Recipe(epochs=1), QUIET)
    distill(
        str(tiny_model), data["nt"], tmp_path / "a", Recipe(epochs=1), QUIET, TrainingOptions(restart=True)
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_full_fine_tuning_makes_a_model(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    out = distill(
        str(tiny_model),
        data["hc"],
        tmp_path / "m",
        Recipe(method="full", epochs=1, batch_size=4, learning_rate=1e-4),
        QUIET,
    )
    model, before = AutoModelForCausalLM.from_pretrained(out), load_model(str(tiny_model), torch.float32)
    assert model.num_parameters() == before.num_parameters()
    assert not torch.equal(model.get_input_embeddings().weight.float(), before.get_input_embeddings().weight)
    assert load_tokenizer(str(out))("12")["input_ids"] == load_tokenizer(str(tiny_model))("12")["input_ids"]


def test_dora_trains_magnitudes_too(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    out = distill(
        str(tiny_model), data["hc"], tmp_path / "d", Recipe(method="dora", epochs=1, batch_size=4), QUIET
    )
    assert any("magnitude" in name for name in weights(out))
    assert json.loads((out / "manifest.json").read_text())["fused_groups"] == 0


def test_qlora_without_bitsandbytes_is_refused(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.utils.is_bitsandbytes_available", lambda: False)
    with pytest.raises(StylerepError, match="pip install bitsandbytes"):
        distill(str(tiny_model), data["hc"], tmp_path / "q", Recipe(method="qlora"), QUIET)


def test_qlora_trains_an_adapter_beside_weights_of_4_bits(data: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason='needs pip install "stylerep[qlora]"')
    # Sizes that bitsandbytes can bring into its form for evaluation on processors,
    # which has no gradient and does not go back to the same.
    sizes = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 64}
    model = str(
        build(replace(SHAPES["llama3"], config={**SHAPES["llama3"].config, **sizes}), tmp_path / "model")
    )
    recipe = Recipe(method="qlora", epochs=3, batch_size=4)
    adapted = trained_model(model, recipe, model_family(load_config(model), load_tokenizer(model)))
    speed = speed_up(adapted, [list(range(5, 60)), list(range(7, 50))])
    assert speed == Speed(packed=True, notes=speed.notes)
    assert (
        [note for note in speed.notes if "none of its adapted layers is a plain LoRA" in note]
        == speed.notes
        != []
    )
    states = [module.weight.quant_state for module in adapted.modules() if hasattr(module, "quant_state")]
    assert len(states) == 14
    assert not any(getattr(state, "packing_format_for_cpu", False) for state in states)
    short = distill(model, data["hc"], tmp_path / "short", replace(recipe, epochs=1), QUIET)
    long = distill(
        model, data["hc"], tmp_path / "long", recipe, QUIET, TrainingOptions(merged=tmp_path / "merged")
    )
    plain = distill(
        model,
        data["hc"],
        tmp_path / "plain",
        recipe,
        QUIET,
        TrainingOptions(plain=True, gradient_checkpointing=True),
    )
    lora = distill(model, data["hc"], tmp_path / "lora", replace(recipe, method="lora"), QUIET)
    first, last, padded, other = (
        json.loads((folder / "manifest.json").read_text()) for folder in (short, long, plain, lora)
    )
    assert (last["packed"], last["fused_groups"]) == (True, 0)
    assert last["train_loss"] < first["train_loss"]
    assert last["train_loss"] == pytest.approx(padded["train_loss"], rel=1e-3)
    assert last["train_loss"] == pytest.approx(other["train_loss"], rel=2e-2)
    assert weights(long).keys() == weights(lora).keys()
    assert all(value.dtype == torch.float32 and value.abs().max() > 0 for value in weights(long).values())
    # The merged model holds the model's own weights, not those of 4 bits.
    ids = torch.tensor([[5, 60, 70, 80]])
    wanted = PeftModel.from_pretrained(load_model(model, torch.float32), str(long))(ids).logits
    torch.testing.assert_close(
        load_model(str(tmp_path / "merged"), torch.float32)(ids).logits, wanted, rtol=2e-2, atol=2e-2
    )


def test_a_merged_model_computes_what_the_adapter_does(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    out = distill(
        str(tiny_model),
        data["hc"],
        tmp_path / "a",
        Recipe(epochs=5, batch_size=4),
        QUIET,
        TrainingOptions(merged=tmp_path / "merged"),
    )
    base = load_model(str(tiny_model), torch.float32)
    ids = torch.tensor([[5, 60, 70, 80]])
    plain = base(ids).logits
    adapted = PeftModel.from_pretrained(base, str(out))(ids).logits
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32)(ids).logits
    assert (adapted - plain).abs().max() > 1e-3
    torch.testing.assert_close(merged, adapted, rtol=2e-2, atol=2e-2 * (adapted - plain).abs().max().item())


def test_rows_are_left_out(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    ids = [row["id"] for row in read_dataset(data["hc"])[0]]
    out = distill(
        str(tiny_model), data["hc"], tmp_path / "a", Recipe(epochs=1, batch_size=4), QUIET, None, ids[:5]
    )
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["rows_left_out"] == sorted(ids[:5])
    whole = json.loads(
        (
            distill(str(tiny_model), data["hc"], tmp_path / "b", Recipe(epochs=1, batch_size=4), QUIET)
            / "manifest.json"
        ).read_text()
    )
    assert manifest["train_tokens"] < whole["train_tokens"]
    with pytest.raises(StylerepError, match="no rows are left"):
        distill(str(tiny_model), data["hc"], tmp_path / "c", Recipe(), QUIET, None, ids)


def test_the_card_says_what_it_is(tiny_model: Path, data: dict[str, Path], tmp_path: Path) -> None:
    out = distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(epochs=1, batch_size=4), QUIET)
    card = (out / "README.md").read_text()
    assert card.startswith(f'---\nbase_model: "{tiny_model}"\nlibrary_name: "peft"\n')
    assert "| learning rate | 0.001 |" in card
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
    ]


def test_a_training_that_memory_cannot_hold_is_refused_before_it_begins(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distill.training.memory.available_bytes", lambda: 1e8)
    with pytest.raises(
        StylerepError,
        match=r"needs about \d+ GB of memory, and 0 GB are free; try .*--gradient-checkpointing",
    ):
        distill(str(tiny_model), data["hc"], tmp_path / "a", Recipe(), QUIET)
    assert not list(tmp_path.iterdir())


def test_weights_of_4_bits_and_weights_shared_out_need_less() -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(
        vocab_size=128_000,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    full, shared, lora, qlora = (
        needed_bytes(config, Recipe(method=method), 500, 500, True, shards)[0]
        for method, shards in (("full", 1), ("full", 4), ("lora", 1), ("qlora", 1))
    )
    assert full - shared == pytest.approx(0.75 * 16 * 8.03e9, rel=1e-2)
    # Embeddings and the output layer, 1 of 8 billion parameters, are not quantised.
    assert lora - qlora == pytest.approx(6.98e9 * (fast_dtype().itemsize - 0.52), rel=1e-2)


def test_what_holds_no_checkpoint_stands_in_nobodys_way(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(StylerepError, match="transformers refuses these settings: nosuch is not supported"):
        distill(
            str(tiny_model),
            data["nt"],
            tmp_path / "a",
            Recipe(epochs=2),
            QUIET,
            TrainingOptions(report_to=["nosuch"]),
        )
    distill(str(tiny_model), data["nt"], tmp_path / "a", Recipe(epochs=1), QUIET)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
