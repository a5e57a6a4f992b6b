"""Writes a fitted crosscoder, and reads it: weights as safetensors, a manifest, a card."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from distill.crosscoder.activations import ActivationScale
from distill.crosscoder.crosscoder import Crosscoder
from distill.crosscoder.folder import MANIFEST, WEIGHTS, check_crosscoder
from synth.errors import StylerepError
from synth.privacy.home_folders import without_home
from synth.schema import Schema, read_as, read_json


class _CrosscoderManifest(Schema):
    model_config = ConfigDict(extra="ignore")
    model: str
    base_sha256: str | None
    adapter: str
    adapter_sha256: str
    layers: Annotated[list[Annotated[int, Field(ge=0, lt=10_000)]], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class SavedCrosscoder:
    """A crosscoder from its `folder`: the `scale` of its activations, the `layers` they are of, and of which
    model and adapter, by name and digest; `manifest` has the rest.
    """

    folder: Path
    crosscoder: Crosscoder
    scale: ActivationScale
    model: str
    base_sha256: str | None
    adapter: Path
    adapter_sha256: str
    layers: tuple[int, ...]
    manifest: dict[str, Any]


def save_crosscoder(
    folder: Path, crosscoder: Crosscoder, scale: ActivationScale, manifest: Mapping[str, Any]
) -> None:
    """Write a crosscoder into an empty folder."""
    tensors = {name: value.detach().contiguous().cpu() for name, value in crosscoder.state_dict().items()}
    save_file({**tensors, "scale": scale.factor.cpu().contiguous()}, folder / WEIGHTS)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(crosscoder_card(manifest), encoding="utf-8")


def load_crosscoder(folder: Path) -> SavedCrosscoder:
    """Read a crosscoder; raise StylerepError for a folder that holds none, or a damaged one."""
    check_crosscoder(folder)
    content = read_json(folder / MANIFEST)
    about = read_as(_CrosscoderManifest, content, folder / MANIFEST)
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
        features, models, layers, width = tensors["decoder"].shape
        crosscoder = Crosscoder(models, layers, width, features)
        factor = tensors.pop("scale")
        crosscoder.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise StylerepError(f"{path}: these are not the weights of a crosscoder ({said}).") from error
    if models != 2 or layers != len(about.layers) or factor.shape != (models, layers):
        raise StylerepError(
            f"{path}: the weights are of {models} models and {layers} layers, not of 2 and"
            f" {len(about.layers)}, as {MANIFEST} says."
        )
    if not all(one.isfinite().all() for one in (*tensors.values(), factor)):
        raise StylerepError(f"{path}: not all weights are finite numbers; fit the crosscoder anew.")
    return SavedCrosscoder(
        folder,
        crosscoder.eval().requires_grad_(False),
        ActivationScale(factor),
        about.model,
        about.base_sha256,
        Path(about.adapter),
        about.adapter_sha256,
        tuple(about.layers),
        dict(content),
    )


def crosscoder_card(manifest: Mapping[str, Any]) -> str:
    """Return a card in Markdown, with the Hub's fields, from a crosscoder's manifest."""
    held, settings = manifest["held_out"], manifest["settings"]
    head = {"base_model": manifest["model"], "tags": ["stylerep", "crosscoder"]}
    fields = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items())
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in settings.items())

    def shares(values: list[float]) -> str:
        return ", ".join(f"{100 * value:.1f} %" for value in values)

    return without_home(f"""---
{fields}
---
# Crosscoder of {manifest["model"]} and its adapter {Path(manifest["adapter"]).name}

One dictionary of {settings["features"]} features for the residual stream of both models after layer
{", ".join(map(str, manifest["layers"]))} (from 0 on), fitted by stylerep {manifest["versions"]["stylerep"]}
on {manifest["tokens"]:,} tokens of responses of the arms {", ".join(manifest["arms"])}. It describes what the
adapter changed; it is not meant for anything else.

    stylerep crosscode report FOLDER --data DATA --json report.json --html report.html

| on {held["tokens"]:,} tokens held out | |
|---|---|
| explained variance, base | {shares(held["explained"]["base"])} |
| explained variance, adapter | {shares(held["explained"]["adapter"])} |
| explained variance of their difference | {shares(held["difference"])} |
| variance of their difference, of the base's | {shares(held["moved"])} |
| active features a token (L0) | {held["active"]:.1f} |
| features never active | {100 * held["dead"]:.1f} % |

| setting | value |
|---|---|
{rows}

`{MANIFEST}` beside this file says the rest.
""")
