"""An adapter on another base than its own is refused in a sentence,
by digest where its manifest has one, else by shape.
"""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from distill.models.adapter_base import BASE, check_base, weights_digest
from distill.training.merge import merge
from harness_ext.backends.lm_eval import evaluate
from harness_ext.backends.lm_eval.sampling import Decoding, Sampler
from synth.errors import StylerepError


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of the tiny model, as peft writes one."""
    folder = tmp_path_factory.mktemp("adapter") / "hc"
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    get_peft_model(
        model, LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def retrained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the shapes of the tiny one, with other weights."""
    folder = tmp_path_factory.mktemp("retrained") / tiny_model.name
    shutil.copytree(tiny_model, folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    with torch.no_grad():
        model.lm_head.weight[0, 0] += 1
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def wider(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the same architecture that is wider."""
    folder = tmp_path_factory.mktemp("wider") / "wide"
    shutil.copytree(tiny_model, folder)
    config = LlamaConfig.from_pretrained(tiny_model)
    config.update({"hidden_size": 48, "intermediate_size": 80})
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def with_manifest(adapter: Path, folder: Path, base: Path) -> Path:
    shutil.copytree(adapter, folder)
    manifest = {BASE: weights_digest(base), "base_model": "the-base", "arm": "hc", "seed": 0}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_the_base_of_the_digest_is_taken_wherever_it_lies(
    adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    own = with_manifest(adapter, tmp_path / "hc", tiny_model)
    assert check_base(own, str(tiny_model)) is None
    shutil.copytree(tiny_model, tmp_path / "moved")
    assert check_base(own, str(tmp_path / "moved")) is None


def test_another_digest_is_refused_by_all_that_load_an_adapter(
    adapter: Path, tiny_model: Path, retrained: Path, tmp_path: Path
) -> None:
    own = with_manifest(adapter, tmp_path / "hc", tiny_model)
    sentence = r"this adapter was trained on the-base, whose weights have the SHA-256 [0-9a-f]{12}…, and those of .* have [0-9a-f]{12}…"  # noqa: E501
    with pytest.raises(StylerepError, match=sentence) as told:
        check_base(own, str(retrained))
    assert "\n" not in str(told.value)
    with pytest.raises(StylerepError, match=sentence):
        merge(str(retrained), own, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    for name in ("hf", "style-hf"):
        arguments = [
            "--model",
            name,
            "--model_args",
            f"pretrained={retrained},peft={own}",
            "--tasks",
            "style_arith",
            "--limit",
            "1",
        ]
        with pytest.raises(StylerepError, match=sentence):
            evaluate([*arguments, "--output_path", str(tmp_path / "run")])
        with pytest.raises(StylerepError, match=sentence):
            Sampler(name, {"pretrained": str(retrained), "peft": str(own)}, Decoding(0, 8))


def test_without_a_digest_shapes_and_names_are_looked_at(
    adapter: Path, tiny_model: Path, retrained: Path, wider: Path
) -> None:
    assert check_base(adapter, str(tiny_model)) is None
    assert check_base(adapter, str(retrained)) is None  # a model of the same name
    with pytest.raises(
        StylerepError,
        match=r"does not fit .*wide: of model\.layers\.0\.\S+, it has \d+ (inputs|outputs), and the model's weight is of",  # noqa: E501
    ):
        check_base(adapter, str(wider))


def test_another_name_is_told_where_shapes_fit(adapter: Path, retrained: Path, tmp_path: Path) -> None:
    shutil.copytree(retrained, tmp_path / "somebody-elses")
    note = check_base(adapter, str(tmp_path / "somebody-elses"))
    assert note
    assert "it names no digest of its base, and its shapes fit, so it is taken" in note


def test_an_adapter_of_another_architecture_is_refused(
    adapter: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path / "gpt2"
    shutil.copytree(tiny_model, folder)
    GPT2LMHeadModel(GPT2Config(vocab_size=260, n_embd=32, n_layer=2, n_head=2)).save_pretrained(folder)
    with pytest.raises(StylerepError, match=r"does not fit .*gpt2, which has no weight model\.layers"):
        check_base(adapter, str(folder))


def test_an_adapter_of_gpt2_fits_gpt2(tiny_model: Path, tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=260, n_embd=32, n_layer=2, n_head=2))
    shutil.copytree(tiny_model, tmp_path / "gpt2")
    model.save_pretrained(tmp_path / "gpt2")
    get_peft_model(
        model, LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True, task_type="CAUSAL_LM")
    ).save_pretrained(tmp_path / "hc")
    check_base(tmp_path / "hc", str(tmp_path / "gpt2"))


def test_a_file_that_was_cut_off_is_told(adapter: Path, tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(adapter, tmp_path / "hc")
    (tmp_path / "hc" / "adapter_model.safetensors").write_bytes(b"\x10\x00")
    with pytest.raises(
        StylerepError, match=r"adapter_model\.safetensors: this is no safetensors file, or it was cut off"
    ):
        check_base(tmp_path / "hc", str(tiny_model))
