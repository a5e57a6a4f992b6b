"""Writes a model with an adapter merged into its weights, for programs that take no adapters."""

from pathlib import Path

import torch

from distill.models.adapter_base import check_base
from distill.models.loading import load_config, load_model, load_tokenizer
from synth.files.replace_folder import check_replaceable, replace_folder


def merge(model: str, adapter: Path, out: Path) -> Path:
    """Write *model* with *adapter* merged into it to *out*,
    in the number format of the model's own files, with its tokenizer.

    Merged in float32, then rounded: in bfloat16 a small change to a large weight would be lost, so the merged
    model is not bit for bit the model with its adapter. *out* is replaced whole; it must be empty, not there
    yet, or hold a model. Raises StylerepError for another, and for an adapter of another model.
    """
    from peft import PeftModel

    check_replaceable(out, "config.json", "a model", [model, adapter])
    check_base(adapter, model)
    base = load_model(model, torch.float32)
    merged = PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
    merged.to(load_config(model).dtype or torch.float32)
    with replace_folder(out) as fresh:
        merged.save_pretrained(fresh)
        load_tokenizer(model).save_pretrained(fresh)
    return out
