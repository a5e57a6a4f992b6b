"""Settles the options of ``stylerep distill`` before anything is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.select import check_selection, read_ids
from distill.training.recipe import Recipe, load_recipe
from distill.training.training_options import TrainingOptions
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class Options:
    """Settled options: the recipe, how the training runs, and the ids of rows to leave out."""

    recipe: Recipe
    running: TrainingOptions
    without: set[str]


def settle(
    *,
    recipe: str = "small",
    method: str | None = None,
    seed: int | None = None,
    epochs: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    rank: int | None = None,
    max_length: int | None = None,
    loss_on: str | None = None,
    teacher: str | None = None,
    teacher_adapter: Path | None = None,
    beta: float | None = None,
    on_policy: float | None = None,
    temperature: float | None = None,
    max_new_tokens: int | None = None,
    without: Path | None = None,
    select: str | None = None,
    drop: float = 0.0,
    part_tokens: int = 8192,
    gradient_checkpointing: bool = False,
    save_minutes: float = 5.0,
    restart: bool = False,
    plain: bool = False,
    merge: Path | None = None,
    report_to: Sequence[str] | None = None,
    **_: object,
) -> Options:
    """Return the settled options, by their names; those that name model, data and output are ignored.

    Raises:
        StylerepError: for a recipe or list of rows that cannot be read, a value out of range,
            and options that do not go together.

    """
    changes = {
        "method": method,
        "seed": seed,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "rank": rank,
        "max_length": max_length,
        "loss_on": loss_on,
        "teacher": teacher,
        "teacher_adapter": None if teacher_adapter is None else str(teacher_adapter),
        "beta": beta,
        "on_policy": on_policy,
        "temperature": temperature,
        "max_new_tokens": max_new_tokens,
    }
    settled = load_recipe(recipe, changes)
    running = TrainingOptions(
        part_tokens, gradient_checkpointing, save_minutes, None, restart, plain, tuple(report_to or ()), merge
    )
    running.validate(settled)
    if drop and not select:
        raise StylerepError("--drop needs --select, which says by what rows are dropped.")
    if select:
        check_selection(select, drop)
        if without:
            raise StylerepError("--select scores all rows and --without leaves rows out; give one of them.")
    return Options(settled, running, read_ids(without) if without else set())
