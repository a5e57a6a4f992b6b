"""Whether an adapter belongs on a base model: by the digest of the base that its manifest names,
else by the shapes of its weights.
"""

import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from distill.models.pretrained import resolve_model
from synth.errors import StylerepError

BASE = "base_sha256"
"""In the manifest of an adapter, the digest of the base that it was trained on (`weights_digest`)."""
_LONGEST_HEADER = 100_000_000
_FACTOR = re.compile(r"^(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])(?:\.\w+)?\.weight$")
_PLAIN = ("F64", "F32", "F16", "BF16")


class _Tensor(NamedTuple):
    dtype: str
    shape: tuple[int, ...]


def weights_digest(folder: str | Path) -> str | None:
    """Return the SHA-256 of the safetensors files of a model's folder, one after the other by name; None for
    what has none, such as a Hub id.
    """
    paths = sorted(Path(folder).glob("*.safetensors")) if Path(folder).is_dir() else []
    if not paths:
        return None
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def check_base(adapter: Path, model: str) -> str | None:
    """Make sure that an adapter, in a folder, was trained on *model* (a name, folder or Hub id); return a
    note where that could not be told for sure.

    With a digest of its base in the adapter's manifest, that of the model must be the same. Without, its
    weights must have the shapes of the model's. Raises StylerepError, in one sentence, where they do not.
    """
    path = Path(resolve_model(model))
    manifest, settings = _json(adapter / "manifest.json"), _json(adapter / "adapter_config.json")
    trained_on = str(manifest.get("base_model") or settings.get("base_model_name_or_path") or "another model")
    there = manifest.get(BASE)
    if isinstance(there, str) and (here := weights_digest(path)):
        if here != there:
            raise StylerepError(
                f"{adapter}: this adapter was trained on {trained_on}, whose weights have the SHA-256"
                f" {there[:12]}…, and those of {model} have {here[:12]}…; put it on the model that it was"
                " trained on, or train it anew."
            )
        return None
    _check_shapes(adapter, model, path, trained_on)
    if path.is_dir() and _last(trained_on) not in (_last(model), _last(str(path)), "another model"):
        return (
            f"{adapter} says that it was trained on {trained_on}, not on {model}; it names no digest of its"
            " base, and its shapes fit, so it is taken."
        )
    return None


def _check_shapes(adapter: Path, model: str, path: Path, trained_on: str) -> None:
    """Raise StylerepError where no factor of the adapter has a place in the model, or one has another
    shape.
    """
    base = {
        name: tensor
        for file in (sorted(path.glob("*.safetensors")) if path.is_dir() else ())
        for name, tensor in _header(file).items()
    }
    weights = adapter / "adapter_model.safetensors"
    factors = dict(_factors(_header(weights))) if weights.is_file() else {}
    if not base or not factors:
        return
    placed = 0
    for (module, side), shape in factors.items():
        weight = _weight_of(module, base)
        if weight is None:
            continue
        placed += 1
        own, side_of = (shape[1], "inputs") if side == "A" else (shape[0], "outputs")
        if weight.dtype in _PLAIN and len(weight.shape) == 2 and own not in weight.shape:
            raise StylerepError(
                f"{adapter}: this adapter was trained on {trained_on} and does not fit {model}: of {module},"
                f" it has {own} {side_of}, and the model's weight is of {' × '.join(map(str, weight.shape))}."
            )
    if not placed:
        first = next(iter(factors))[0]
        raise StylerepError(
            f"{adapter}: this adapter was trained on {trained_on} and does not fit {model}, which has no"
            f" weight {first}."
        )


def _factors(tensors: Mapping[str, _Tensor]) -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    for name, tensor in tensors.items():
        if (match := _FACTOR.match(name)) and len(tensor.shape) == 2:
            yield (match["module"], match["side"]), tensor.shape


def _weight_of(module: str, base: Mapping[str, _Tensor]) -> _Tensor | None:
    """Return the base's weight of a module; files may lack the name of the model within, or have it."""
    for name in (
        module,
        module.partition(".")[2],
        f"model.{module}",
        f"transformer.{module}",
        module.replace("model.", "", 1),
    ):
        if found := base.get(f"{name}.weight"):
            return found
    return None


def _header(path: Path) -> dict[str, _Tensor]:
    """Return the shape of each tensor in a safetensors file; raise StylerepError for what is none."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _LONGEST_HEADER:
                raise ValueError("its header is too long")
            content = json.loads(file.read(length))
        return {
            name: _Tensor(one["dtype"], tuple(one["shape"]))
            for name, one in content.items()
            if name != "__metadata__"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, RecursionError) as error:
        raise StylerepError(
            f"{path}: this is no safetensors file, or it was cut off ({type(error).__name__})."
        ) from error


def _json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes()) if path.is_file() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise StylerepError(f"{path}: this is not valid JSON ({error}).") from error
    return content if isinstance(content, dict) else {}


def _last(name: str) -> str:
    return re.split(r"[/\\]", name.rstrip("/\\"))[-1].lower()
