"""How a training runs: what may differ between two machines without changing what is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.training.recipe import Recipe
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a training runs, which does not change what is trained.

    Parts of a step hold `part_tokens` tokens at most (a longer row is a part of its own). A checkpoint is
    written every `save_minutes`, or every `save_steps` if given; `restart` drops those of another training
    for the same folder. `plain` trains without padding-free rows and fused adapters. `report_to` names
    trackers of transformers (tensorboard, wandb, …).
    `merged` is a folder for the model with the adapter merged in.
    """

    part_tokens: int = 8192
    gradient_checkpointing: bool = False
    save_minutes: float = 5.0
    save_steps: int | None = None
    restart: bool = False
    plain: bool = False
    report_to: Sequence[str] = ()
    merged: Path | None = None

    def validate(self, recipe: Recipe) -> None:
        """Raise StylerepError for a value outside its range, or one that the recipe has no use for."""
        if (
            self.part_tokens < 1
            or self.save_minutes < 0
            or (self.save_steps is not None and self.save_steps < 1)
        ):
            raise StylerepError("part-tokens and save-steps must be 1 or more, and save-minutes 0 or more.")
        if self.merged and recipe.method == "full":
            raise StylerepError("Full fine-tuning has no adapter to merge; leave --merge out.")
