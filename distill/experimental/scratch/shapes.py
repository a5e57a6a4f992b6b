"""Experimental: the shapes of models trained from nothing: four architectures, each in four sizes with about
the same number of parameters.
"""

from dataclasses import dataclass
from typing import Any

from distill.experimental.scratch.tokenizer import END_OF_TEXT, END_OF_TURN, PAD, SPECIAL, START, VOCABULARY

POSITIONS = 2048
_WINDOW = 128


@dataclass(frozen=True, slots=True)
class Size:
    """What all architectures of a size share, and how it is trained.

    `hidden` and `layers` with heads of `head` numbers each, of which `groups` have keys and values (in
    GPT-NeoX, all heads). `inner` is the width of the gated feed-forward layers. Training takes `tokens`
    tokens and peaks at `learning_rate`. `rate` is how many tokens a second two cores that multiply bfloat16
    and have nothing else to do are expected to train on; 1.8 times what one was measured at.
    """

    hidden: int
    layers: int
    head: int
    groups: int
    inner: int
    tokens: int
    learning_rate: float
    rate: int


SIZES = {
    "2m": Size(192, 4, 32, 3, 512, 5_000_000, 3e-3, 10_000),
    "5m": Size(256, 6, 32, 4, 704, 8_000_000, 2e-3, 4_400),
    "10m": Size(320, 8, 64, 5, 896, 12_000_000, 1.5e-3, 2_500),
    "30m": Size(512, 10, 64, 4, 1472, 20_000_000, 1e-3, 1_000),
}
"""By name; the names round the number of all parameters,
the embeddings (which are the output layer too) counted once.
"""

ARCHITECTURES = {"llama": "llama", "qwen3": "qwen3", "gemma3": "gemma3_text", "gpt_neox": "gpt_neox"}
"""What transformers calls the type of model, by our name of the architecture."""


def configuration(architecture: str, size: str) -> Any:
    """Return the transformers configuration of an architecture in a size; it marks the tokens of
    `distill.experimental.scratch.tokenizer`.

    What makes an architecture itself is as in the published models: grouped-query attention in all but
    GPT-NeoX; in Qwen 3, norms of queries and keys; in Gemma 3, these, norms before and after each part,
    scaled embeddings, and layers that see a window (here every second one, of 128 tokens; published models
    have five of six); in GPT-NeoX, parallel residuals, rotary positions in a quarter of each head, biases,
    and an inner width of four times the hidden one or so without a gate. Unlike some of them, all share the
    embeddings with the output layer.
    """
    from transformers import AutoConfig

    shape = SIZES[size]
    heads = shape.hidden // shape.head
    ids = {token: number for number, token in enumerate(SPECIAL)}
    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": heads,
        "intermediate_size": shape.inner,
        "max_position_embeddings": POSITIONS,
        "tie_word_embeddings": True,
        "bos_token_id": ids[START],
        "eos_token_id": [ids[END_OF_TURN], ids[END_OF_TEXT]],
        "pad_token_id": ids[PAD],
    }
    if architecture == "gpt_neox":
        # No gate and no groups: the same parameters make a wider feed-forward layer.
        attention = 2 * (heads - shape.groups) * shape.head
        settings["intermediate_size"] = round((3 * shape.inner - attention) / 2 / 32) * 32
    else:
        settings |= {"num_key_value_heads": shape.groups, "head_dim": shape.head}
    if architecture == "gemma3":
        kinds = ["full_attention" if layer % 2 else "sliding_attention" for layer in range(shape.layers)]
        settings |= {"layer_types": kinds, "sliding_window": _WINDOW, "query_pre_attn_scalar": shape.head}
    return AutoConfig.for_model(ARCHITECTURES[architecture], **settings)
