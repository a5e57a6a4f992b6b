"""GGUF files become what transformers itself makes of them, bit for bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from distill.models.from_gguf.convert import convert
from distill.models.loading import load_model
from tests.distill.tiny_gguf import tiny_model, write_gguf

ARCHITECTURES = ("llama", "qwen2", "gemma3")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def converted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, Any]:
    """The GGUF file of a tiny model, the folder made of it, and the model."""
    folder = tmp_path_factory.mktemp(request.param)
    model = tiny_model(request.param, tied=request.param == "gemma3")
    gguf = write_gguf(folder / "tiny.gguf", request.param, model)
    (folder / "out").mkdir()
    convert(gguf, folder / "out", tied=False)
    return gguf, folder / "out", model


def test_weights_and_logits_are_the_models_own(converted: tuple[Path, Path, Any]) -> None:
    _, folder, model = converted
    loaded = load_model(str(folder), torch.float32)
    theirs, ours = model.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    ids = torch.arange(24).reshape(1, -1)
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, model(ids).logits)


def test_transformers_makes_the_same_of_the_file(converted: tuple[Path, Path, Any]) -> None:
    gguf, folder, _ = converted
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    reference, ours = theirs.state_dict(), load_file(folder / "model.safetensors")
    assert ours.keys() == reference.keys() - (
        {"lm_head.weight"} if theirs.config.tie_word_embeddings else set()
    )
    assert [name for name in ours if not torch.equal(ours[name], reference[name].to(torch.bfloat16))] == []
    made = load_model(str(folder), torch.float32).config.to_dict()
    for name, value in theirs.config.to_dict().items():
        if name not in ("_name_or_path", "quantization_config", "architectures", "dtype", "unk_token_id"):
            assert made[name] == value, name


def test_the_file_is_laid_out_as_safetensors_does_it(
    converted: tuple[Path, Path, Any], tmp_path: Path
) -> None:
    _, folder, _ = converted
    load_model(str(folder), torch.bfloat16).save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
