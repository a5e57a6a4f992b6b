"""A tiny model with an adapter that adds a known direction to the residual stream on known tokens alone."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from distill.models.loading import load_model


def plant(model: Path, out: Path, tokens: Sequence[int], strength: float, seed: int) -> torch.Tensor:
    """Write an adapter of *model* to *out*; return the unit direction, (width,), that it adds, *strength*
    times the mean norm of embeddings, to the embeddings of *tokens*.

    It is of rank 1, on the embeddings: from there on the residual stream holds it.
    """
    generator = torch.Generator().manual_seed(seed)
    base = load_model(str(model), torch.float32)
    adapted = get_peft_model(base, LoraConfig(r=1, lora_alpha=1, target_modules=["embed_tokens"]))
    embedding = base.get_input_embeddings()
    norm = embedding.weight.norm(dim=1).mean()
    direction = torch.randn(embedding.weight.shape[1], generator=generator)
    direction /= direction.norm()
    with torch.no_grad():
        embedding.lora_embedding_A["default"].zero_()[0, list(tokens)] = 1
        embedding.lora_embedding_B["default"].copy_((strength * norm * direction)[:, None])
    adapted.save_pretrained(out)
    (out / "manifest.json").write_text(json.dumps({"base_model": str(model)}), encoding="utf-8")
    return direction
