"""Scores every row of a trace data set by its gradient under a model."""

import math
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from rich.console import Console

from distill.models.adapter_base import check_base
from distill.models.allocator import keep_freed_memory
from distill.models.families import Family, model_family
from distill.models.loading import load_config, load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.select.gradients import RowGradient, Sketch, row_gradients, row_losses
from distill.select.outliers import Matrix, cosine_outliers, directions, isolation_outliers
from distill.select.scores import RowScore, check_selection
from distill.training.adapt import trained_model
from distill.training.encode import Encoded, encode
from distill.training.recipe import Recipe
from synth.errors import StylerepError
from synth.terminal import make_console
from synth.traces.datasets import dataset_column, read_dataset

WARM_UP = 0.5
"""Epochs of training before gradients are taken."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gradients:
    """The gradients of the rows of a data set, in its order: `sketches` has shape (rows, dimensions),
    float32; `seconds` is what they took.
    """

    rows: list[RowGradient]
    sketches: Matrix
    seconds: float


def score_rows(
    model: str,
    data: Path,
    *,
    method: str = "outlier-gradient",
    recipe: Recipe | None = None,
    warm_up: float = WARM_UP,
    adapter: Path | None = None,
    console: Console | None = None,
) -> list[RowScore]:
    """Return how suspicious each row of the data set in *data* is for training *model* by *recipe*,
    in the order of the data set.

    With *method* ``loss`` only losses are computed, which are those of the model as it is; with every other,
    all scores. For gradients an adapter is first trained for *warm_up* epochs on all rows, or *adapter* is
    taken as it is; with neither (``warm_up=0``) they are those of the first step, of which only half the
    adapter has any. Of the recipe, rank, alpha, learning rate, batch size, longest row and seed count. The
    same inputs give the same scores on the same machine. Raises StylerepError for an unknown method, for a
    model, adapter or data set that cannot be used, and for a row whose loss is no number.
    """
    check_selection(method, 0.0)
    losses = data_losses(model, data, recipe=recipe, console=console)
    ids = dataset_column(data, "id")
    if method == "loss":
        return [RowScore(identifier, *loss) for identifier, loss in zip(ids, losses, strict=True)]
    found = data_gradients(model, data, recipe=recipe, warm_up=warm_up, adapter=adapter, console=console)
    outliers = isolation_outliers(directions(found.sketches), recipe.seed if recipe else 0)
    cosines = cosine_outliers(found.sketches)
    return [
        RowScore(identifier, *loss, float(outlier), float(cosine), row.norm, row.loss)
        for identifier, loss, outlier, cosine, row in zip(
            ids, losses, outliers, cosines, found.rows, strict=True
        )
    ]


def data_losses(
    model: str, data: Path, *, recipe: Recipe | None = None, console: Console | None = None
) -> list[tuple[float, int]]:
    """Return of each row of a data set the mean loss in nats a token under the model as it is, and the number
    of its tokens; see `score_rows`.
    """
    prepared = _prepared(model, data, recipe, console)
    base = load_model(model, fast_dtype()).to(_device()).eval()
    losses = _told(
        row_losses(base, prepared.encoded, prepared.pad), len(prepared.ids), "losses", prepared.console
    )
    return [
        (_number(loss, identifier), tokens)
        for identifier, (loss, tokens) in zip(prepared.ids, losses, strict=True)
    ]


def data_gradients(
    model: str,
    data: Path,
    *,
    recipe: Recipe | None = None,
    warm_up: float = WARM_UP,
    adapter: Path | None = None,
    console: Console | None = None,
) -> Gradients:
    """Return the reduced gradients of all rows of a data set; see `score_rows`."""
    if warm_up < 0:
        raise StylerepError(f"The warm-up must be 0 epochs or more, got {warm_up}.")
    if adapter is not None and not (adapter / "adapter_config.json").is_file():
        raise StylerepError(f"{adapter}: this folder holds no adapter (it needs adapter_config.json).")
    prepared = _prepared(model, data, recipe, console)
    adapted = _adapted(model, data, prepared, warm_up, adapter)
    size = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    sketch = Sketch(size, seed=prepared.recipe.seed, device=_device())
    began = time.monotonic()
    gradients = _told(
        row_gradients(adapted, prepared.encoded, sketch, prepared.pad),
        len(prepared.ids),
        "gradients",
        prepared.console,
    )
    rows = []
    for identifier, gradient in zip(prepared.ids, gradients, strict=True):
        _number(gradient.norm, identifier)
        rows.append(gradient)
    return Gradients(rows, np.stack([row.sketch.numpy() for row in rows]), time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Prepared:
    ids: list[str]
    encoded: list[Encoded]
    family: Family
    pad: int
    recipe: Recipe
    console: Console


def _prepared(model: str, data: Path, recipe: Recipe | None, console: Console | None) -> _Prepared:
    recipe = replace(recipe or Recipe(), method="lora", opd=None)
    recipe.validate()
    rows, _ = read_dataset(data)
    tokenizer, config = load_tokenizer(model), load_config(model)
    family = model_family(config, tokenizer)
    recipe = recipe.settled(family, 0, getattr(config.get_text_config(), "max_position_embeddings", None))
    encoded = [encode(row, tokenizer, family, recipe.longest) for row in rows]
    if not torch.cuda.is_available():
        keep_freed_memory()
    # Rows stand alone, so that nothing is padded: any token does.
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    return _Prepared(
        [row["id"] for row in rows], encoded, family, pad, recipe, console or make_console(stderr=True)
    )


def _adapted(model: str, data: Path, prepared: _Prepared, warm_up: float, adapter: Path | None) -> Any:
    """Return the model with the adapter whose gradients are taken, without dropout,
    on the GPU if there is one.
    """
    from peft import PeftModel

    from distill.training.train import distill

    recipe, family = prepared.recipe, prepared.family
    # peft's model asks transformers for a property that it is about to rename; no concern of the user's.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
    with tempfile.TemporaryDirectory() as scratch:
        if adapter is None and warm_up > 0:
            adapter = distill(
                model, data, Path(scratch) / "warm-up", replace(recipe, epochs=warm_up), prepared.console
            )
        if adapter is None:
            adapted = trained_model(model, recipe, family)
        else:
            check_base(adapter, model)
            adapted = PeftModel.from_pretrained(
                load_model(model, fast_dtype()), str(adapter), is_trainable=True
            )
    return adapted.to(_device()).eval()


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _number(value: float, identifier: str) -> float:
    if not math.isfinite(value):
        raise StylerepError(
            f"Row {identifier}: its loss or gradient is no number, so it cannot be scored; is the model"
            " whole?"
        )
    return value


def _told(items: Iterable[T], n: int, label: str, console: Console) -> Iterator[T]:
    """Pass items on and say at every tenth of *n* how far it is."""
    began = time.monotonic()
    for i, item in enumerate(items, 1):
        yield item
        if 10 * i // n > 10 * (i - 1) // n:
            passed = time.monotonic() - began
            console.print(f"{label}: {i}/{n} rows, {passed:.0f} s passed, {passed / i * (n - i):.0f} s left")
