"""Fits from a model, an adapter and data sets: what is refused, and that nothing half made is left."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

import stylerep
from distill.crosscoder import fit
from distill.crosscoder.fit import CrosscodeSettings, crosscode
from distill.crosscoder.fitting import FitSettings
from distill.models.loading import load_model, load_tokenizer
from synth.errors import StylerepError
from tests.distill.planted_adapter import plant
from tests.distill.tiny_families import SHAPES, build

SETTINGS = CrosscodeSettings(
    layers=(0, 1), features=32, tokens=900, passes=2, batch=128, buffer=500, fit=FitSettings(k=4)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, an adapter that adds a direction, and data sets of two arms."""
    folder = tmp_path_factory.mktemp("fit")
    torch.manual_seed(0)
    build(SHAPES["llama3"], folder / "model")
    tokens = load_tokenizer(str(folder / "model"))("=", add_special_tokens=False)["input_ids"]
    plant(folder / "model", folder / "adapter", tokens, 1.0, 0)
    stylerep.synthesize("arith:train:max_steps=2", ["hc", "hc_np"], folder / "data", 30)
    return folder


def _fit(folder: Path, out: Path, settings: CrosscodeSettings = SETTINGS) -> None:
    data = [folder / "data" / arm for arm in ("hc", "hc_np")]
    crosscode(str(folder / "model"), folder / "adapter", data, out, settings)


def test_the_same_seed_writes_the_same_weights_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> bytes:
        _fit(folder, tmp_path / name, replace(SETTINGS, seed=seed))
        return (tmp_path / name / "crosscoder.safetensors").read_bytes()

    first = weights("a", 0)
    assert weights("b", 0) == first
    assert weights("b", 1) != first  # and replaces the folder
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b"]


def test_a_fit_that_ends_early_leaves_what_was_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "save_crosscoder", stop)
    with pytest.raises(KeyboardInterrupt):
        _fit(folder, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_replaced(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StylerepError, match=r"holds something other than a crosscoder"):
        _fit(folder, tmp_path)


def test_an_adapter_that_changes_nothing_is_refused(folder: Path, tmp_path: Path) -> None:
    model = load_model(str(folder / "model"), torch.float32)
    get_peft_model(model, LoraConfig(r=1, target_modules=["q_proj"])).save_pretrained(tmp_path / "none")
    with pytest.raises(StylerepError, match="The adapter changes nothing in what layer 0, 1 puts out"):
        crosscode(
            *(str(folder / "model"), tmp_path / "none", [folder / "data" / "hc"], tmp_path / "out"),
            SETTINGS,
        )


def test_too_few_rows_are_refused(folder: Path, tmp_path: Path) -> None:
    stylerep.synthesize("arith:train:max_steps=2", ["hc"], tmp_path / "few", 5)
    with pytest.raises(StylerepError, match="hold 5 rows"):
        crosscode(
            *(str(folder / "model"), folder / "adapter", [tmp_path / "few" / "hc"], tmp_path / "out"),
            SETTINGS,
        )
