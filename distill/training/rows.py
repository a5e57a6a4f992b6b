"""The rows that a training takes from a data set, in tokens and in their steps."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.models.families import Family
from distill.training.encode import Encoded, encode
from distill.training.loss_on import trained_arm
from distill.training.opd.trainer import longest_of
from distill.training.recipe import Recipe
from distill.training.steps import step_rows
from synth.errors import StylerepError
from synth.traces.datasets import read_dataset


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """Rows that are trained on.

    `manifest` is their data set's. `ids`, `encoded` and `lengths` (tokens that a row takes at most) have one
    entry a row; `plan` names the rows of each step.
    """

    arm: str
    manifest: dict[str, Any]
    ids: list[str]
    encoded: list[Encoded]
    lengths: list[int]
    plan: Sequence[Sequence[int]]

    @property
    def ids_digest(self) -> str:
        """The SHA-256 of the problem ids in their order."""
        return hashlib.sha256("\n".join(self.ids).encode()).hexdigest()

    @property
    def tokens(self) -> int:
        """The tokens of all steps."""
        return sum(self.lengths[row] for step in self.plan for row in step)

    def share(self, part_tokens: int, processes: int, step: int) -> int:
        """Return the most tokens that a process may have in one part, of steps of *step* rows."""
        return min(part_tokens, max(sum(sorted(self.lengths)[-step:]) // processes, 1))


def rows_left(data: Path, without: Collection[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of a data set but for those of the problems *without*, and its manifest; raise
    StylerepError if none is left.
    """
    rows, manifest = read_dataset(data)
    rows = [row for row in rows if row["id"] not in without]
    if not rows:
        raise StylerepError(f"{data}: no rows are left to train on.")
    return rows, manifest


def training_rows(
    read: tuple[list[dict[str, Any]], dict[str, Any]],
    data: Path,
    tokenizer: Any,
    family: Family,
    longest: int,
    recipe: Recipe,
) -> TrainingRows:
    """Return rows and manifest of a data set (`rows_left`) in tokens and steps, as a recipe asks; raise
    StylerepError where no row has tokens that would count.
    """
    rows, manifest = read
    encoded = [encode(row, tokenizer, family, longest, recipe.loss_on) for row in rows]
    if not any(row.labelled for row in encoded):
        raise StylerepError(f"{data}: no row has tokens that --loss-on {recipe.loss_on} would count.")
    ids = [row["id"] for row in rows]
    opd = recipe.opd
    return TrainingRows(
        trained_arm(manifest["arm"], recipe.loss_on, opd is not None),
        manifest,
        ids,
        encoded,
        [longest_of(row, opd, longest) if opd else len(row.input_ids) for row in encoded],
        step_rows(ids, recipe.epochs, recipe.batch_size, recipe.seed),
    )
