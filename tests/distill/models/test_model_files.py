"""Models that would run code when they are loaded are refused in a sentence: Python files of their own,
and pickled weights.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from distill.models.loading import load_config, load_model, load_tokenizer
from distill.models.model_files import code_of_models
from distill.models.pretrained import check_adapter, resolve_model
from harness_ext.backends.lm_eval.hf_model import prepare
from harness_ext.backends.lm_eval.models import check_named
from synth.errors import StylerepError

CODE = """
open({ran!r}, "w").close()
from transformers import LlamaConfig, LlamaForCausalLM
class OwnConfig(LlamaConfig):
    model_type = "own-llama"
class OwnModel(LlamaForCausalLM):
    config_class = OwnConfig
"""


@pytest.fixture
def with_code(tiny_model: Path, tmp_path: Path) -> Path:
    """A model of an architecture that transformers does not have,
    with a Python file that says so when it is run.
    """
    folder = tmp_path / "with-code"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {
        "model_type": "own-llama",
        "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"},
        "architectures": ["OwnModel"],
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "own.py").write_text(CODE.format(ran=str(tmp_path / "ran")), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "load",
    [load_config, lambda path: load_model(path, torch.float32), lambda path: prepare({"pretrained": path})],
    ids=["config", "model", "prepare"],
)
def test_code_of_a_model_is_refused(
    with_code: Path, load: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("stdin was asked"))
    with pytest.raises(
        StylerepError,
        match=r"asks to run Python code of its own \(own\.py\), which is not run.*trust_remote_code=True",
    ) as told:
        load(str(with_code))
    assert "\n" not in str(told.value)
    assert not (with_code.parent / "ran").exists()


def test_code_of_a_trusted_model_runs(with_code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(with_code.parent / "modules"))
    with code_of_models(True):
        assert type(load_model(str(with_code), torch.float32)).__name__ == "OwnModel"
    assert (with_code.parent / "ran").exists()
    assert prepare({"pretrained": str(with_code), "trust_remote_code": True}).family.name
    with pytest.raises(StylerepError, match="asks to run Python code"):
        load_config(str(with_code))


def test_a_known_architecture_needs_none_of_the_code_it_brings(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(
        json.dumps(config | {"auto_map": {"AutoModelForCausalLM": "own.OwnModel"}}), encoding="utf-8"
    )
    (folder / "own.py").write_text(CODE.format(ran=str(tmp_path / "ran")), encoding="utf-8")
    assert type(load_model(str(folder), torch.float32)).__name__ == "LlamaForCausalLM"
    assert load_tokenizer(str(folder)) is not None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_model.bin",
        "pytorch_model-00001-of-00002.bin",
        "consolidated.00.pth",
        "model.pt",
        "weights.pkl",
    ],
)
def test_pickled_weights_are_refused(tiny_model: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "m"
    shutil.copytree(tiny_model, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / name)
    assert resolve_model(str(folder)) == str(folder)  # both are there, and safetensors are taken
    (folder / "model.safetensors").unlink()
    with pytest.raises(
        StylerepError, match=rf"its weights are pickled \({name}\).*only safetensors are.*convert it"
    ):
        check_named("hf", {"pretrained": str(folder)})


def test_pickled_adapters_are_refused(tmp_path: Path) -> None:
    (tmp_path / "adapters" / "hc").mkdir(parents=True)
    folder = tmp_path / "adapters" / "hc"
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "training_args.bin").write_bytes(b"x")
    with pytest.raises(
        StylerepError,
        match=r"there are no weights beside adapter_config\.json \(adapter_model\.safetensors\)",
    ):
        check_adapter(folder)
    torch.save({}, folder / "adapter_model.bin")
    with pytest.raises(StylerepError, match=r"its weights are pickled \(adapter_model\.bin\)"):
        check_adapter(folder)


def test_a_pickled_adapter_of_two_parts_of_a_path_is_refused(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("adapters/hc").mkdir(parents=True)
    Path("adapters/hc/adapter_config.json").write_text("{}", encoding="utf-8")
    torch.save({}, "adapters/hc/adapter_model.bin")
    for name, argument in (("hf", "peft"), ("style-hf", "peft"), ("vllm", "lora_local_path")):
        with pytest.raises(StylerepError, match=r"adapter_model\.bin"):
            check_named(name, {"pretrained": str(tiny_model), argument: "adapters/hc"})
