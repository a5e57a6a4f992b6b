"""Settings of the controls of style, checked, and the name they give an arm.

--model style-hf --model_args
pretrained=NAME,think_budget=256,budget_forcing=2,suppress=realization+verification
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.style import KINDS, load_lexicon

FORCING_TEXT = "Wait"
"""Of Muennighoff et al. (2025), s1: Simple test-time scaling, arXiv:2501.19393."""
ANSWER_TEXT = "The answer is"
_GOES_WITH = {
    "answer_text": "think_budget",
    "forcing_text": "budget_forcing",
    "steer_kind": "steer",
    "steer_layer": "steer",
    "steer_strength": "steer",
}


@dataclass(frozen=True, slots=True)
class Controls:
    """Interventions at decoding time; as they stand here, none.

    `think_budget` is the most tokens of a trace: at that many the trace is closed and the answer begun with
    `answer_text`. `budget_forcing` is how often the end of a trace is taken back and `forcing_text` put in
    its place. `suppress` names kinds of pivots that are not written. `steer` is a file of ``stylerep steer
    fit``, whose direction of the kind `steer_kind` is added at layer `steer_layer`, `steer_strength` times.
    """

    think_budget: int | None = None
    answer_text: str = ANSWER_TEXT
    budget_forcing: int = 0
    forcing_text: str = FORCING_TEXT
    suppress: tuple[str, ...] = ()
    steer: str | None = None
    steer_kind: str | None = None
    steer_layer: int | None = None
    steer_strength: float | None = None

    @property
    def label(self) -> str:
        """What is done, as it stands in the name of an arm: ``budget256+wait2+no-realization``;
        empty if nothing is.
        """
        parts = []
        if self.think_budget:
            parts.append(
                f"budget{self.think_budget}"
                + (f"({self.answer_text.strip()})" if self.answer_text != ANSWER_TEXT else "")
            )
        if self.budget_forcing:
            parts.append(
                f"wait{self.budget_forcing}"
                + (f"({self.forcing_text.strip()})" if self.forcing_text != FORCING_TEXT else "")
            )
        parts += ["no-pivots"] if self.suppress == KINDS else [f"no-{kind}" for kind in self.suppress]
        if self.steer:
            parts.append(
                f"steer-{self.steer_kind}{self.steer_strength:+g}"
                + (f"@{self.steer_layer}" if self.steer_layer is not None else "")
            )
        return "+".join(parts)

    def arm(self, name: str) -> str:
        """Return what an arm is called under these controls: ``hc+wait2``."""
        return f"{name}+{self.label}" if self.label else name

    def record(self) -> dict[str, Any]:
        """Return what differs from doing nothing, for a manifest.
        The file of directions is recorded by its SHA-256, wherever it lies.
        """
        empty = Controls()
        found = {
            name: _plain(getattr(self, name)) for name in NAMES if getattr(self, name) != getattr(empty, name)
        }
        if path := found.pop("steer", None):
            found["steer_sha256"] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return found


NAMES = tuple(one.name for one in fields(Controls))
"""The arguments of a model that are controls."""


def read_controls(model_args: Mapping[str, Any]) -> Controls:
    """Read the controls among the arguments of a model; raise StylerepError for one that cannot be."""
    given = {name: model_args[name] for name in NAMES if model_args.get(name) is not None}
    values: dict[str, Any] = dict(given)
    for name, least in (("think_budget", 1), ("budget_forcing", 0), ("steer_layer", 0)):
        if name in given:
            values[name] = _whole(name, given[name], least)
    if "suppress" in given:
        values["suppress"] = _kinds(given["suppress"])
    if "steer_strength" in given and (
        isinstance(given["steer_strength"], bool) or not isinstance(given["steer_strength"], (int, float))
    ):
        raise StylerepError(
            f"--model_args steer_strength must be a number, found {given['steer_strength']!r}."
        )
    for name in ("answer_text", "forcing_text"):
        if name in given:
            values[name] = str(given[name])
            if not values[name].strip():
                raise StylerepError(
                    f"--model_args {name} is empty; give the words that are to be written, or leave it out."
                )
    controls = Controls(**values)
    _check(controls, given)
    return controls


def _check(controls: Controls, given: Mapping[str, Any]) -> None:
    for name, needed in _GOES_WITH.items():
        if name in given and not getattr(controls, needed):
            raise StylerepError(f"--model_args {name} goes with {needed}, which is not given.")
    if controls.steer:
        if not Path(controls.steer).is_file():
            raise StylerepError(
                f"--model_args steer={controls.steer}: there is no such file; make one with stylerep steer"
                " fit."
            )
        for name in ("steer_kind", "steer_strength"):
            if getattr(controls, name) is None:
                raise StylerepError(
                    f"--model_args steer needs {name} as"
                    f" well{': one of ' + ', '.join(KINDS) if name == 'steer_kind' else ', a number'}."
                )
        if controls.steer_kind not in KINDS:
            raise StylerepError(
                f"--model_args steer_kind must be one of {', '.join(KINDS)}, found {controls.steer_kind!r}."
            )
    for used, text in (
        (controls.budget_forcing, controls.forcing_text),
        (controls.think_budget, controls.answer_text),
    ):
        found = (
            [pivot for pivot in load_lexicon().find(text) if pivot.kind in controls.suppress] if used else []
        )
        if found:
            raise StylerepError(
                f"The text {text!r} is to be forced, and suppress={'+'.join(controls.suppress)} forbids"
                f" {found[0].phrase!r} in it; choose another text or other kinds."
            )


def _kinds(value: Any) -> tuple[str, ...]:
    named = [one.strip() for one in str(value).split("+") if one.strip()]
    if named == ["all"]:
        return KINDS
    for one in named:
        if one not in KINDS:
            raise StylerepError(
                f"--model_args suppress takes {', '.join(KINDS)}, joined by +, or all; found {one!r}."
            )
    if not named:
        raise StylerepError(
            f"--model_args suppress names no kind of pivots; choose from {', '.join(KINDS)}, joined by +, or"
            " all."
        )
    return tuple(kind for kind in KINDS if kind in named)


def _whole(name: str, value: Any, least: int) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str))
        or not str(value).isdigit()
        or int(value) < least
    ):
        raise StylerepError(f"--model_args {name} must be a whole number from {least} on, found {value!r}.")
    return int(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
