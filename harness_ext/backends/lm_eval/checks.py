"""Checks what ``stylerep eval`` is asked for, before anything is loaded."""

import difflib
import importlib.util
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness_ext.scoring.task_folder import names_in, tasks_named, tasks_path
from synth.errors import StylerepError


def check_limit(limit: float | None) -> None:
    """Raise StylerepError for a --limit that is neither a number of items nor a share of them: lm_eval would
    take none, or fail at the end.
    """
    if limit is not None and not (
        0 < limit < 1 or (limit >= 1 and math.isfinite(limit) and limit == int(limit) and limit < 2**63)
    ):
        raise StylerepError(
            f"--limit is a number of items from 1 on, or a share of them between 0 and 1, found {limit:g}."
        )


def check_tasks(names: Sequence[str], theirs: Path | None = None) -> None:
    """Raise StylerepError for a name that stands in no task file, ours, the user's or lm_eval's: lm_eval's
    own index takes ten seconds to say so.

    Patterns and folders are passed over, and files of tasks (``mine.yaml``).
    """
    names = [
        name
        for name in names
        if not (
            name.endswith(".yaml") or set("*?[") & set(name) or tasks_named([name]) or Path(name).is_dir()
        )
    ]
    if not names:
        return
    (package,) = importlib.util.find_spec("lm_eval").submodule_search_locations or []  # type: ignore[union-attr]  # it is installed
    known, found = names_in([tasks_path(), Path(package) / "tasks", *([theirs] if theirs else [])], names)
    for name in names:
        if name not in found:
            raise no_task(name, known)


def no_task(name: str, known: Iterable[str]) -> StylerepError:
    """Return the error for a task that there is not, naming the nearest of those *known*."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=3)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else "stylerep tasks-path prints the folder that lists ours."
    )
    return StylerepError(f"There is no task {name!r}; {hint}")
