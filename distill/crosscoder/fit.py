"""Fits a crosscoder to a model and an adapter of it, on the rows of data sets."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from distill.crosscoder.activations import ActivationScale, PairReader, scale_of
from distill.crosscoder.crosscoder import Crosscoder
from distill.crosscoder.fitting import FitSettings, fit_crosscoder
from distill.crosscoder.folder import WEIGHTS, WHAT
from distill.crosscoder.measures import CrosscoderQuality, quality_of
from distill.crosscoder.pair import ModelPair, load_pair
from distill.crosscoder.rows import CrosscodedRow, crosscoded_row, split_rows
from distill.crosscoder.saved import save_crosscoder
from distill.crosscoder.shuffling import cohort_size, shuffled, steps_of
from distill.models.adapter_base import weights_digest
from distill.models.decoder_layers import decoder_layers
from distill.models.pretrained import resolve_model
from synth.errors import StylerepError
from synth.files.replace_folder import check_replaceable, refuse_within, replace_folder
from synth.privacy.home_folders import without_home
from synth.progress import each, stage, turn_to
from synth.seeding import generator
from synth.traces.datasets import read_dataset

_CALIBRATING = 64
"""Rows from which the scale of activations is taken."""
_HELD_OUT_SHARE = 0.1
_LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class CrosscodeSettings:
    """What is fitted: the activations after `layers` (counted from 0; none for the middle one), `features` of
    the dictionary, at most `tokens` of responses, each seen `passes` times, `batch` at a time, from a buffer
    of at most `buffer` tokens; `fit` says how, `seed` seeds weights and the order of rows.
    """

    layers: tuple[int, ...] = ()
    features: int = 2048
    tokens: int = 40_000
    passes: int = 10
    batch: int = 1024
    buffer: int = 200_000
    seed: int = 0
    fit: FitSettings = field(default_factory=FitSettings)


def crosscode(
    model: str,
    adapter: Path,
    data: Sequence[Path],
    out: Path,
    settings: CrosscodeSettings | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> CrosscoderQuality:
    """Fit a crosscoder to *model* and *adapter* on the responses in data sets, and write it to the folder
    *out*; return how well it describes problems that it was not fitted on.

    One problem in ten is held out, the same ones of every arm. *out* is replaced whole when the fit has
    ended; until then what was there stays. Raises StylerepError for what can't be loaded or used, for fewer
    than 20 rows, and for an adapter that changes nothing up to those layers.
    """
    settings, began = settings or CrosscodeSettings(), time.monotonic()
    check_replaceable(out, WEIGHTS, WHAT, [resolve_model(model), adapter, *data])
    refuse_within(out, data)
    sets = [read_dataset(folder) for folder in data]
    turn_to("loading the model")
    pair = load_pair(model, adapter, say)
    fitted, held = _rows(sets, pair, settings)
    crosscoder, scale, quality, layers, left_out = fit_pair(pair, fitted, held, settings)
    digest = weights_digest(adapter)
    manifest = {
        "format": 1,
        "model": without_home(model),
        "base_sha256": weights_digest(resolve_model(model)),
        "adapter": without_home(str(adapter)),
        "adapter_sha256": digest,
        "arms": list(dict.fromkeys(manifest["arm"] for _, manifest in sets)),
        "data": [without_home(str(folder)) for folder in data],
        "fingerprints": [manifest["fingerprint"] for _, manifest in sets],
        "layers": list(layers),
        "rows": len(fitted),
        "tokens": sum(row.tokens for row in fitted),
        "tokens_left_out": left_out,
        "settings": {
            **{name: value for name, value in asdict(settings).items() if name not in ("fit", "layers")},
            **{
                name: value if not isinstance(value, torch.dtype) else str(value).removeprefix("torch.")
                for name, value in asdict(settings.fit).items()
                if name != ("l1" if settings.fit.sparsity == "batchtopk" else "k")
            },
        },
        "held_out": {"rows": len(held), **asdict(quality)},
        "dtype": str(pair.model.dtype).removeprefix("torch."),
        "seconds": round(time.monotonic() - began, 1),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft", "stylerep")},
    }
    with replace_folder(out) as folder:
        save_crosscoder(folder, crosscoder, scale, manifest)
    return quality


def fit_pair(
    pair: ModelPair,
    fitted: Sequence[CrosscodedRow],
    held: Sequence[CrosscodedRow],
    settings: CrosscodeSettings,
) -> tuple[Crosscoder, ActivationScale, CrosscoderQuality, tuple[int, ...], int]:
    """Fit a crosscoder to loaded models; return it, the scale of activations, how well it describes the rows
    *held* out, the layers, and how many tokens were left out of fitting as outliers.
    """
    torch.manual_seed(settings.seed)
    layers = settings.layers or (len(decoder_layers(pair.model)) // 2,)
    reader = PairReader(pair.model, layers)
    turn_to("reading activations")
    stream = reader.read(fitted)
    calibrating = each(itertools.islice(stream, _CALIBRATING), "reading activations", len(fitted), "rows")
    first = [found for _, found in calibrating]
    scale = _scale(torch.cat(first), layers)
    width = int(pair.model.config.get_text_config().hidden_size)
    crosscoder = Crosscoder(2, len(layers), width, settings.features, settings.seed).to(pair.model.device)
    total = sum(row.tokens for row in fitted)
    size = cohort_size(total, settings.buffer, settings.passes)
    left_out = 0

    def tell(label: str, total: int, unit: str, done: int) -> None:
        if at.label != label:
            at.turn_to(label, total, unit)
        at.reach(done)

    def activations() -> Iterator[torch.Tensor]:
        nonlocal left_out
        rest = (found for _, found in stream)
        for done, found in enumerate(itertools.chain(first, rest)):
            tell("reading activations", len(fitted), "rows", done)
            scaled, usual = scale.apply(found)
            left_out += int((~usual).sum())
            yield scaled[usual].half().cpu()

    batches = shuffled(
        activations(), size, settings.passes, settings.batch, torch.Generator().manual_seed(settings.seed)
    )
    steps = steps_of(total, size, settings.passes, settings.batch)
    # One stage for both, since reading waits while the buffer is drawn from.
    with stage("reading activations", len(fitted), "rows") as at:
        fit_crosscoder(
            crosscoder,
            batches,
            steps,
            settings.fit,
            lambda done: tell("fitting the crosscoder", steps, "steps", done),
        )
    crosscoder.eval().requires_grad_(False)
    quality = quality_of(
        crosscoder,
        each(_usual(reader, held, scale), "describing problems held out", len(held), "rows"),
    )
    return crosscoder, scale, quality, tuple(layers), left_out


def _usual(
    reader: PairReader, rows: Sequence[CrosscodedRow], scale: ActivationScale
) -> Iterator[torch.Tensor]:
    for _, found in reader.read(rows):
        scaled, usual = scale.apply(found)
        yield scaled[usual]


def _scale(found: torch.Tensor, layers: Sequence[int]) -> ActivationScale:
    if torch.equal(found[:, 0], found[:, 1]):
        raise StylerepError(
            f"The adapter changes nothing in what layer {', '.join(map(str, layers))} puts out, so there is"
            " nothing to tell apart; choose a later layer, or another adapter."
        )
    return scale_of(found)


def _rows(
    sets: Sequence[tuple[list[dict[str, Any]], dict[str, Any]]], pair: ModelPair, settings: CrosscodeSettings
) -> tuple[list[CrosscodedRow], list[CrosscodedRow]]:
    """Return the rows to fit on, of as many tokens as are asked for at most, and those held out, a tenth as
    many tokens.
    """
    # One problem's rows of all arms stand together, so that a limit takes as many of each arm.
    rows = [
        row
        for together in itertools.zip_longest(*(rows for rows, _ in sets))
        for row in together
        if row is not None
    ]
    fitted, held = split_rows(rows)
    if len(rows) < _LEAST_ROWS or not held:
        raise StylerepError(
            f"The data sets hold {len(rows)} rows, of which {len(held)} are of problems that are held out; at"
            f" least {_LEAST_ROWS} and 1 are needed: give more rows."
        )
    generator("crosscode", settings.seed).shuffle(fitted)
    with stage("reading rows", len(rows), "rows") as at:
        return (
            _taken(fitted, pair, settings.tokens, at.advance),
            _taken(held, pair, max(1, round(settings.tokens * _HELD_OUT_SHARE)), at.advance),
        )


def _taken(
    rows: Sequence[Any], pair: ModelPair, tokens: int, told: Callable[[], None]
) -> list[CrosscodedRow]:
    """Return the first rows, up to the one that has the last of so many tokens."""
    found: list[CrosscodedRow] = []
    count = 0
    for row in rows:
        if count >= tokens:
            break
        one = crosscoded_row(row, pair.tokenizer, pair.family, pair.longest)
        told()
        if one.tokens > 0:
            found.append(one)
            count += one.tokens
    return found
