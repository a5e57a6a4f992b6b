"""Loads a model with an adapter that can be switched off, so that one model in memory is both."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from distill.models.adapter_base import check_base
from distill.models.families import Family, model_family
from distill.models.loading import load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.models.pretrained import check_adapter, resolve_model


@dataclass(frozen=True, slots=True)
class ModelPair:
    """A `model` of peft, set to evaluate, on the GPU if there is one; `longest`: tokens that it reads."""

    model: Any
    tokenizer: Any
    family: Family
    longest: int


def load_pair(model: str, adapter: Path, say: Callable[[str], None] = lambda _: None) -> ModelPair:
    """Load a model by name, folder or Hub id with an adapter; *say* is told what to know of them. Raises
    StylerepError for what can't be loaded, and for an adapter of another base.
    """
    path = resolve_model(model)
    check_adapter(adapter)
    if note := check_base(adapter, model):
        say(note)
    tokenizer, base = load_tokenizer(path), load_model(path, fast_dtype())
    loaded = PeftModel.from_pretrained(base, str(adapter))
    loaded = loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    family = model_family(loaded.config, tokenizer)
    if family.assumed:
        say(f"Note: {family.assumed}.")
    longest = getattr(loaded.config.get_text_config(), "max_position_embeddings", None) or 1 << 20
    return ModelPair(loaded, tokenizer, family, longest)
