"""Says what an import made: a table of tasks, notes, and the command to go on with."""

import shlex

from harness_ext.compare.tables import TextTable
from harness_ext.importing.imports import Imported

_HEADER = (
    "run",
    "task",
    "n",
    "accuracy, %",
    "recorded, %",
    "agreement, %",
    "disagreements",
    "answers",
    "matched to",
)


def import_table(imported: Imported) -> TextTable:
    """Return a row for each task of each run; accuracy is our grade,
    or the recorded one where there was nothing to grade.
    """
    rows = [
        (
            one.folder.name,
            one.task,
            f"{one.n:,}",
            _percent(one.accuracy),
            _percent(one.recorded_accuracy),
            _percent(one.agreement),
            f"{len(one.disagreements):,}" if one.agreement is not None else "",
            one.answer_type or "not read",
            one.matched_to or "",
        )
        for one in imported.tasks
    ]
    return TextTable(f"Imported, format {imported.format}", _HEADER, tuple(rows), frozenset({0, 1, 7, 8}))


def import_notes(imported: Imported) -> list[str]:
    """Return the notes of an import, and last the command that compares its runs."""
    folders = [shlex.quote(str(folder)) for folder in imported.folders]
    if imported.like is not None:
        folders.insert(0, shlex.quote(str(imported.like)))
    elif len({one.model for one in imported.tasks}) == 1:
        folders.insert(0, "BASELINE")
    return [*imported.notes, f"Next: stylerep compare {' '.join(folders)} --baseline {folders[0]}"]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"
