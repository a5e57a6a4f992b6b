"""Reads and checks one family file."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN
from synth.schema import Line, Schema, read_as, read_yaml

_EMBEDDINGS = re.compile(r"embed|lm_head|wte|wpe")


def _targets(given: str | list[str]) -> str | list[str]:
    if isinstance(given, str):
        try:
            re.compile(given)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(
                f"all-linear, a regular expression (this is none: {error}), or a list of names of modules"
            ) from error
    if any(_EMBEDDINGS.search(name) for name in _tuple(given)):
        raise ValueError(
            "no embeddings and no output layer: lm_eval resizes embeddings under an adapter, so none may hold"
            " them"
        )
    return given


def _rate(value: object) -> object:
    if isinstance(value, str):
        raise ValueError("a number (write 6.0e-5, which YAML reads as a number, not 6e-5)")
    return value


_Text = Annotated[str, Field(min_length=1)]
_Texts = _Text | Annotated[list[_Text], Field(min_length=1)]
_Count = Annotated[int, Field(ge=1, lt=2**31)]


class _Match(Schema):
    model_type: _Texts
    vocab_size: _Count | Annotated[list[_Count], Field(min_length=1)] = Field(default=[])
    tokens: _Texts = Field(default=[])


class _Think(Schema):
    open: _Text
    close: _Text
    special: bool = False

    @model_validator(mode="after")
    def _differ(self) -> "_Think":
        if self.open == self.close or not self.open.strip() or not self.close.strip():
            raise ValueError("two different tags, open and close")
        return self


class _Defaults(Schema):
    learning_rate: Annotated[float, Field(gt=0, lt=2**31), BeforeValidator(_rate)] = Field(default=1.0)
    max_length: _Count = 1


class _FamilyFile(Schema):
    """What a family file may hold."""

    name: Line
    match: _Match
    end_of_turn: _Text
    end_of_text: _Text | None = None
    think: _Think | None = None
    template_arguments: dict[Line, JsonValue] = Field(default={})
    lora_targets: Annotated[_Texts, AfterValidator(_targets)] = "all-linear"
    fan_in_fan_out: bool = False
    defaults: _Defaults | None = None


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """What a family file says. A model matches if its type and vocabulary size are among those listed and it
    has all `tokens`.
    """

    path: Path
    name: str
    model_types: tuple[str, ...]
    vocab_sizes: tuple[int, ...]
    tokens: frozenset[str]
    end_of_turn: str
    end_of_text: str | None
    think: tuple[str, str]
    think_special: bool
    template_arguments: dict[str, Any]
    lora_targets: str | list[str]
    fan_in_fan_out: bool
    defaults: dict[str, Any]

    @property
    def conditions(self) -> int:
        """How specific the file is: its model type, its vocabulary size if it has one,
        and each of its tokens.
        """
        return 1 + bool(self.vocab_sizes) + len(self.tokens)

    def matches(self, model_type: str, vocab_size: int, vocabulary: Collection[str]) -> bool:
        """Tell whether a model is of this family."""
        return (
            model_type in self.model_types
            and (not self.vocab_sizes or vocab_size in self.vocab_sizes)
            and all(token in vocabulary for token in self.tokens)
        )


def read_family(path: Path) -> FamilyFile:
    """Return what a family file says; raise StylerepError, naming line and key,
    for the first thing that is wrong with it.
    """
    document = read_yaml(path, "family file")
    read = read_as(_FamilyFile, document.data, path, document.lines)
    if read.name != path.stem:
        raise document.error(
            ("name",), f"this is {read.name!r}, and the file is named {path.name}; they must agree"
        )
    return FamilyFile(
        path,
        read.name,
        _tuple(read.match.model_type),
        _tuple(read.match.vocab_size),
        frozenset(_tuple(read.match.tokens)),
        read.end_of_turn,
        read.end_of_text,
        (read.think.open, read.think.close) if read.think else (OPEN, CLOSE),
        read.think.special if read.think else False,
        read.template_arguments,
        read.lora_targets,
        read.fan_in_fan_out,
        read.defaults.model_dump(exclude_unset=True) if read.defaults else {},
    )


def file_problem(path: Path) -> str | None:
    """Return what is wrong with a family file, without its name; None if all is well."""
    try:
        read_family(path)
    except StylerepError as error:
        return str(error).removeprefix(f"{path}, ").removeprefix(f"{path}: ")
    return None


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
