"""Decides what an import refuses before anything is written, and what it warns about."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness_ext.importing.formats import ROWS
from harness_ext.importing.record import Evaluation, ReadSource
from harness_ext.importing.run_folders import About, Draft
from harness_ext.runs.run_folder import MANIFEST
from synth.errors import StylerepError
from synth.files.replace_folder import check_replaceable


def check_reading(chosen: str, reading: ReadSource) -> None:
    """Refuse options that the format has no use for."""
    fields = reading.fields
    if reading.filter and chosen != "lm_eval":
        raise StylerepError(
            f"--filter is for lm_eval, whose samples have filters; the sources are of the format {chosen}."
        )
    if chosen in ROWS:
        return
    given = {
        "--response-field": fields.response,
        "--model-field": fields.model,
        "--task-field": fields.task,
        "--id-field": reading.item,
    }
    given |= {"--trace-field": fields.trace}
    if chosen != "lm_eval":
        given |= {"--question-field": fields.question, "--answer-field": fields.answer}
    for option, value in given.items():
        if value is not None:
            raise StylerepError(
                f"{option} is for files of rows; in the format {chosen} it is known where this stands."
            )


def check_models(models: Mapping[str, About], evaluations: Sequence[Evaluation]) -> None:
    """Refuse what is said of a model that no source holds."""
    there = list(dict.fromkeys(one.model for one in evaluations))
    for name in models:
        if name not in there:
            raise StylerepError(
                f"The file of models names {name}, of which the sources hold nothing; they hold"
                f" {listed(there)}."
            )


def check_place(out: Path, model: str | None) -> None:
    """Refuse, before anything is read, a place where no run folder can be written: with the name of a *model*
    it is the folder itself, else one around it.
    """
    check_replaceable(out if model is not None else out / "model")


def check_out(out: Path, model: str | None, folders: Iterable[Path]) -> None:
    """Refuse to write run folders into or beside one that is a run folder itself."""
    if (out / MANIFEST).is_file() and out not in folders:
        what = (
            "there are several responses to each item, and each draw gets a folder beside it"
            if model
            else "each model gets a folder in it"
        )
        raise StylerepError(
            f"{out}: this is a run folder itself, and {what}; choose another --out"
            + (", or name the --model." if not model else ".")
        )


def check_decoding(drafts: Sequence[Draft]) -> None:
    """Refuse tasks of one run that were decoded differently."""
    first = drafts[0].evaluation
    for draft in drafts:
        if draft.evaluation.gen_kwargs != first.gen_kwargs:
            raise StylerepError(
                f"{first.model}: the tasks {first.task} and {draft.evaluation.task} were decoded in different"
                f" ways ({first.gen_kwargs}, {draft.evaluation.gen_kwargs}), so they are different runs;"
                " import them into a folder each."
            )


def apart(runs: Mapping[Path, Sequence[Draft]]) -> list[str]:
    """Warn of models of which some tasks have one response to an item and others several: `compare` takes all
    their runs for seeds of one condition.
    """
    seeds: dict[str, set[frozenset[str]]] = {}
    for drafts in runs.values():
        seeds.setdefault(drafts[0].evaluation.model, set()).add(
            frozenset(draft.evaluation.task for draft in drafts)
        )
    return [
        f"{model}: its tasks differ in how many responses there are to an item, so its runs hold different"
        " tasks; compare them task by task."
        for model, kinds in seeds.items()
        if len(kinds) > 1
    ]


def numbers(ids: Sequence[int]) -> str:
    """Return the first of some numbers as a text."""
    return listed([str(one) for one in ids])


def listed(names: Sequence[str]) -> str:
    """Return the first of some names as a text."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
