"""GGUF files of tiny models with random weights, and wheels that hold parts of them."""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.convert_slow_tokenizer import bytes_to_unicode

from distill.models.from_gguf.architectures import ARCHITECTURES
from distill.models.packaged import PackagedModel, Part

LAYERS, HIDDEN, HEADS, KEY_HEADS = 6, 64, 4, 2
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
QUANTISED = GGMLQuantizationType.Q8_0
PUBLISHED_SETTINGS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "gemma3": {"head_dim": 16, "sliding_window": 8},
}


def byte_level_tokens() -> tuple[list[str], list[int], list[str]]:
    """Tokens, their kinds and merges of a byte-level tokenizer."""
    merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "1 2"]
    tokens = [*bytes_to_unicode().values(), *(merge.replace(" ", "") for merge in merges)]
    kinds = [NORMAL] * len(tokens)
    tokens += ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool>", "[PAD1]"]
    return tokens, [*kinds, CONTROL, CONTROL, CONTROL, USER_DEFINED, UNUSED], merges


def piece_tokens() -> tuple[list[str], list[int], list[float]]:
    """Tokens, their kinds and scores of a tokenizer of pieces."""
    words = "th e the ▁the ▁t an and ▁and 12 ▁1".split()
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,▁"]
    control, own = ["<pad>", "<eos>", "<bos>", "<unk>"], ["\n", "\n\n", "  ", "   "]
    raw = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = [*control, *own, *raw, *words, *letters]
    kinds = [CONTROL] * 4 + [USER_DEFINED] * 4 + [BYTE] * 256 + [NORMAL] * (len(words) + len(letters))
    scores = [-1000.0] * 264 + [float(-number) for number in range(len(words) + len(letters))]
    return tokens, kinds, scores


def tiny_model(architecture: str, tied: bool = False) -> Any:
    """A transformers model of random weights that bfloat16 can hold, of an architecture of GGUF."""
    tokens = piece_tokens()[0] if architecture == "gemma3" else byte_level_tokens()[0]
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        ARCHITECTURES[architecture].model_type,
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=128,
        vocab_size=len(tokens),
        tie_word_embeddings=tied,
        rope_parameters=None if architecture == "gemma3" else {"rope_type": "default", "rope_theta": 5000.0},
        **PUBLISHED_SETTINGS[architecture],
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    for name, values in model.named_parameters():
        drawn = torch.randn_like(values) / 3 if name.endswith(("norm.weight", "bias")) else values
        values.data = drawn.to(torch.bfloat16).float()
    return model


def write_gguf(
    path: Path, architecture: str, model: Any, output: torch.Tensor | None = None, quantised: bool = False
) -> Path:
    """Write a model as llama.cpp's converter does; *output* is an output matrix of the file's own."""
    writer = GGUFWriter(path, architecture)
    config = model.config
    writer.add_context_length(config.max_position_embeddings)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_embedding_length(config.hidden_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if architecture == "gemma3":
        writer.add_key_length(config.head_dim)
        writer.add_sliding_window(config.sliding_window)
        writer.add_rope_freq_base(config.rope_parameters["full_attention"]["rope_theta"])
    else:
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    _add_tokenizer(writer, architecture)
    names = {ARCHITECTURES[architecture].name(name): name for name in _gguf_names(architecture)}
    state = model.state_dict()
    if config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    for name, values in state.items():
        stored = _as_stored(architecture, name, values, config)
        writer_name = names[name]
        if quantised and stored.ndim == 2:
            writer.add_tensor(writer_name, quantize(stored, QUANTISED), raw_dtype=QUANTISED)
        else:
            writer.add_tensor(writer_name, stored)
    if output is not None:
        writer.add_tensor("output.weight", output.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _gguf_names(architecture: str) -> list[str]:
    layer = ARCHITECTURES[architecture].layer
    inner = [f"blk.{n}.{part}.{kind}" for n in range(LAYERS) for part in layer for kind in ("weight", "bias")]
    return ["token_embd.weight", "output_norm.weight", "output.weight", *inner]


def _as_stored(architecture: str, name: str, values: torch.Tensor, config: Any) -> Any:
    array = values.float().numpy()
    if architecture == "gemma3" and name.endswith("norm.weight"):
        array = array + 1
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    if architecture == "llama" and (count := heads.get(name.split(".")[-2])):
        half = array.shape[0] // count // 2
        array = array.reshape(count, 2, half, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
    return np.ascontiguousarray(array, np.float32)


def _add_tokenizer(writer: GGUFWriter, architecture: str) -> None:
    if architecture == "gemma3":
        tokens, kinds, scores = piece_tokens()
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(scores)
        writer.add_unk_token_id(3)
        writer.add_add_bos_token(True)
        writer.add_add_space_prefix(False)
        ids = {"bos": 2, "eos": 1, "pad": 0}
    else:
        tokens, kinds, merges = byte_level_tokens()
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre({"llama": "smollm", "qwen2": "qwen2"}[architecture])
        writer.add_token_merges(merges)
        writer.add_add_bos_token(False)
        end = tokens.index("<|im_end|>")
        ids = {"bos": end - 1, "eos": end, "pad": end - 2}
        writer.add_chat_template(
            "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
        )
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(ids["bos"])
    writer.add_eos_token_id(ids["eos"])
    writer.add_pad_token_id(ids["pad"])


def make_wheels(gguf: Path, wheelhouse: Path, count: int) -> tuple[Part, ...]:
    """Cut a file into parts, put each into a wheel of its own, and return what is pinned of them."""
    wheelhouse.mkdir(exist_ok=True)
    content, parts = gguf.read_bytes(), []
    step = -(-len(content) // count)
    for number in range(1, count + 1):
        piece = content[step * (number - 1) : step * number]
        package, module = f"tiny-part{number}", f"tiny_part{number}"
        wheel = wheelhouse / f"{module}-1.0-py3-none-any.whl"
        information = f"{module}-1.0.dist-info"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{module}/__init__.py", "raise SystemExit('a wheel of a model was imported')\n")
            archive.writestr(f"{module}/data/part.bin", piece)
            archive.writestr(
                f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
            )
            archive.writestr(
                f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{information}/RECORD", "")
        whole = wheel.read_bytes()
        parts.append(
            Part(
                package,
                "1.0",
                f"{module}/data/part.bin",
                len(piece),
                _digest(piece),
                len(whole),
                _digest(whole),
            )
        )
    return tuple(parts)


def packaged(gguf: Path, parts: Sequence[Part], **changed: Any) -> PackagedModel:
    """What the package would say of a model in those parts."""
    given: dict[str, Any] = {
        "name": "tiny",
        "published": "owner/tiny",
        "family": "qwen2_5",
        "parameters": 100_000,
        "quantisation": "F32",
        "licence": "Apache-2.0",
        "sha256": _digest(gguf.read_bytes()),
    }
    model = PackagedModel(**given | changed)
    model.__dict__["parts"] = tuple(parts)
    return model


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
