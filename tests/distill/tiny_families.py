"""Tiny random models of every family: its architecture, its special tokens,
and a chat template of the shape of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
}
NEOX = {name: value for name, value in SMALL.items() if name not in ("num_key_value_heads", "head_dim")}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 2048}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a family's models and tokenizers look like.

    `turn` is the text of one message in the chat template, `generation` what it adds for the assistant; both
    are Jinja. `special` and `plain` are added tokens,
    `adds_bos` says whether the tokenizer writes one where it encodes text.
    """

    model_type: str
    eos: str
    special: Sequence[str] = ()
    plain: Sequence[str] = ()
    bos: str | None = None
    adds_bos: bool = False
    pad: str | None = None
    head: str = ""
    turn: str = ""
    generation: str = ""
    config: dict[str, Any] = field(default_factory=lambda: dict(SMALL))
    vocab_size: int = 0
    ends: Sequence[str] = ()

    @property
    def template(self) -> str | None:
        """The whole chat template, None for base models."""
        if not self.turn:
            return None
        return (
            f"{self.head}{{% for m in messages %}}{self.turn}{{% endfor %}}{{% if add_generation_prompt"
            f" %}}{self.generation}{{% endif %}}"
        )


IM = "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
IM_GENERATION = "<|im_start|>assistant\n"
NO_THINKING = (
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
)
TODAY = "Today Date: {{ strftime_now('%d %B %Y') }}"
GEMMA = {
    "eos": "<eos>",
    "bos": "<bos>",
    "pad": "<pad>",
    "special": ["<start_of_turn>", "<end_of_turn>"],
    "adds_bos": True,
    "head": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not"
        " supported') }}{% endif %}"
    ),
    "turn": "<start_of_turn>{{ m['role'] }}\n{{ m['content'] | trim }}<end_of_turn>\n",
    "generation": "<start_of_turn>model\n",
}
SCRATCH = {
    "eos": "<|end_of_text|>",
    "bos": "<|scratch|>",
    "pad": "<|pad|>",
    "special": ["<|turn|>", "<|end_of_turn|>"],
    "head": "{{ bos_token }}",
    "turn": "<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|end_of_turn|>",
    "generation": "<|turn|>assistant\n",
}
SHAPES: dict[str, Shape] = {
    "llama3": Shape(
        "llama",
        "<|eot_id|>",
        ["<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"],
        bos="<|begin_of_text|>",
        adds_bos=True,
        head=(
            "{{ bos_token }}<|start_header_id|>system<|end_header_id|>\n\nToday Date: {{ date_string"
            " }}<|eot_id|>"
        ),
        turn="<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] | trim }}<|eot_id|>",
        generation="<|start_header_id|>assistant<|end_header_id|>\n\n",
        ends=["<|eot_id|>", "<|end_of_text|>"],
    ),
    "qwen2_5": Shape(
        "qwen2",
        "<|im_end|>",
        ["<|im_start|>"],
        pad="<|endoftext|>",
        head="<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n",
        turn=IM,
        generation=IM_GENERATION,
    ),
    "qwen3": Shape(
        "qwen3",
        "<|im_end|>",
        ["<|im_start|>"],
        ["<think>", "</think>"],
        pad="<|endoftext|>",
        turn=IM,
        generation=IM_GENERATION + NO_THINKING,
    ),
    "mistral": Shape(
        "mistral",
        "</s>",
        ["[INST]", "[/INST]"],
        bos="<s>",
        adds_bos=True,
        head="{{ bos_token }}",
        turn="[INST] {{ m['content'] }}[/INST]",
    ),
    "ministral": Shape(
        "ministral3",
        "</s>",
        ["[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[THINK]", "[/THINK]"],
        bos="<s>",
        pad="<pad>",
        adds_bos=True,
        head="{{ bos_token }}[SYSTEM_PROMPT]"
        + TODAY
        + " Think between [THINK] and [/THINK].[/SYSTEM_PROMPT]",
        turn="[INST]{{ m['content'] }}[/INST]",
    ),
    "gemma2": Shape("gemma2", **GEMMA),
    "gemma3": Shape("gemma3_text", **GEMMA),
    "phi3": Shape(
        "phi3",
        "<|endoftext|>",
        ["<|user|>", "<|assistant|>", "<|end|>"],
        turn="<|{{ m['role'] }}|>\n{{ m['content'] }}<|end|>\n",
        generation="<|assistant|>\n",
        config={**SMALL, "pad_token_id": None},
    ),
    "phi4": Shape(
        "phi3",
        "<|im_end|>",
        ["<|im_start|>", "<|im_sep|>", "<think>", "</think>"],
        config={**SMALL, "pad_token_id": None},
        turn="<|im_start|>{{ m['role'] }}<|im_sep|>{{ m['content'] }}<|im_end|>",
        generation="<|im_start|>assistant<|im_sep|>",
    ),
    "smollm2": Shape(
        "llama",
        "<|im_end|>",
        ["<|im_start|>"],
        pad="<|endoftext|>",
        head="<|im_start|>system\nYou are a helpful AI assistant.<|im_end|>\n",
        turn=IM,
        generation=IM_GENERATION,
        vocab_size=49152,
    ),
    "smollm3": Shape(
        "smollm3",
        "<|im_end|>",
        ["<|im_start|>"],
        ["<think>", "</think>"],
        head=(
            f"<|im_start|>system\n{TODAY}\nReasoning Mode: {{{{ '/think' if enable_thinking else '/no_think'"
            " }}<|im_end|>\n"
        ),
        turn=IM,
        generation=IM_GENERATION + NO_THINKING,
    ),
    "olmo2": Shape(
        "olmo2",
        "<|endoftext|>",
        bos="<|endoftext|>",
        pad="<|pad|>",
        head="{{ bos_token }}",
        turn="<|{{ m['role'] }}|>\n{{ m['content'] }}\n",
        generation="<|assistant|>\n",
    ),
    "granite": Shape(
        "granite",
        "<|end_of_text|>",
        ["<|start_of_role|>", "<|end_of_role|>"],
        bos="<|end_of_text|>",
        head=f"<|start_of_role|>system<|end_of_role|>{TODAY}.<|end_of_text|>\n",
        turn="<|start_of_role|>{{ m['role'] }}<|end_of_role|>{{ m['content'] }}<|end_of_text|>\n",
        generation="<|start_of_role|>assistant<|end_of_role|>",
    ),
    "deepseek_r1": Shape(
        "qwen2",
        "<｜end▁of▁sentence｜>",
        (),
        ["<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"],
        bos="<｜begin▁of▁sentence｜>",
        adds_bos=True,
        head="{{ bos_token }}",
        turn="<｜User｜>{{ m['content'] }}",
        generation="<｜Assistant｜><think>\n",
    ),
    "gpt_neox": Shape("gpt_neox", "<|endoftext|>", bos="<|endoftext|>", config=NEOX),
    "scratch_llama": Shape("llama", **SCRATCH),
    "scratch_qwen3": Shape("qwen3", **SCRATCH),
    "scratch_gemma3": Shape("gemma3_text", **SCRATCH),
    "scratch_gpt_neox": Shape("gpt_neox", **SCRATCH, config=NEOX),
    "gpt2": Shape("gpt2", "<|endoftext|>", bos="<|endoftext|>", config=GPT2),
}


