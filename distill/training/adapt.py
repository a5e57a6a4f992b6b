"""Loads a model and prepares its trained part: LoRA, DoRA or QLoRA adapters, or all weights."""

import warnings
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer

from distill.models.families import Family
from distill.models.library_hooks import ADAPTED, not_taken
from distill.models.loading import load_model
from distill.models.precision import fast_dtype
from distill.training.recipe import Recipe
from synth.errors import StylerepError


def trained_model(model: str, recipe: Recipe, family: Family) -> Any:
    """Return a model in which what the recipe trains is trainable.

    Adapters are kept in float32 beside weights in the format that is fast here (4 bits for qlora); full
    fine-tuning keeps float32 weights. Raises StylerepError where the model cannot be loaded,
    or bitsandbytes is missing for qlora.
    """
    # peft's model asks transformers for a property that it is about to rename; no concern of the user's.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
    torch.manual_seed(recipe.seed)
    if recipe.method == "full":
        return load_model(model, torch.float32)
    # Of a model of 4 bits, peft's preparation would turn embeddings, norms and hence all activations into
    # float32; here they are as for lora.
    base = load_model(
        model, fast_dtype(), **({"quantization_config": _four_bits()} if recipe.method == "qlora" else {})
    )
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=family.lora_targets,
        fan_in_fan_out=family.fan_in_fan_out,
        lora_dropout=0.0,
        use_dora=recipe.method == "dora",
        task_type="CAUSAL_LM",
    )
    try:
        adapted = get_peft_model(base, lora)
    except ValueError as error:
        raise StylerepError(
            f"The family {family.name} cannot be adapted as its file says (lora_targets:"
            f" {family.lora_targets}): {error}"
        ) from error
    _check_adapted(adapted, family)
    return adapted


def _check_adapted(model: Any, family: Family) -> None:
    """Raise StylerepError unless each of the family's targets is adapted, and adapters are what is trained:
    peft leaves out names that no module has.
    """
    layers = [name for name, layer in model.named_modules() if isinstance(layer, BaseTunerLayer)]
    targets = [family.lora_targets] if isinstance(family.lora_targets, str) else family.lora_targets
    named = [
        one
        for one in targets
        if isinstance(family.lora_targets, list)
        and not any(f".{name}".endswith(f".{one}") for name in layers)
    ]
    if named:
        raise StylerepError(
            f"The family {family.name} cannot be adapted as its file says: lora_targets names {named[0]}, and"
            f" no module of this {type(model.get_base_model()).__name__} is called so."
        )
    if not layers or not any(parameter.requires_grad for parameter in model.parameters()):
        raise not_taken(ADAPTED, model, f"{len(layers)} modules are adapted, and nothing is trained")


def without_dropout(model: Any) -> None:
    """Set a model to evaluate, but not its matrix layers: on some processors those of bitsandbytes would take
    a form that has no gradient, for good.
    """
    model.eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.train()


def _four_bits() -> Any:
    from transformers import BitsAndBytesConfig
    from transformers.utils import is_bitsandbytes_available

    if not is_bitsandbytes_available():
        raise StylerepError(
            "qlora needs the package bitsandbytes (0.46.1 or newer), which is not installed: pip install"
            " bitsandbytes, or choose --method lora."
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=fast_dtype(),
    )
