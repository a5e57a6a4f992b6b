"""Verbs around the files that come with stylerep, or that a user adds: validate, launch-path, tasks-path."""

from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from synth.errors import StylerepError
from synth.progress.shown import showing
from synth.terminal import say


@app.command(
    epilog=(
        "Example: stylerep validate        Own task files: stylerep validate style_mine --folder my_tasks    "
        "    Families of models: stylerep validate families --folder my_families"
    )
)
def validate(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help=(
                "tasks or families, and which of them to check; all if none is named, and both kinds if"
                " neither is. Other names are tasks'."
            )
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help=(
                "Folder with own task files, one NAME.yaml a task, in place of stylerep's; own family files"
                " likewise."
            )
        ),
    ] = None,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Also print the first prompt of each task.")
    ] = False,
    list_code: Annotated[
        bool,
        typer.Option(
            "--list-code",
            help=(
                "Only list the functions of Python files that the task files have lm_eval run; nothing is"
                " run."
            ),
        ),
    ] = False,
) -> None:
    """Build every task as lm_eval does, render a prompt, and score a right, a wrong, an empty, an unclosed
    and a tag-free response; check family files.
    """
    names = names or []
    kind = names[0] if names and names[0] in ("tasks", "families") else None
    named = names[1:] if kind else names
    if list_code:
        _list_code(named, folder)
        return
    sound = True
    if kind != "families":
        sound = _validate_tasks(named, folder, prompts)
    if kind == "families" or not (kind or named or folder):
        sound = _validate_families(named, folder) and sound
    if not sound:
        raise typer.Exit(1)


def _list_code(names: list[str], folder: Path | None) -> None:
    from harness_ext.scoring.task_code import task_code

    if folder is None or not folder.is_dir():
        raise StylerepError("--list-code is about task files of your own: name their --folder.")
    found = task_code([folder], names)
    for one in found:
        say(str(one))
    say(f"{len(found)} functions of Python files are named by the task files; nothing was run.")


def _validate_tasks(names: list[str], folder: Path | None, prompts: bool) -> bool:
    from harness_ext.pipelines.validate import validate_tasks
    from harness_ext.scoring.task_code import task_code, told_code

    if folder and folder.is_dir() and (told := told_code(task_code([folder], names))):
        say(f"stylerep: {told}", err=True)
    failed = missing = checked = 0
    with showing("importing lm_eval", bar=False):
        for check in validate_tasks(names, folder):
            checked += 1
            if check.missing:
                missing += 1
                say(f"{check.task}: NOT CHECKED, its problems are not here. {check.missing}")
            for problem in check.problems:
                say(f"{check.task}: {problem}")
            failed += bool(check.problems)
            if not check.problems and not check.missing:
                say(f"{check.task}: ok (version {check.version}, {check.items:,} items)")
            if prompts and check.prompt:
                say(f"\n{check.prompt}\n")
    say(
        f"{checked - failed - missing} of {checked} tasks are as they should be"
        + (f", {missing} could not be checked." if missing else ".")
    )
    return not failed and not (names and missing)


def _validate_families(names: list[str], folder: Path | None) -> bool:
    from harness_ext.pipelines.validate_families import validate_families

    checks = list(validate_families(names, folder))
    for check in checks:
        for problem in check.problems:
            say(f"{check.path}: {problem}")
        if not check.problems:
            say(f"{check.family}: ok ({check.says})")
    failed = sum(bool(check.problems) for check in checks)
    say(f"{len(checks) - failed} of {len(checks)} families are as they should be.")
    return not failed


@app.command("launch-path")
def launch_path() -> None:
    """Print the folder with files for accelerate launch: several GPUs, several machines, FSDP, DeepSpeed."""
    from importlib.resources import files

    typer.echo(str(files("distill.launch")))


@app.command("tasks-path")
def tasks_path() -> None:
    """Print the folder to give to lm_eval --include_path."""
    from harness_ext.scoring.task_folder import tasks_path as path

    typer.echo(path())
