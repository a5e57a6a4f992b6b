from pathlib import Path

import pytest
import torch

from distill.models.loading import load_config, load_model, load_tokenizer
from distill.models.pretrained import resolve_model
from distill.models.pull import pull
from synth.errors import StylerepError

NAME = "smollm2-135m-instruct"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLEREP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_pulled_model_is_what_it_should_be(real_model: str) -> None:
    config = load_config(real_model)
    assert (config.model_type, config.num_hidden_layers, config.hidden_size, config.vocab_size) == (
        "llama",
        30,
        576,
        49152,
    )
    model, tokenizer = load_model(real_model, torch.float32), load_tokenizer(real_model)
    text = "The capital of France is Paris. The capital of Italy is"
    with torch.no_grad():
        next_token = model(**tokenizer(text, return_tensors="pt")).logits[0, -1].argmax()
    assert tokenizer.decode(next_token) == " Rome"


def test_a_model_not_pulled_says_how_to_pull_it(empty_cache: Path) -> None:
    with pytest.raises(StylerepError, match=f"stylerep models pull {NAME}"):
        resolve_model(NAME)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(StylerepError, match=NAME):
        pull("gpt-7")


@pytest.mark.parametrize("model", ["owner/model", "HuggingFaceTB/SmolLM2-135M"])
def test_hub_ids_are_passed_on(model: str) -> None:
    assert resolve_model(model) == model


def test_a_hub_model_that_cannot_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StylerepError, match="owner/model cannot be loaded"):
        load_config("owner/model")
