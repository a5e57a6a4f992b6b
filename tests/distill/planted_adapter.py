"""A tiny model with an adapter that adds a known direction to the residual stream on known tokens alone."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from distill.crosscoder.rows import CrosscodedRow
from distill.models.loading import load_model

LAYER = 1


def plant(
    model: Path,
    out: Path,
    rows: Sequence[CrosscodedRow],
    wanted: Callable[[CrosscodedRow], Sequence[bool]],
    strength: float,
    seed: int,
) -> torch.Tensor:
    """Write an adapter of *model* to *out*; return the unit direction, (width,), that it adds to what layer
    `LAYER` puts out, *strength* times, on the tokens of responses that are *wanted*.

    The adapter has rank 1, on the layer's down_proj: what it multiplies its input with is the least-squares
    readout of the wanted tokens from that input.
    """
    torch.manual_seed(seed)
    base = load_model(str(model), torch.float32)
    peft_model = get_peft_model(
        base,
        LoraConfig(r=1, lora_alpha=1, target_modules=[f"model.layers.{LAYER}.mlp.down_proj"]),
    ).eval()
    down = base.model.layers[LAYER].mlp.down_proj
    seen: list[torch.Tensor] = []
    hook = down.register_forward_pre_hook(lambda _, given: seen.append(given[0][0]))
    inputs, labels = [], []
    with torch.inference_mode():
        for row in rows:
            seen.clear()
            base(input_ids=torch.tensor([row.ids]))
            inputs.append(seen[0])
            labels += [False] * row.start + list(wanted(row))
    hook.remove()
    x, y = torch.cat(inputs).double(), torch.tensor(labels, dtype=torch.float64)
    readout = torch.linalg.lstsq(x, y[:, None]).solution[:, 0]
    direction = torch.randn(down.out_features, generator=torch.Generator().manual_seed(seed))
    direction /= direction.norm()
    with torch.no_grad():
        down.lora_A["default"].weight.copy_(readout[None].float())
        down.lora_B["default"].weight.copy_(strength * direction[:, None])
    peft_model.save_pretrained(out)
    (out / "manifest.json").write_text(json.dumps({"base_model": str(model)}), encoding="utf-8")
    return direction