def build(shape: Shape, folder: Path) -> Path:
    """Write a random model of two layers and its byte-level tokenizer into a folder."""
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = build_tokenizer(shape)
    tokenizer.save_pretrained(folder)
    ids = {
        f"{role}_token_id": tokenizer.convert_tokens_to_ids(token)
        for role, token in (("bos", shape.bos), ("eos", shape.eos))
        if token
    }
    settings = {
        "vocab_size": shape.vocab_size or len(tokenizer) + 16,
        "pad_token_id": tokenizer.pad_token_id,
        **shape.config,
        **ids,
    }
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(shape.model_type, **settings))
    if shape.ends:
        model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(list(shape.ends))
    model.save_pretrained(folder)
    return folder


def build_tokenizer(shape: Shape) -> Any:
    """Return a byte-level tokenizer with the family's added tokens and chat template."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors, trainers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    roles = list(dict.fromkeys(token for token in (shape.bos, shape.eos, shape.pad) if token))
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=[*roles, *shape.special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    backend.train_from_iterator(["Let me check. The answer is 12."] * 3, trainer)
    backend.add_tokens([AddedToken(token, normalized=False, special=False) for token in shape.plain])
    if shape.adds_bos and shape.bos:
        backend.post_processor = processors.TemplateProcessing(
            single=f"{shape.bos} $A",
            pair=f"{shape.bos} $A $B",
            special_tokens=[(shape.bos, backend.token_to_id(shape.bos))],
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=shape.bos, eos_token=shape.eos, pad_token=shape.pad
    )
    tokenizer.chat_template = shape.template
    return tokenizer
