"""Reads and checks one family file."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN

_NEEDED = ("name", "match", "end_of_turn")
_OPTIONAL = ("end_of_text", "think", "template_arguments", "lora_targets", "fan_in_fan_out", "defaults")
_MATCH = ("model_type", "vocab_size", "tokens")
_THINK = ("open", "close", "special")
_DEFAULTS = ("learning_rate", "max_length")


@dataclass(frozen=True, slots=True)
class FamilyFile:
    """What a family file says. A model matches if its type and vocabulary size are among those listed and it has all `tokens`."""

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
        """How specific the file is: its model type, its vocabulary size if it has one, and each of its tokens."""
        return 1 + bool(self.vocab_sizes) + len(self.tokens)

    def matches(self, model_type: str, vocab_size: int, vocabulary: Collection[str]) -> bool:
        """Tell whether a model is of this family."""
        return model_type in self.model_types and (not self.vocab_sizes or vocab_size in self.vocab_sizes) and all(token in vocabulary for token in self.tokens)


def read_family(path: Path) -> FamilyFile:
    """Return what a family file says; raise StylerepError for the first thing that is wrong with it."""
    content = _load(path)
    for problem in _problems(path, content):
        raise StylerepError(f"{path}: {problem}")
    match, think = content["match"], content.get("think", {})
    return FamilyFile(
        path,
        content["name"],
        _tuple(match["model_type"]),
        _tuple(match.get("vocab_size", ())),
        frozenset(_tuple(match.get("tokens", ()))),
        content["end_of_turn"],
        content.get("end_of_text"),
        (think.get("open", OPEN), think.get("close", CLOSE)),
        think.get("special", False),
        content.get("template_arguments", {}),
        content.get("lora_targets", "all-linear"),
        content.get("fan_in_fan_out", False),
        content.get("defaults", {}),
    )


def file_problems(path: Path) -> list[str]:
    """Return everything that is wrong with a family file, a sentence each; none if all is well."""
    try:
        return list(_problems(path, _load(path)))
    except StylerepError as error:
        return [str(error).removeprefix(f"{path}: ")]


def _load(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StylerepError(f"{path}: this is not valid YAML ({' '.join(str(error).split())}).") from error


def _problems(path: Path, content: Any) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"expected the keys {', '.join(_NEEDED)}."
        return
    yield from _unknown(content, "", (*_NEEDED, *_OPTIONAL))
    yield from (f"the key {key!r} is missing." for key in _NEEDED if key not in content)
    if content.get("name", path.stem) != path.stem:
        yield f"'name' is {content['name']!r}, and the file is named {path.name}; they must agree."
    for key in ("end_of_turn", "end_of_text"):
        if key in content and not _is_text(content[key]):
            yield f"{key!r} must be a token, found {content[key]!r}."
    if "match" in content:
        yield from _match_problems(content["match"])
    if "think" in content:
        yield from _think_problems(content["think"])
    if not isinstance(content.get("template_arguments", {}), dict):
        yield f"'template_arguments' must hold NAME: VALUE, found {content['template_arguments']!r}."
    yield from _training_problems(content)


def _match_problems(match: Any) -> Iterator[str]:
    if not isinstance(match, dict) or "model_type" not in match:
        yield "'match' needs model_type, the model_type of the models' config.json."
        return
    yield from _unknown(match, "match.", _MATCH)
    for key, kind in (("model_type", str), ("vocab_size", int), ("tokens", str)):
        values = _tuple(match.get(key, ()))
        if key in match and not (values and all(isinstance(value, kind) and value and not isinstance(value, bool) for value in values)):
            yield f"'match.{key}' must be {'a number' if kind is int else 'a text'} or a list of them, found {match[key]!r}."


def _think_problems(think: Any) -> Iterator[str]:
    if not isinstance(think, dict):
        yield f"'think' must hold open and close, found {think!r}."
        return
    yield from _unknown(think, "think.", _THINK)
    tags = think.get("open"), think.get("close")
    if not all(_is_text(tag) for tag in tags) or tags[0] == tags[1]:
        yield "'think' needs two different tags, open and close."
        return
    if not isinstance(think.get("special", False), bool):
        yield f"'think.special' must be true or false, found {think['special']!r}."


def _training_problems(content: dict[str, Any]) -> Iterator[str]:
    targets = content.get("lora_targets", "all-linear")
    if isinstance(targets, str):
        try:
            re.compile(targets)
        except re.error as error:
            yield f"'lora_targets' is no regular expression ({error})."
    if not (_is_text(targets) or (isinstance(targets, list) and targets and all(map(_is_text, targets)))):
        yield f"'lora_targets' must be all-linear, a regular expression, or a list of module names, found {targets!r}."
    elif any(re.search(r"embed|lm_head|wte|wpe", name) for name in _tuple(targets)):
        yield "'lora_targets' names embeddings or the output layer: lm_eval resizes embeddings under an adapter, so none may hold them."
    if not isinstance(content.get("fan_in_fan_out", False), bool):
        yield f"'fan_in_fan_out' must be true or false, found {content['fan_in_fan_out']!r}."
    defaults = content.get("defaults", {})
    if not isinstance(defaults, dict):
        yield f"'defaults' must hold NAME: VALUE, found {defaults!r}."
        return
    yield from _unknown(defaults, "defaults.", _DEFAULTS)
    for key, value in defaults.items():
        if not _is_positive(value) or (key == "max_length" and not isinstance(value, int)):
            yield f"'defaults.{key}' must be a number above 0 (write 6.0e-5, which YAML reads as a number, not 6e-5), found {value!r}."


def _unknown(content: dict[Any, Any], prefix: str, known: Collection[str]) -> Iterator[str]:
    for key in content:
        if key not in known:
            yield f"there is no key '{prefix}{key}'; choose from {', '.join(known)}."


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
