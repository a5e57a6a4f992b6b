"""Which rows a board has, and which of them can be ranked together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import combinations

from harness_ext.pages.leaderboard.board import BoardRun, Column
from harness_ext.pages.leaderboard.store import KeptRun
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class BoardRow:
    """An arm of a model: one run, or several that differ in the seed alone.
    `columns` are those that all its runs have.
    """

    key: str
    runs: tuple[BoardRun, ...]
    columns: Mapping[str, Column]


def rows_of(kept: Sequence[KeptRun], by_seed: bool) -> list[BoardRow]:
    """Put the seeds of an arm together, unless asked for *by_seed*; runs of one arm with one seed,
    or none, stand alone.
    """
    groups: dict[str, list[KeptRun]] = {}
    for one in kept:
        groups.setdefault(one.facts.id if by_seed or not one.facts.group else one.facts.group, []).append(one)
    parted: list[list[KeptRun]] = []
    for members in groups.values():
        parted += (
            [members]
            if len({one.facts.seed for one in members}) == len(members)
            else [[one] for one in members]
        )
    labels = _labels(kept)
    rows = []
    for members in parted:
        shared = [name for name in members[0].parts if all(name in one.parts for one in members)]
        key = members[0].facts.id if len(members) == 1 else f"seeds-{members[0].facts.group}"
        rows.append(
            BoardRow(
                key,
                tuple(_run(one, labels[one.facts.id]) for one in members),
                {name: members[0].parts[name].column for name in shared},
            )
        )
    return rows


def all_columns(kept: Sequence[KeptRun]) -> list[Column]:
    """Return every column of the board: by name, the one with most runs first among those of a task."""
    count: dict[Column, int] = {}
    for one in kept:
        for part in one.parts.values():
            count[part.column] = count.get(part.column, 0) + 1
    return sorted(count, key=lambda column: (column.task, -count[column], column.id))


def ranked_together(
    rows: Sequence[BoardRow], columns: Sequence[Column], tasks: Sequence[str]
) -> list[Column]:
    """Return the columns that the overall ranking is over.

    Those of the *tasks* named (patterns), of each the column that most rows have; or, if none is named, those
    of the largest block of rows and columns without a gap, so that a row with few tasks does not take the
    others from the rest. Raises StylerepError for a pattern that fits no task.
    """
    if tasks:
        for pattern in tasks:
            if not any(fnmatchcase(column.task, pattern) for column in columns):
                raise StylerepError(
                    f"--tasks {pattern}: no run on the board has such a task; there are"
                    f" {', '.join(dict.fromkeys(one.task for one in columns))}."
                )
        first: dict[str, Column] = {}
        for column in columns:
            if any(fnmatchcase(column.task, pattern) for pattern in tasks):
                first.setdefault(column.task, column)
        return list(first.values())
    sets = {frozenset(row.columns) for row in rows if row.columns}
    blocks = sets | {one & two for one, two in combinations(sets, 2) if one & two}
    for one in list(sets):  # what all that reach into a row have of it in common
        shared = frozenset.intersection(*(other for other in sets if other & one))
        blocks |= {shared} if shared else set()
    best = max(
        blocks,
        key=lambda block: (
            len(block) * sum(block <= set(row.columns) for row in rows),
            len(block),
            sorted(block),
        ),
        default=frozenset(),
    )
    return [column for column in columns if column.id in best]


def reason_against(row: BoardRow, wanted: Sequence[Column]) -> str:
    """Say why a row cannot be ranked over columns; empty where it can."""
    found = []
    for column in wanted:
        if column.id in row.columns:
            continue
        other = next((one for one in row.columns.values() if one.task == column.task), None)
        found.append(
            f"{column.task}: {other.detail}, ranked is {column.detail}" if other else f"no {column.task}"
        )
    return "; ".join(found)


def _run(kept: KeptRun, label: str) -> BoardRun:
    facts = kept.facts
    by_task: dict[str, list[str]] = {}
    for part in kept.parts.values():
        by_task.setdefault(part.decoding or facts.gen_kwargs, []).append(part.column.task)
    told = {text: tasks for text, tasks in by_task.items() if text}
    said = (
        next(iter(told), "")
        if len(told) < 2
        else "; ".join(f"{', '.join(tasks)}: {text}" for text, tasks in told.items())
    )
    template = (
        {True: "chat template", False: "no chat template"}.get(facts.template, "")
        if facts.template is not None
        else ""
    )
    return BoardRun(
        facts.id,
        label,
        facts.model,
        facts.family,
        facts.arm,
        facts.seed,
        "; ".join(part for part in (said, template) if part) or "not recorded",
    )


def _labels(kept: Sequence[KeptRun]) -> dict[str, str]:
    """Name every run by model, arm and seed, and by as much of its folder or id as it takes to tell it from
    others.
    """
    arms: dict[tuple[str, str], int] = {}
    for one in kept:
        arms[one.facts.model, one.facts.arm] = arms.get((one.facts.model, one.facts.arm), 0) + 1
    labels = {}
    for one in kept:
        facts = one.facts
        seed = f"seed {facts.seed}" if facts.seed and arms[facts.model, facts.arm] > 1 else ""
        labels[facts.id] = " ".join(part for part in (facts.model, facts.arm, seed) if part)
    for extra in ("folder", "id"):
        times: dict[str, int] = {}
        for label in labels.values():
            times[label] = times.get(label, 0) + 1
        labels = {
            one.facts.id: (
                f"{label} ({getattr(one.facts, extra)})"
                if times[label := labels[one.facts.id]] > 1
                else label
            )
            for one in kept
        }
    return labels
