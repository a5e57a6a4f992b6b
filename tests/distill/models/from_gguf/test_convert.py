"""GGUF files become what transformers itself makes of them, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFReader, GGUFWriter, dequantize
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from distill.models.from_gguf.convert import convert
from distill.models.from_gguf.header import read_header
from distill.models.from_gguf.tensors import rows
from distill.models.loading import load_model
from synth.errors import StylerepError
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


def test_a_matrix_that_a_file_holds_twice_is_tied_again_by_the_finer_one(tmp_path: Path) -> None:
    model = tiny_model("qwen2", tied=True)
    finer = torch.randn(model.lm_head.weight.shape).to(torch.bfloat16).float()
    gguf = write_gguf(tmp_path / "tiny.gguf", "qwen2", model, output=finer, quantised=True)
    for tied in (True, False):
        folder = tmp_path / str(tied)
        folder.mkdir()
        convert(gguf, folder, tied=tied)
        made = load_model(str(folder), torch.float32)
        read, written = made.get_input_embeddings().weight, made.get_output_embeddings().weight
        assert torch.equal(written, finer)
        assert torch.equal(read, finer) is tied
        assert made.config.tie_word_embeddings is tied


def test_quantised_rows_are_those_of_the_gguf_package_in_any_order(tmp_path: Path) -> None:
    model = tiny_model("llama")
    header = read_header(write_gguf(tmp_path / "tiny.gguf", "llama", model, quantised=True))
    tensor, theirs = header.tensors["blk.0.ffn_up.weight"], GGUFReader(header.path)
    (stored,) = [one for one in theirs.tensors if one.name == tensor.name]
    whole = torch.from_numpy(dequantize(stored.data, stored.tensor_type))
    assert torch.equal(torch.cat(list(rows(header.path, tensor))), whole)
    order = np.arange(len(whole))[::-1].copy()
    assert torch.equal(torch.cat(list(rows(header.path, tensor, order))), whole.flip(0))
    assert (whole - model.model.layers[0].mlp.up_proj.weight).abs().max() < 1e-2


def test_a_header_is_read_as_the_gguf_package_reads_it(converted: tuple[Path, Path, Any]) -> None:
    header, theirs = read_header(converted[0]), GGUFReader(converted[0])
    fields = {name: field.contents() for name, field in theirs.fields.items() if not name.startswith("GGUF.")}
    assert header.metadata.keys() == fields.keys()
    for name, value in fields.items():
        assert (
            list(header.metadata[name]) == value
            if isinstance(value, list)
            else header.metadata[name] == value
        )
    assert {name: tensor.start for name, tensor in header.tensors.items()} == {
        tensor.name: tensor.data_offset for tensor in theirs.tensors
    }


def broken(gguf: Path, target: Path, change: Callable[[bytearray], bytes | bytearray]) -> Path:
    target.write_bytes(change(bytearray(gguf.read_bytes())))
    return target


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: b"GGML" + content[4:], "no GGUF file .*does not begin with GGUF"),
        (lambda content: content[:4] + b"\x09" + content[5:], "version 9, expected 2 or 3"),
        (lambda content: content[:2000], "it ends within its header"),
        (lambda content: b"", "no GGUF file"),
        (lambda content: content[:-4000], "the file ends within"),
        (
            lambda content: content.replace(b"blk.3.attn_k.weight", b"blk.3.attn_j.weight"),
            "attn_j.weight', unknown",
        ),
        (
            lambda content: content.replace(b"blk.3.attn_k.weight", b"blk.9.attn_k.weight"),
            "it holds no tensor for model.layers.3.self_attn.k_proj.weight",
        ),
        (
            lambda content: content.replace(b"qwen2.rope.freq_base", b"qwen2.rope.freq_bass"),
            "nothing of qwen2.rope",
        ),
    ],
)
def test_a_file_that_is_not_understood_is_refused(
    change: Callable[[bytearray], bytes], says: str, tmp_path: Path
) -> None:
    gguf = write_gguf(tmp_path / "tiny.gguf", "qwen2", tiny_model("qwen2"))
    with pytest.raises(StylerepError, match=says) as error:
        convert(broken(gguf, tmp_path / "broken.gguf", change), tmp_path, tied=False)
    assert "\n" not in str(error.value)


def test_an_architecture_that_is_not_known_is_refused(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "tiny.gguf", "rwkv7")
    writer.add_block_count(1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(StylerepError, match="architecture 'rwkv7'; known are llama, qwen2, gemma3"):
        convert(tmp_path / "tiny.gguf", tmp_path, tied=False)
