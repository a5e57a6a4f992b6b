"""Loads tokenizers and models with transformers, and says in a sentence why one will not load."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from distill.pretrained import resolve_model
from synth.errors import StylerepError

_T = TypeVar("_T")


def load_tokenizer(model: str) -> Any:
    """Return the tokenizer of a model (name, folder or Hub id)."""
    from transformers import AutoTokenizer

    return _load(model, AutoTokenizer.from_pretrained)


def load_config(model: str) -> Any:
    """Return the configuration of a model (name, folder or Hub id)."""
    from transformers import AutoConfig

    return _load(model, AutoConfig.from_pretrained)


def load_model(model: str, dtype: torch.dtype, **options: Any) -> Any:
    """Return a causal language model in *dtype*; its weights are never unpickled without ``weights_only``. *options* go to transformers."""
    from transformers import AutoModelForCausalLM

    return _load(model, lambda path: AutoModelForCausalLM.from_pretrained(path, dtype=dtype, **options))


def empty_model(config: Any) -> Any:
    """Return a model of that configuration without weights (on torch's meta device), to count what it would hold."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def _load(model: str, loader: Callable[[str], _T]) -> _T:
    from transformers.utils import logging

    path = resolve_model(model)
    logging.disable_progress_bar()
    try:
        return loader(path)
    except (OSError, ValueError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise StylerepError(f"The model {model} cannot be loaded: {reason}") from error
