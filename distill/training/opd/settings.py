"""The settings of on-policy distillation, which stand in a recipe beside those of every training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from synth.errors import StylerepError
from synth.schema import shown

METHOD = "opd"


@dataclass(frozen=True, slots=True)
class OnPolicy:
    """How a student learns from what it writes itself.

    `teacher` is a model's name, folder or Hub id, and `teacher_adapter` a folder with an adapter for it. The
    loss is the generalised Jensen-Shannon divergence of `beta` (`distill.training.opd.divergence`), from 0
    (forward KL) to 1 (reverse KL). The share `on_policy` of steps, 0 to 1, is on responses that the student
    draws at `temperature` (above 0), of `max_new_tokens` at most; the other steps are on the rows' own.
    """

    teacher: str = ""
    teacher_adapter: str | None = None
    beta: float = 0.5
    on_policy: float = 1.0
    temperature: float = 1.0
    max_new_tokens: int = 512

    @property
    def inputs(self) -> list[str]:
        """What is read: the teacher, and its adapter if it has one."""
        return [self.teacher, *([self.teacher_adapter] if self.teacher_adapter else [])]

    def validate(self) -> None:
        """Raise StylerepError for a teacher that is not named, or a value outside its range."""
        if not self.teacher:
            raise StylerepError(
                "--method opd needs --teacher, a model that scores what the student writes; name one with the"
                " student's own tokenizer."
            )
        for name in ("beta", "on_policy"):
            if not _number(getattr(self, name)) or not 0 <= getattr(self, name) <= 1:
                raise StylerepError(f"{_option(name)} must be from 0 to 1, got {shown(getattr(self, name))}.")
        if not _number(self.temperature) or not 0 < self.temperature < 2**31:
            raise StylerepError(
                f"temperature must be above 0, got {shown(self.temperature)}: the student draws its tokens."
            )
        count = self.max_new_tokens
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count < 2**31:
            raise StylerepError(f"max-new-tokens must be a whole number above 0, got {shown(count)}.")

    def room(self, prompt: int, longest: int) -> int:
        """Return how many tokens may follow a *prompt* of so many, in a row of *longest* at most."""
        return min(self.max_new_tokens, longest - prompt)

    def writes(self, step: int) -> bool:
        """Say whether a step, from 0 on, is on what the student writes; such steps are spread evenly."""
        return _up_to(step + 1, self.on_policy) > _up_to(step, self.on_policy)


NAMES = tuple(field.name for field in fields(OnPolicy))


def taken_out(settings: Mapping[str, Any], method: str) -> tuple[dict[str, Any], OnPolicy | None]:
    """Return settings of a recipe without those of on-policy distillation, and these by themselves.

    Raises StylerepError for one that is given where *method* is another.
    """
    own = {name: settings[name] for name in NAMES if settings.get(name) is not None}
    rest = {name: value for name, value in settings.items() if name not in NAMES}
    if method == METHOD:
        return rest, OnPolicy(**own)
    if own:
        raise StylerepError(
            f"--{_option(next(iter(own)))} is for on-policy distillation; add --method {METHOD}, or leave it"
            " out."
        )
    return rest, None


def _up_to(steps: int, share: float) -> int:
    """Return how many of the first steps are on-policy."""
    return math.floor(steps * share + 1e-9)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _option(name: str) -> str:
    return name.replace("_", "-")
