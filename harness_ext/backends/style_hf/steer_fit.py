"""Finds, for each kind of pivots, the direction in which a model's activations differ where a pivot comes
next.

Compared are places of the same traces at which a sentence ends: the token before a sentence that begins with
a pivot of the kind, and the token before one that holds none at its beginning. The direction at a layer is
the difference of the two means (Marks & Tegmark, 2023, arXiv:2310.06824; of reasoning behaviours, Venhoff et
al., 2025, arXiv:2506.18167), fitted on two thirds of the rows;
on the others it is asked how well it tells the two apart.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import save
from sklearn.metrics import roc_auc_score

from distill.models.adapter_base import check_base
from distill.models.decoder_layers import decoder_layers, layer_output
from distill.models.families import Family, model_family
from distill.models.library_hooks import ACTIVATIONS, not_taken
from distill.models.loading import load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.models.pretrained import check_adapter, resolve_model
from distill.training.encode import Encoded, encode
from harness_ext.backends.style_hf.digests import base_digest, weight_digests
from harness_ext.backends.style_hf.sequence_text import Pieces, SequenceText
from synth.errors import StylerepError
from synth.files.output_files import write_output
from synth.formats import split_response
from synth.progress import each, turn_to
from synth.style import KINDS, load_lexicon
from synth.style.characters import look
from synth.traces.datasets import read_dataset

_LEAST = 20
"""Places of each sort, below which a kind is left out."""
_OTHER = "other"
_OPENER = 12
"""Characters that may stand before a pivot that begins a sentence ("But wait")."""
_MIDDLE = (0.2, 0.7)
"""Of all layers, between which a direction's layer is chosen: added near the end,
it is a constant added to the scores of all tokens.
"""
_BATCH = 8
_RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class FittedKind:
    """How well a kind's direction tells places apart, on rows it was not fitted on.

    `places` and `others` are the numbers of places before a pivot of the kind and before other sentences.
    `auc` has the area under the ROC curve for each layer, in [0, 1], 0.5 by chance; `layer` is that of the
    middle with the largest, and `low`, `high` its 95 % interval there (percentile bootstrap over rows; of the
    best of several layers, and so a little too high).
    """

    kind: str
    places: int
    others: int
    layer: int
    auc: tuple[float, ...]
    low: float
    high: float


def fit(
    model: str, adapter: Path | None, data: Path, out: Path, n: int | None = None, seed: int = 0
) -> list[FittedKind]:
    """Fit the directions of a model, by name, with an adapter if one is given, on the first *n* rows of a
    data set; write them to *out*.

    Raises StylerepError for a model, adapter or data set that cannot be loaded or used, as `fit_directions`.
    """
    path = resolve_model(model)
    if adapter:
        check_adapter(adapter)
        check_base(adapter, model)
    loaded, tokenizer = load_model(path, fast_dtype()), load_tokenizer(path)
    if adapter:
        loaded = PeftModel.from_pretrained(loaded, str(adapter)).get_base_model()
    loaded = loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return fit_directions(
        loaded, tokenizer, model_family(loaded.config, tokenizer), read_dataset(data)[0][:n], out, seed
    )


@dataclass(frozen=True, slots=True)
class _Place:
    row: int
    token: int
    label: str


def fit_directions(
    model: Any, tokenizer: Any, family: Family, rows: Sequence[dict[str, Any]], out: Path, seed: int = 0
) -> list[FittedKind]:
    """Fit the direction of each kind that has enough places, and write them to a safetensors file.

    *rows* are those of a trace data set (`synth.traces.datasets`). Raises StylerepError if no kind has 20
    places in the rows, or other sentences have not.
    """
    turn_to("looking for pivots in rows")
    encoded = [
        encode(row, tokenizer, family, model.config.get_text_config().max_position_embeddings) for row in rows
    ]
    pieces = Pieces(
        lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False)),
        tokenizer("a", add_special_tokens=False)["input_ids"][-1],
    )
    places = [place for number, one in enumerate(encoded) for place in _places(number, one, pieces)]
    counts = {label: sum(place.label == label for place in places) for label in (*KINDS, _OTHER)}
    kinds = [kind for kind in KINDS if counts[kind] >= _LEAST]
    if not kinds or counts[_OTHER] < _LEAST:
        found = ", ".join(f"{label} {count}" for label, count in counts.items())
        raise StylerepError(
            f"{len(rows)} rows hold too few places to compare ({found}; {_LEAST} are needed of a kind and of"
            " other sentences); give more rows."
        )
    places = [place for place in places if place.label in (*kinds, _OTHER)]
    activations = _activations(model, encoded, places)
    fitting = np.random.default_rng(seed).random(len(rows)) < 2 / 3
    results, tensors = [], {}
    for kind in each(kinds, "fitting directions", unit="kinds"):
        tensors[kind], result = _fit(kind, places, activations, fitting, seed)
        results.append(result)
    told = {
        one.kind: {
            "places": one.places,
            "others": one.others,
            "layer": one.layer,
            "auc": one.auc[one.layer],
            "auc_95": [one.low, one.high],
        }
        for one in results
    }
    digests = dict(zip(("model_sha256", "adapter_sha256"), weight_digests(model), strict=True))
    about = {
        "layers": activations.shape[1],
        "rows": len(rows),
        "seed": seed,
        "lexicon": load_lexicon().signature,
        **digests,
        "base_sha256": base_digest(model),
        "dtype": str(model.dtype),
        "kinds": told,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    write_output(out, save(tensors, metadata={"stylerep": json.dumps(about)}))
    return results


def _places(number: int, encoded: Encoded, pieces: Pieces) -> list[_Place]:
    """Return the tokens before the sentences of a trace, by what the sentence begins with:
    a kind of pivots, or none.
    """
    text = SequenceText(pieces)
    text.add(encoded.input_ids[encoded.prompt_length : -1])
    split = split_response(text.text)
    pivots = load_lexicon().find(split.trace)
    found = []
    characters = look(split.trace)
    starts = characters.begins[characters.sentence].tolist()
    for start, following in pairwise((*starts, len(split.trace))):
        begins = [pivot.kind for pivot in pivots if start <= pivot.start < min(start + _OPENER, following)]
        before = text.token_at(split.start + start) - 1
        if before >= 0:
            found.append(_Place(number, encoded.prompt_length + before, begins[0] if begins else _OTHER))
    return found


def _activations(
    model: Any, encoded: Sequence[Encoded], places: Sequence[_Place]
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return what the decoder layers put out at places: (places, layers, width)."""
    layers = decoder_layers(model)
    seen: list[torch.Tensor | None] = []
    hooks = [
        layer.register_forward_hook(lambda _, __, output: seen.append(layer_output(output)))
        for layer in layers
    ]
    by_row: dict[int, list[int]] = {}
    for index, place in enumerate(places):
        by_row.setdefault(place.row, []).append(index)
    order = sorted(by_row, key=lambda row: len(encoded[row].input_ids))
    result = np.zeros(
        (len(places), len(layers), model.config.get_text_config().hidden_size), dtype=np.float32
    )
    try:
        with torch.inference_mode():
            for start in each(range(0, len(order), _BATCH), "reading rows", unit=f"batches of {_BATCH} rows"):
                batch = order[start : start + _BATCH]
                length = max(len(encoded[row].input_ids) for row in batch)
                ids = torch.zeros(len(batch), length, dtype=torch.long)
                mask = torch.zeros(len(batch), length, dtype=torch.long)
                for number, row in enumerate(batch):
                    ids[number, : len(encoded[row].input_ids)] = torch.tensor(encoded[row].input_ids)
                    mask[number, : len(encoded[row].input_ids)] = 1
                seen.clear()
                model(
                    input_ids=ids.to(model.device),
                    attention_mask=mask.to(model.device),
                    use_cache=False,
                    logits_to_keep=torch.tensor([0], device=model.device),  # logits are of no use here
                )
                read = [layer for layer in seen if layer is not None and layer.shape[:2] == ids.shape]
                if not len(read) == len(seen) == len(layers):
                    raise not_taken(
                        ACTIVATIONS,
                        model,
                        f"{len(read)} of {len(layers)} layers put out activations, in {len(seen)} calls",
                    )
                for number, row in enumerate(batch):
                    tokens = [places[index].token for index in by_row[row]]
                    result[by_row[row]] = (
                        torch.stack([layer[number, tokens] for layer in read], 1).float().cpu().numpy()
                    )
    finally:
        for hook in hooks:
            hook.remove()
    return result


