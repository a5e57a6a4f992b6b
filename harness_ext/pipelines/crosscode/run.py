"""``stylerep crosscode report``: reads rows held out with each crosscoder's models, and sums up."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.crosscoder.pair import ModelPair, load_pair
from distill.crosscoder.rows import crosscoded_row, is_held_out
from distill.crosscoder.saved import SavedCrosscoder, load_crosscoder
from distill.models.adapter_base import weights_digest
from distill.models.decoder_layers import decoder_layers
from distill.models.pretrained import check_adapter, resolve_model
from harness_ext.pipelines.crosscode.reading import CrosscoderReading, read_rows
from harness_ext.pipelines.crosscode.report import CrosscodeReport, report_of
from synth.errors import StylerepError
from synth.progress import turn_to
from synth.traces.datasets import read_dataset

_LEAST_PROBLEMS = 2


def crosscode_report(
    crosscoders: Sequence[Path],
    data: Sequence[Path],
    *,
    model: str | None = None,
    adapter: Path | None = None,
    n: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> CrosscodeReport:
    """Report which features each crosscoder's adapter has added, and where they fire, on the rows of data
    sets whose problems are held out (of each data set the first *n*); the first crosscoder is what others are
    held against.

    Model and adapter are those that a crosscoder's manifest names; *model*, and of one crosscoder *adapter*,
    say where they lie now. Raises StylerepError for a crosscoder, model or data set that can't be read, for
    models other than those that it was fitted to, and where fewer than 2 problems are held out.
    """
    if not crosscoders:
        raise StylerepError("Name at least one crosscoder.")
    if adapter and len(crosscoders) > 1:
        raise StylerepError("--adapter is of one crosscoder; name one, or let their manifests say.")
    found = [load_crosscoder(folder) for folder in crosscoders]
    where = [_models(saved, model, adapter) for saved in found]
    rows = _rows(data, n)
    names = _names(crosscoders)
    readings = []
    for name, saved, (base, added) in zip(names, found, where, strict=True):
        turn_to(f"{name}: loading the model")
        pair = load_pair(base, added, say)
        readings.append((name, base, str(added), saved.layers, _reading(saved, pair, rows)))
        del pair
    return report_of(readings)


def _reading(saved: SavedCrosscoder, pair: ModelPair, rows: Sequence[Mapping[str, Any]]) -> CrosscoderReading:
    width, layers = pair.model.config.get_text_config().hidden_size, len(decoder_layers(pair.model))
    if saved.crosscoder.decoder.shape[-1] != width or max(saved.layers) >= layers:
        raise StylerepError(
            f"{saved.folder}: this crosscoder is of layer {max(saved.layers)} of a model of width"
            f" {saved.crosscoder.decoder.shape[-1]}; {saved.model} has {layers} layers of width {width}."
        )
    encoded = [crosscoded_row(row, pair.tokenizer, pair.family, pair.longest) for row in rows]
    return read_rows(saved, pair, encoded)


def _rows(data: Sequence[Path], n: int | None) -> list[dict[str, Any]]:
    rows = [
        row for folder in data for row in [row for row in read_dataset(folder)[0] if is_held_out(row)][:n]
    ]
    if len({row["id"] for row in rows}) < _LEAST_PROBLEMS:
        raise StylerepError(
            f"{', '.join(map(str, data))}: fewer than {_LEAST_PROBLEMS} problems in them are held out of"
            " fitting (one in ten is); give more rows."
        )
    return rows


def _models(saved: SavedCrosscoder, model: str | None, adapter: Path | None) -> tuple[str, Path]:
    """Return where the models of a crosscoder lie; raise StylerepError where they aren't the same ones."""
    name, added = model or saved.model, (adapter or saved.adapter).expanduser()
    path = resolve_model(name)
    check_adapter(added)
    for one, there, here in (
        (name, saved.base_sha256, weights_digest(path)),
        (str(added), saved.adapter_sha256, weights_digest(added)),
    ):
        if there and here and there != here:
            raise StylerepError(
                f"{saved.folder}: this crosscoder was fitted to weights with the SHA-256 {there[:12]}…, and"
                f" those of {one} have {here[:12]}…; name the model and adapter that it was fitted to, or fit"
                " it anew."
            )
    return name, added


def _names(folders: Sequence[Path]) -> list[str]:
    """Return what crosscoders are called: the names of their folders, whole paths where two have one name."""
    short = [folder.resolve().name for folder in folders]
    names = short if len(set(short)) == len(short) else [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise StylerepError("Two of the crosscoders are the same; name each once.")
    return names
