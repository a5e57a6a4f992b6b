"""Loads a model that texts are read with, with its adapter, tokenizer and family."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from distill.models.adapter_base import check_base, weights_digest
from distill.models.allocator import keep_freed_memory
from distill.models.families import Family, model_family
from distill.models.loading import load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.models.pretrained import check_adapter, resolve_model
from harness_ext.backends.style_hf.fused_linear import fuse


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A causal language model of transformers, set to evaluate, on the GPU if there is one; `longest` is the
    most tokens that it reads.
    """

    model: Any
    tokenizer: Any
    family: Family
    longest: int


def model_digests(model: str, adapter: Path | None) -> dict[str, str | None]:
    """Return the digests of a model's weights and of its adapter's; None for what has no files here."""
    return {
        "model": weights_digest(resolve_model(model)) or model,
        "adapter": weights_digest(adapter) if adapter else None,
    }


def check_named_model(model: str, adapter: Path | None) -> None:
    """Raise StylerepError, before anything is loaded, for a model or adapter that is not there."""
    resolve_model(model)
    if adapter:
        check_adapter(adapter)


def load_named_model(
    model: str, adapter: Path | None, say: Callable[[str], None] = lambda _: None
) -> LoadedModel:
    """Load a model by name, folder or Hub id; *say* is told what to know of it. Raises StylerepError for one
    that can't be loaded, and for an adapter of another base.
    """
    tokenizer, loaded = load_tokenizer(model), load_model(model, fast_dtype())
    if adapter:
        if note := check_base(adapter, model):
            say(note)
        loaded = PeftModel.from_pretrained(loaded, str(adapter)).get_base_model()
    loaded = loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    if not torch.cuda.is_available():
        keep_freed_memory()
    family = model_family(loaded.config, tokenizer)
    if family.assumed:
        say(f"Note: {family.assumed}.")
    fuse(loaded)
    longest = getattr(loaded.config.get_text_config(), "max_position_embeddings", None) or 1 << 20
    return LoadedModel(loaded, tokenizer, family, longest)
