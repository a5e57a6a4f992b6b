"""Trains on the rows of a data set that are not suspicious."""

import os
from pathlib import Path

from rich.console import Console

from distill.select.scores import check_selection, suspicious, write_scores
from distill.select.scoring import score_rows
from distill.training.output import training_output
from distill.training.recipe import Recipe
from distill.training.train import distill
from distill.training.training_options import TrainingOptions

SCORES = "row_scores.jsonl"


def distill_selected(
    model: str,
    data: Path,
    out: Path,
    method: str,
    fraction: float,
    recipe: Recipe,
    running: TrainingOptions,
    console: Console | None = None,
) -> Path:
    """Score the rows of a data set by *method*, train without the most suspicious *fraction*, and write the
    scores into *out* beside what was trained.

    The scores do not outlive a training that is killed: they are made again, and are the same, when it goes
    on. Raises StylerepError as `score_rows` and `distill` do.
    """
    check_selection(method, fraction)
    with training_output(
        out,
        running.merged,
        [model, data, *(recipe.opd.inputs if recipe.opd else ())],
        os.environ.get("RANK", "0") == "0",
    ):
        scores = score_rows(model, data, method=method, recipe=recipe, console=console)
        dropped = suspicious(scores, fraction, method)
        distill(model, data, out, recipe, console, running, dropped)
        write_scores(out / SCORES, scores, dropped)
    return out
