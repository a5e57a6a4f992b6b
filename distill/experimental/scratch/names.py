"""Experimental: names and recipes of models trained from nothing:
``scratch:ARCHITECTURE-SIZE[:seed=N][:tokens=N][:sources=A+B]``.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from distill.experimental.scratch.shapes import ARCHITECTURES, SIZES
from synth.errors import StylerepError
from synth.schema import Schema, read_as, read_json

PREFIX = "scratch:"
_NAME = re.compile(r"([a-z0-9_]+)-([0-9]+m)((?::[a-z]+=[a-z0-9+]{1,60})*)")
CURRICULUM_VERSION = 2
"""Of the rows they are trained on (`distill.experimental.scratch.curriculum`); raised when those change; a
test holds those of this version.
"""
SOURCES = ("arith", "chain", "kg", "kinship")
"""What problems there are to train on."""
VERSION = 1
"""Of how they are trained (`distill.experimental.scratch.pretrain`); raised when that changes."""


@dataclass(frozen=True, slots=True)
class ScratchModel:
    """A model by what it is made of; `tokens` is how long it is trained, `sources` on what problems,
    in the order of `SOURCES`.
    """

    architecture: str
    size: str
    seed: int
    tokens: int
    sources: tuple[str, ...] = SOURCES

    @property
    def name(self) -> str:
        """The name, with what is not as usual."""
        options = [f":seed={self.seed}"] * (self.seed != 0) + [f":tokens={self.tokens}"] * (
            self.tokens != SIZES[self.size].tokens
        )
        options += [f":sources={'+'.join(self.sources)}"] * (self.sources != SOURCES)
        return f"{PREFIX}{self.architecture}-{self.size}{''.join(options)}"

    @property
    def minutes(self) -> float:
        """How long training takes on two cores, roughly."""
        return self.tokens / SIZES[self.size].rate / 60

    def recipe(self) -> dict[str, Any]:
        """Return all that decides what the model learns, but for the machine: its number format,
        threads and versions are in the manifest.
        """
        return {
            "architecture": self.architecture,
            "shape": {
                name: value
                for name, value in asdict(SIZES[self.size]).items()
                if name not in ("tokens", "rate")
            },
            "seed": self.seed,
            "tokens": self.tokens,
            "sources": list(self.sources),
            "training_version": VERSION,
            "curriculum_version": CURRICULUM_VERSION,
        }

    def folder(self) -> Path:
        """Return where the model lies in the cache once it is trained;
        the folder is known by a hash of the recipe.
        """
        from distill.models.cache import cache_folder

        key = hashlib.sha256(json.dumps(self.recipe(), sort_keys=True).encode()).hexdigest()[:12]
        return cache_folder() / "models" / "scratch" / f"{self.architecture}-{self.size}-{key}"

    def trained_folder(self) -> Path | None:
        """Return the folder if the model has been trained."""
        from distill.models.cache import MANIFEST

        return self.folder() if (self.folder() / MANIFEST).is_file() else None


def is_scratch(name: str) -> bool:
    """Say whether a name is meant for a model trained from nothing."""
    return name.startswith(PREFIX)


def scratch_model(name: str, seed: int | None = None, tokens: int | None = None) -> ScratchModel:
    """Read a name; *seed* and *tokens*, where given, stand for what it says.
    Raises StylerepError for one that names no such model.
    """
    found = _NAME.fullmatch(name.removeprefix(PREFIX))
    if not found or found[1] not in ARCHITECTURES or found[2] not in SIZES:
        raise StylerepError(
            f"There is no model {name!r}: one trained from nothing is named {PREFIX}ARCHITECTURE-SIZE, of"
            f" {', '.join(ARCHITECTURES)} and {', '.join(SIZES)}."
        )
    options = dict(part.split("=") for part in found[3].split(":")[1:])
    if unknown := [option for option in options if option not in ("seed", "tokens", "sources")]:
        raise StylerepError(
            f"{name}: there is no option {unknown[0]!r}; a model trained from nothing has seed, tokens and"
            " sources."
        )
    if wrong := [option for option in ("seed", "tokens") if not options.get(option, "0").isdecimal()]:
        raise StylerepError(f"{name}: {wrong[0]} is a whole number, found {options[wrong[0]]!r}.")
    named = options["sources"].split("+") if "sources" in options else list(SOURCES)
    if missing := [source for source in named if source not in SOURCES]:
        raise StylerepError(
            f"{name}: there is no source {missing[0]!r} to train on; there are {', '.join(SOURCES)}, several"
            " joined by +."
        )
    chosen_seed = int(options.get("seed", 0)) if seed is None else seed
    chosen_tokens = int(options.get("tokens", SIZES[found[2]].tokens)) if tokens is None else tokens
    if not 1 <= chosen_tokens < 2**63 or not 0 <= chosen_seed < 2**63:
        raise StylerepError(
            f"{name}: tokens must be 1 or more and the seed 0 or more and below 2^63, got {chosen_tokens} and"
            f" {chosen_seed}."
        )
    return ScratchModel(
        found[1], found[2], chosen_seed, chosen_tokens, tuple(source for source in SOURCES if source in named)
    )


class _Made(Schema):
    """What the folder of a trained model says of it, as far as it is read back."""

    model_config = ConfigDict(extra="ignore")
    name: str


def listed() -> Iterator[str]:
    """Yield a line for each model: its name, how long it trains on two cores, and where it is; then those
    trained with another seed or length.
    """
    from distill.models.cache import MANIFEST, cache_folder

    usual = [
        scratch_model(f"{PREFIX}{architecture}-{size}") for architecture in ARCHITECTURES for size in SIZES
    ]
    others = []
    for path in sorted((cache_folder() / "models" / "scratch").glob(f"*/{MANIFEST}")):
        model = scratch_model(read_as(_Made, read_json(path), path).name)
        if model not in usual and model.folder() == path.parent:
            others.append(model)
    for model in (*usual, *others):
        yield (
            f"{model.name}  trained here "
            f" {model.trained_folder() or f'not trained (about {_time(model.minutes)} on 2 cores)'}"
        )


def _time(minutes: float) -> str:
    return f"{max(1, round(minutes))} minutes" if minutes < 100 else f"{minutes / 60:.0f} hours"
