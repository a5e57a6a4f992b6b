"""Loads tokenizers and models with transformers, and says in a sentence why one won't load.

Python files that a model brings are run within `distill.models.model_files.code_of_models` alone; elsewhere
transformers is told not to, so that it never asks.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from distill.models.model_files import code_refused, is_trusted, needs_code
from distill.models.pretrained import resolve_model
from synth.errors import StylerepError

_T = TypeVar("_T")


def load_tokenizer(model: str) -> Any:
    """Return the tokenizer of a model (name, folder or Hub id)."""
    from transformers import AutoTokenizer

    return _load(model, lambda path: AutoTokenizer.from_pretrained(path, trust_remote_code=is_trusted()))


def load_config(model: str) -> Any:
    """Return the configuration of a model (name, folder or Hub id)."""
    from transformers import AutoConfig

    return _load(model, lambda path: AutoConfig.from_pretrained(path, trust_remote_code=is_trusted()))


def load_model(model: str, dtype: torch.dtype, **options: Any) -> Any:
    """Return a causal language model in *dtype*, its weights from safetensors alone;
    *options* go to transformers.
    """
    from transformers import AutoModelForCausalLM

    def load(path: str) -> Any:
        return AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, trust_remote_code=is_trusted(), use_safetensors=True, **options
        )

    return _load(model, load)


def empty_model(config: Any) -> Any:
    """Return a model of that configuration without weights (on torch's meta device),
    to count what it would hold.
    """
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, trust_remote_code=is_trusted())


def _load(model: str, loader: Callable[[str], _T]) -> _T:
    from transformers.utils import logging

    path = resolve_model(model)
    logging.disable_progress_bar()
    try:
        return loader(path)
    except (OSError, ValueError) as error:
        if needs_code(error) and not is_trusted():
            raise code_refused(model) from error
        reason = next(
            (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
        )
        raise StylerepError(f"The model {model} cannot be loaded: {reason}") from error