def _fit(
    kind: str, places: Sequence[_Place], activations: Any, fitting: Any, seed: int
) -> tuple[torch.Tensor, FittedKind]:
    is_kind = np.array([place.label == kind for place in places])
    is_other = np.array([place.label == _OTHER for place in places])
    rows = np.array([place.row for place in places])
    in_fit = fitting[rows]
    difference = activations[is_kind & in_fit].mean(0) - activations[is_other & in_fit].mean(0)
    held = (is_kind | is_other) & ~in_fit
    if min(is_kind[held].sum(), is_other[held].sum(), is_kind[in_fit].sum(), is_other[in_fit].sum()) < 2:
        raise StylerepError(
            f"The places before {kind} are in too few rows to be fitted and judged apart; give more rows."
        )
    scores = np.einsum("nlw,lw->nl", activations[held], difference)
    labels, of_row = is_kind[held], rows[held]
    auc = [float(roc_auc_score(labels, scores[:, layer])) for layer in range(scores.shape[1])]
    first, last = (round(share * len(auc)) for share in _MIDDLE)
    layer = first + int(np.argmax(auc[first : max(last, first + 1)]))
    low, high = _interval(
        lambda chosen: float(roc_auc_score(labels[chosen], scores[chosen, layer])), labels, of_row, seed
    )
    result = FittedKind(kind, int(is_kind.sum()), int(is_other.sum()), layer, tuple(auc), low, high)
    return torch.from_numpy(np.ascontiguousarray(difference)), result


def _interval(statistic: Callable[[Any], float], labels: Any, of_row: Any, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval over rows, drawn with replacement."""
    generator, rows = np.random.default_rng(seed), np.unique(of_row)
    members = [np.flatnonzero(of_row == row) for row in rows]
    values = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([members[index] for index in generator.integers(len(rows), size=len(rows))])
        if 0 < labels[chosen].sum() < len(chosen):
            values.append(statistic(chosen))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
