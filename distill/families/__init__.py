"""Model families: one YAML file each says how a model's turns end and where its adapters go.

A model that no file matches works by detection: turns end with the tokenizer's EOS and adapters go
to all linear layers; `Family.assumed` then says so.
"""

from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from synth.errors import StylerepError

_FOLDER = resources.files("distill.families")


@dataclass(frozen=True, slots=True)
class Family:
    """How one model family is prompted, stopped and adapted.

    `end_of_turn` is the token that a response is trained to end with. `lora_targets` goes to peft as
    it is (``all-linear`` or module names). `assumed` is empty for a family with a file.
    """

    name: str
    end_of_turn: str
    lora_targets: str | list[str]
    assumed: str = ""


def find_family(model_type: str, vocab_size: int, tokenizer: Any) -> Family:
    """Return the family of a model by its configuration and tokenizer (a transformers tokenizer)."""
    vocabulary = tokenizer.get_vocab()
    for file in sorted(_FOLDER.iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".yaml"):
            continue
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        match = content["match"]
        if match["model_type"] == model_type and match["vocab_size"] == vocab_size and match["token"] in vocabulary:
            return Family(content["name"], content["end_of_turn"], content["lora_targets"])
    if tokenizer.eos_token is None:
        raise StylerepError(f"The tokenizer of this {model_type} model has no EOS token, so no response could end; set one in its tokenizer_config.json.")
    return Family(
        model_type,
        tokenizer.eos_token,
        "all-linear",
        f"no family file matches this {model_type} model; assumed: turns end with {tokenizer.eos_token}, adapters on all linear layers",
    )
