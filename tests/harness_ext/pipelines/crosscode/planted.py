"""What the report finds of a direction that an adapter was given to add on known tokens."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from distill.crosscoder.fit import CrosscodeSettings, crosscode
from distill.crosscoder.fitting import FitSettings
from distill.crosscoder.saved import load_crosscoder
from distill.models.loading import load_model, load_tokenizer
from harness_ext.pipelines.crosscode import CrosscodeReport, crosscode_report
from tests.distill.planted_adapter import plant
from tests.distill.tiny_families import SHAPES, build

TOKEN = "="
SETTINGS = CrosscodeSettings(
    layers=(1,), features=96, tokens=5000, passes=8, batch=256, fit=FitSettings(k=5, rate=3e-3)
)


class Found(NamedTuple):
    """The feature that carries most of the change: the cosine of what it adds with the planted direction, and
    the share of its squared firing, in its top texts, that is on planted tokens.
    """

    cosine: float
    on_planted: float
    report: CrosscodeReport


def find_planted(folder: Path, data: Path, seed: int) -> Found:
    """Plant a direction in a tiny model, fit a crosscoder, and report."""
    torch.manual_seed(seed)
    model, adapter, out = (folder / f"{name}{seed}" for name in ("model", "adapter", "crosscoder"))
    build(SHAPES["llama3"], model)
    _quieten(model)
    tokens = load_tokenizer(str(model))(TOKEN, add_special_tokens=False)["input_ids"]
    direction = plant(model, adapter, tokens, 1.0, seed)
    crosscode(str(model), adapter, [data], out, replace(SETTINGS, seed=seed))
    report = crosscode_report([out], [data], n=10)
    feature = max(report.crosscoders[0].features, key=lambda one: one.carried)
    saved = load_crosscoder(out)
    base, adapted = saved.crosscoder.decoder[feature.feature, :, 0] / saved.scale.factor
    added = adapted - base
    pieces = [piece for context in feature.contexts for piece in context.pieces]
    on = sum(piece.strength**2 for piece in pieces if piece.text.strip() == TOKEN)
    return Found(
        float(added @ direction / added.norm()), on / sum(piece.strength**2 for piece in pieces), report
    )


def _quieten(folder: Path) -> None:
    """Make a model's embeddings ten times as large, so that what attention hands on to other tokens, which
    the planted direction changes too, is little beside them.
    """
    model = load_model(str(folder), torch.float32)
    with torch.no_grad():
        model.get_input_embeddings().weight *= 10
    model.save_pretrained(folder)
