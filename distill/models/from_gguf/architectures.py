"""What GGUF calls the parts of an architecture, what transformers calls them, and where their values
differ.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from distill.models.from_gguf.header import GgufHeader
from synth.errors import StylerepError

_OUTSIDE = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GEMMA3_LAYER = _LAYER | {
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_NUMBERS = {
    "context_length": "max_position_embeddings",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "embedding_length": "hidden_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
}
_TENSOR = re.compile(r"(?:blk\.(?P<layer>\d+)\.)?(?P<part>\w+)\.(?P<kind>weight|bias)")


def _same(values: torch.Tensor) -> torch.Tensor:
    return values


def _less_one(values: torch.Tensor) -> torch.Tensor:
    return values - 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture of GGUF, as transformers has it.

    `optional` are numbers that a file need not give; `norm` undoes what llama.cpp does to the weights of
    norms, and `pairs` says that the rows of query and key matrices are in the order of its rotary embeddings
    (halves interleaved).
    """

    model_type: str
    layer: dict[str, str] = field(default_factory=lambda: _LAYER)
    optional: dict[str, str] = field(default_factory=dict)
    norm: Callable[[torch.Tensor], torch.Tensor] = _same
    pairs: bool = False

    def config(self, header: GgufHeader) -> dict[str, Any]:
        """Return the settings of a transformers configuration that the file gives."""
        own = header.need("general.architecture")
        settings = {ours: header.need(f"{own}.{theirs}") for theirs, ours in _NUMBERS.items()}
        settings |= {
            ours: header.metadata[f"{own}.{theirs}"]
            for theirs, ours in self.optional.items()
            if f"{own}.{theirs}" in header.metadata
        }
        if scaled := sorted(key for key in header.metadata if key.startswith(f"{own}.rope.scaling.")):
            raise StylerepError(
                f"{header.path.name}: it scales its rotary embeddings ({scaled[0]}), unknown here."
            )
        settings["vocab_size"] = len(header.need("tokenizer.ggml.tokens"))
        return settings | {"rope_theta": header.need(f"{own}.rope.freq_base")}

    def name(self, tensor: str) -> str | None:
        """Return transformers' name of a tensor; None if there is none of that name."""
        found = _TENSOR.fullmatch(tensor)
        if not found:
            return None
        layer, part, kind = found["layer"], found["part"], found["kind"]
        known = _OUTSIDE.get(part) if layer is None else self.layer.get(part)
        return known and (f"{known}.{kind}" if layer is None else f"model.layers.{int(layer)}.{known}.{kind}")

    def order(self, name: str, count: int, settings: dict[str, Any]) -> NDArray[np.int64] | None:
        """Return which row of the file each row of one of transformers' matrices is; None if they are as
        they lie.
        """
        heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(name.split(".")[-2])
        if not self.pairs or heads is None:
            return None
        return np.arange(count).reshape(settings[heads], -1, 2).swapaxes(1, 2).ravel()


ARCHITECTURES = {
    "llama": Architecture("llama", optional={"rope.dimension_count": "head_dim"}, pairs=True),
    "qwen2": Architecture("qwen2"),
    # Which layers look at the window alone, and how far their rotary embeddings reach, the file does not
    # say: they are the same in all models of this architecture, and transformers' own.
    "gemma3": Architecture(
        "gemma3_text",
        _GEMMA3_LAYER,
        {"attention.key_length": "head_dim", "attention.sliding_window": "sliding_window"},
        norm=_less_one,
    ),
}


def architecture(header: GgufHeader) -> Architecture:
    """Return the architecture of a GGUF file; raise StylerepError for one that is not known here."""
    name = header.need("general.architecture")
    if name not in ARCHITECTURES:
        raise StylerepError(
            f"{header.path.name}: a GGUF file of the architecture {name!r}; "
            f"known are {', '.join(ARCHITECTURES)}."
        )
    return ARCHITECTURES[name]
