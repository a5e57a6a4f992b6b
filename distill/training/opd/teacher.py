"""The teacher of on-policy distillation: checked, loaded, and asked for its scores of tokens."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from distill.models.adapter_base import check_base, weights_digest
from distill.models.loading import empty_model, load_config, load_model, load_tokenizer
from distill.models.precision import fast_dtype
from distill.models.pretrained import check_adapter, resolve_model
from distill.training.encode import IGNORED, Encoded, packed, padded
from distill.training.fast.attention import NAME, rows
from distill.training.opd.settings import OnPolicy
from synth.errors import StylerepError

# Tokens of each of the two rows by which packing is checked, and the relative error of logits that it may
# bring: as for the gradients of training.
_CHECKED = 48
_ALLOWED = {torch.float32: 1e-3}
_ALLOWED_HALF = 0.2


def check_teacher(settings: OnPolicy, student: str, tokenizer: Any) -> tuple[int, float]:
    """Return how many tokens the vocabularies of teacher and student have in common, by the logits of the
    two, and the bytes that the teacher's weights take; nothing of it is loaded but tokenizer and
    configuration.

    Raises StylerepError for a model or adapter that is not there, and for another vocabulary.
    """
    resolve_model(settings.teacher)
    if settings.teacher_adapter:
        check_adapter(settings.teacher_adapter)
        check_base(Path(settings.teacher_adapter), settings.teacher)
    mine, theirs = tokenizer.get_vocab(), load_tokenizer(settings.teacher).get_vocab()
    if mine != theirs:
        raise StylerepError(
            f"The teacher {settings.teacher} has another vocabulary than {student}"
            f" ({_difference(mine, theirs)}); the two must have the same tokenizer, since the teacher scores"
            " the student's own tokens."
        )
    configs = load_config(settings.teacher), load_config(student)
    parameters = sum(parameter.numel() for parameter in empty_model(configs[0]).parameters())
    width = min(int(config.get_text_config().vocab_size) for config in configs)
    return width, parameters * fast_dtype().itemsize


def teacher_digests(settings: OnPolicy) -> dict[str, str | None]:
    """Return the SHA-256 of the weights of teacher and adapter; None for what has no files here."""
    adapter = settings.teacher_adapter
    return {
        "teacher_sha256": weights_digest(resolve_model(settings.teacher)),
        "teacher_adapter_sha256": weights_digest(adapter) if adapter else None,
    }


class Teacher:
    """Gives its logits of the first *width* tokens of its vocabulary; `packed` says whether it reads rows
    without padding, which is kept where two short *sample* rows have the same logits so.
    """

    def __init__(
        self, settings: OnPolicy, width: int, device: torch.device, sample: Sequence[Encoded], pack: bool
    ) -> None:
        model = load_model(settings.teacher, fast_dtype())
        if settings.teacher_adapter:
            model = PeftModel.from_pretrained(model, settings.teacher_adapter).get_base_model()
        self._model, self._width = model.to(device).eval().requires_grad_(False), width
        self.packed = False
        if pack:
            self._pack([Encoded(one.input_ids[:_CHECKED], 1) for one in sample])

    @torch.no_grad()
    def logits(self, members: Sequence[Encoded]) -> torch.Tensor:
        """Return the logits (N, width) before each labelled token of rows, one row after the other."""
        made = packed(members) if self.packed else padded(members, 0)
        given = {name: value.to(self._model.device) for name, value in made.items() if torch.is_tensor(value)}
        targets = given.pop("targets")
        with rows(made.get("lengths", ()), made.get("shared", 0)):
            found = self._model(**given, use_cache=False).logits
        counted: torch.Tensor = found[0] if self.packed else found[targets != IGNORED]
        return counted[:, : self._width]

    def _pack(self, sample: Sequence[Encoded]) -> None:
        """Read rows without padding, if that gives the same logits."""
        before, plain = self._model.config._attn_implementation, self.logits(sample)
        try:
            self._model.set_attn_implementation(NAME)
            self.packed = True
            off = ((self.logits(sample) - plain).norm() / plain.norm()).item()
            fits = off <= _ALLOWED.get(self._model.dtype, _ALLOWED_HALF)
        except (ValueError, TypeError, RuntimeError, AttributeError, KeyError):
            fits = False
        if not fits:
            self.packed = False
            self._model.set_attn_implementation(before)


def _difference(mine: dict[str, int], theirs: dict[str, int]) -> str:
    if len(mine) != len(theirs):
        return f"{len(theirs)} tokens, not {len(mine)}"
    named = {number: token for token, number in theirs.items()}
    number, token = min((number, token) for token, number in mine.items() if theirs.get(token) != number)
    return f"its token {number} is {named.get(number)!r}, not {token!r}"
