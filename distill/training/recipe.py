"""Reads recipes, which say how a model is trained: one that comes with stylerep, or a YAML file
of your own.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from distill.models.families import Family
from distill.training.loss_on import LOSS_ON
from distill.training.opd.settings import METHOD as ON_POLICY
from distill.training.opd.settings import OnPolicy, taken_out
from synth.errors import StylerepError
from synth.schema import Schema, Whole, read_as, read_yaml, shown

METHODS = ("lora", "dora", "qlora", "full", ON_POLICY)
_ABOVE_ZERO = ("epochs", "batch_size", "rank", "alpha", "max_length")
_WHOLE = ("batch_size", "rank", "alpha", "max_length", "seed")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained; the same for every arm of a study.

    AdamW, cosine decay to zero after a linear warm-up over the share `warm_up` of steps, gradients clipped to
    norm 1. `method` is LoRA (Hu et al., 2021, arXiv:2106.09685), DoRA (Liu et al., 2024, arXiv:2402.09353),
    QLoRA (Dettmers et al., 2023, arXiv:2305.14314), full fine-tuning, or on-policy distillation of a LoRA
    adapter, of which `opd` says the rest; `rank` and `alpha` are LoRA's.
    `batch_size` is in rows a step, over all processes; `max_length` in tokens, prompt included.
    `learning_rate` is the peak rate, or rates by billions of parameters, of which the nearest is taken.
    Without it or `max_length`, the family's are taken, else 1e-3 and 2048. `loss_on` says which tokens of a
    response count (`distill.training.loss_on`).
    """

    method: str = "lora"
    epochs: float = 2.0
    learning_rate: float | Mapping[float, float] | None = None
    batch_size: int = 8
    rank: int = 16
    alpha: int = 32
    max_length: int | None = None
    warm_up: float = 0.05
    weight_decay: float = 0.0
    seed: int = 0
    loss_on: str = "all"
    opd: OnPolicy | None = None

    @property
    def longest(self) -> int:
        """The longest row in tokens that a settled recipe allows."""
        return self.max_length or 2048

    def record(self) -> dict[str, Any]:
        """Return the settings by name, those of on-policy distillation among them where it is the method."""
        settings = asdict(self)
        on_policy = settings.pop("opd")
        return settings | (on_policy or {})

    def validate(self) -> None:
        """Raise StylerepError for a value outside its range."""
        if self.loss_on not in LOSS_ON:
            raise StylerepError(f"loss-on must be one of {', '.join(LOSS_ON)}, got {shown(self.loss_on)}.")
        if self.method not in METHODS:
            raise StylerepError(f"method must be one of {', '.join(METHODS)}, got {shown(self.method)}.")
        if self.method == ON_POLICY:
            (self.opd or OnPolicy()).validate()
            if self.loss_on != "all":
                raise StylerepError(
                    f"--loss-on {self.loss_on} is about the rows' own responses, and --method {ON_POLICY}"
                    " trains on what the student writes; leave one of them out."
                )
        elif self.opd is not None:
            raise StylerepError(f"A teacher is for --method {ON_POLICY}, got --method {self.method}.")
        for name in _ABOVE_ZERO:
            _check(name, getattr(self, name), lambda value: 0 < value < 2**31, "above 0")
        rates = (
            self.learning_rate.values() if isinstance(self.learning_rate, Mapping) else [self.learning_rate]
        )
        for rate in rates:
            _check("learning_rate", rate, lambda value: 0 < value < 2**31, "above 0")
        _check("warm_up", self.warm_up, lambda value: 0 <= value < 1, "from 0 up to 1")
        _check("weight_decay", self.weight_decay, lambda value: 0 <= value < 2**31, "0 or more")
        _check("seed", self.seed, lambda value: -(2**63) <= value < 2**63, "a number of 64 bits")
        for name in _WHOLE:
            _check(name, getattr(self, name), lambda value: isinstance(value, int), "a whole number")

    def settled(self, family: Family, parameters: int, positions: int | None) -> "Recipe":
        """Return the recipe for one model, with one learning rate and a length no greater than the
        *positions* the model has.
        """
        rate = self.learning_rate
        if isinstance(rate, Mapping):
            rate = rate[min(rate, key=lambda billions: abs(float(billions) - parameters / 1e9))]
        length = self.max_length or family.defaults.get("max_length", 2048)
        return replace(
            self,
            learning_rate=rate or family.defaults.get("learning_rate", 1e-3),
            max_length=min(length, positions or length),
        )


_Above = Annotated[float, Field(gt=0, lt=2**31)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1, lt=2**31)]


class _RecipeFile(Schema):
    """What a recipe's file may hold."""

    method: Literal["lora", "dora", "qlora", "full", "opd"] = "lora"
    epochs: _Above = 1.0
    learning_rate: _Above | Annotated[dict[float, _Above], Field(min_length=1)] | None = None
    batch_size: _Count = 1
    rank: _Count = 1
    alpha: _Count = 1
    max_length: _Count | None = None
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: Annotated[float, Field(ge=0, lt=2**31)] = 0.0
    seed: Whole = 0
    loss_on: Literal["all", "steps", "pivots", "answer"] = "all"
    teacher: str | None = None
    teacher_adapter: str | None = None
    beta: _Share = 0.5
    on_policy: _Share = 1.0
    temperature: _Above = 1.0
    max_new_tokens: _Count = 1


def _check(name: str, value: Any, holds: Any, says: str) -> None:
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, (int, float)) or not holds(value)
    ):
        raise StylerepError(f"{name.replace('_', '-')} must be {says}, got {shown(value)}.")


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with stylerep."""
    return sorted(
        path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml")
    )


def load_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of that name, or in that YAML file, with *changes* to single settings (None:
    no change).

    Raises StylerepError for a file that cannot be read, a setting that does not exist or is out of range.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder() / f"{name}.yaml"
    if not path.exists():
        raise StylerepError(
            f"There is no recipe {shown(name)}; there are {', '.join(recipe_names())}, and YAML files of your"
            " own (NAME.yaml)."
        )
    document = read_yaml(path, "recipe")
    content = {} if document.data is None else document.data
    read_as(_RecipeFile, content, path, document.lines)
    changed = {key: value for key, value in (changes or {}).items() if value is not None}
    settings = {"method": "lora", **content, **changed}
    settings, on_policy = taken_out(settings, settings["method"])
    recipe = Recipe(**settings, opd=on_policy)
    if changes and changes.get("rank") and not changes.get("alpha"):
        recipe = replace(recipe, alpha=2 * recipe.rank)
    recipe.validate()
    return recipe


def _folder() -> Path:
    return Path(str(resources.files("distill.training.recipes")))
