"""Leaderboards: static pages that rank runs, show accuracy beside style,
and open every figure down to the trace that it came from.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path

from harness_ext.compare.to_text import latex_page, markdown_page
from harness_ext.pages.leaderboard.board import Board, BoardRun, Column, View
from harness_ext.pages.leaderboard.board_records import BoardRecord, read_record
from harness_ext.pages.leaderboard.comparable import BoardRow, all_columns, ranked_together, rows_of
from harness_ext.pages.leaderboard.earlier_formats import name_metrics
from harness_ext.pages.leaderboard.facts import read_facts
from harness_ext.pages.leaderboard.ranking import ALPHA, DRAWS, SEED, Scores, make_view
from harness_ext.pages.leaderboard.store import Added, KeptRun, Store
from harness_ext.pages.leaderboard.tables import board_csv, board_json, board_notes, board_tables
from harness_ext.runs.accuracy import RECORDED, AccuracyMetric, other_notes
from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.lock import hold, is_empty
from synth.files.replace_file import write_text
from synth.files.replace_folder import refuse_dead_links, remove_tree
from synth.privacy.secrets import SECRETS
from synth.processes.workers import processor_cores
from synth.progress import each, turn_to

__all__ = ["Board", "BoardSettings", "leaderboard"]
BOARD_FILE = "board.json"
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """What a board was asked to be; kept in its folder, so that the next command need not say it again.

    `baseline` is the id of a run. `metric` is what accuracy is in the tasks of runs to add that have it,
    empty where it was never said.
    """

    title: str = "Leaderboard"
    tasks: tuple[str, ...] = ()
    by_seed: bool = False
    baseline: str = ""
    traces: int | None = None
    metric: str = ""


def leaderboard(
    folders: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    tasks: Sequence[str] | None = None,
    by_seed: bool | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    traces: int | None = None,
    all_traces: bool = False,
    remove: Sequence[str] = (),
    workers: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[Board, Added]:
    """Write a board of run folders, or add them to the board that is there: pages, and the same tables as
    Markdown, CSV, JSON and LaTeX.

    *out* is a new folder or a board; what is not given is as the board has it. *tasks* are patterns of the
    tasks that the overall ranking is over (the largest block of rows and tasks without a gap if there are
    none), *baseline* the run whose lengths `Entry.equal_length` refers to (a run folder, or a label, arm or
    id that one row alone has; the first run given if left out), *traces* how many responses of each column
    can be read on the pages (*all_traces*: all).
    *metric* is what accuracy is in every task of *folders* that has it, "auto" what
    `harness_ext.runs.accuracy` finds. *remove* takes runs, by id or label, off the
    board. *workers* is the number of processes. Returns the board and what changed.
    Raises StylerepError for what cannot be read or is no board, before anything is changed; runs read before
    an error in another stay on the board.
    """
    SECRETS.know_environment()
    SECRETS.found.clear()
    if metric is not None and not folders:
        raise StylerepError("--metric is of runs that are put on the board; name their folders.")
    _check_out(out, folders)
    with hold(out, say):
        settings = _settings(out)
        if settings is None and not folders:
            raise StylerepError(f"{out}: there is no board here; name run folders to make one.")
        refuse_ways_out(out)
        there = settings or BoardSettings()
        asked = replace(
            there,
            title=SECRETS.text(title) if title is not None else there.title,
            tasks=tuple(tasks) if tasks is not None else there.tasks,
            by_seed=there.by_seed if by_seed is None else by_seed,
            traces=None if all_traces else there.traces if traces is None else traces,
            baseline=there.baseline or read_facts(folders[0]).id,
            metric=there.metric if metric is None else "" if metric == _AUTO else metric,
        )
        store = Store(out)
        left = name_metrics(out)
        here = store.runs()
        off = {_named(here, name, "--remove").facts.id for name in remove}
        added = store.add(
            folders,
            asked.traces,
            workers or processor_cores(),
            asked.metric or None,
            metric is not None,
        )
        if masked := SECRETS.sentence():
            added.notes.append(masked)
        kept = [one for one in store.runs() if one.facts.id not in off]
        if not any(one.parts for one in kept):
            raise StylerepError(
                f"{out}: no run with an accuracy {'would be left' if off else 'is'} on the board."
                + "".join(f" {note}" for note in added.notes)
            )
        if baseline is not None:
            folder = Path(baseline)
            asked = replace(
                asked,
                baseline=(
                    read_facts(folder).id
                    if folder.is_dir()
                    else _named(kept, baseline, "--baseline").facts.id
                ),
            )
        board = make_board(store, kept, asked)
        for run in sorted(off):  # only now, when nothing can be wrong any more
            store.remove(run)
        turn_to("writing pages")
        _write(board, kept, store, asked)
        for folder in left:
            remove_tree(folder)
        return board, added


def _check_out(out: Path, folders: Sequence[Path]) -> None:
    """Refuse, before anything is read, what cannot be the board's folder: a file, a link that leads nowhere,
    a run that is to be put on the board.
    """
    refuse_dead_links(out)
    if out.exists() and not out.is_dir():
        raise StylerepError(f"{out}: a file stands where the board is to be written; choose another --out.")
    if not out.exists():
        return
    if same := next((one for one in folders if one.is_dir() and one.samefile(out)), None):
        raise StylerepError(f"{out}: this is the run {same} itself; give the board a folder of its own.")


def make_board(store: Store, kept: Sequence[KeptRun], settings: BoardSettings) -> Board:
    """Rank what a board keeps; raise StylerepError where its settings name what it lacks."""
    rows, columns = rows_of(kept, settings.by_seed), all_columns(kept)
    together = ranked_together(rows, columns, settings.tasks)
    notes = []
    baseline = next((row for row in rows for run in row.runs if run.id == settings.baseline), None)
    if baseline is None:
        baseline = rows[0]
        notes.append(
            "The run that was the baseline is not on the board any more; its place is taken by the first row."
        )
    notes += _metric_notes(kept, rows, columns)
    scores = Scores(store, rows)
    views: list[View] = []
    if len(together) > 1:
        views.append(
            make_view(
                "all",
                f"{len(together)} tasks" if len(together) < len(columns) else "All tasks",
                together,
                rows,
                scores,
                baseline,
            )
        )
    views += [
        make_view(column.id, _title(column, columns), [column], rows, scores, baseline)
        for column in each(list(columns), "ranking runs", unit="tasks")
    ]
    signature = (
        f"rank:pairwise-holm|alpha:{ALPHA:g}|accuracy:wilson,mover|pairs:mcnemar-midp,paired-t,crossed-t,mean-of-parts|best:bonferroni|front:bootstrap|draws:{DRAWS}|seed:{SEED}"
        f"|metric:{'+'.join(dict.fromkeys(column.metric for column in columns))}"
        f"|baseline:{baseline.key}|stylerep:{version('stylerep')}"
    )
    runs = tuple(run for row in rows for run in row.runs)
    return Board(settings.title, tuple(views), tuple(columns), runs, baseline.key, signature, tuple(notes))


def _metric_notes(kept: Sequence[KeptRun], rows: Sequence[BoardRow], columns: Sequence[Column]) -> list[str]:
    """Say of each column which other metrics differ from its accuracy."""
    labels = {run.id: run.label for row in rows for run in row.runs}
    notes = []
    for column in columns:
        parts = [(labels[one.facts.id], one.parts[column.id]) for one in kept if column.id in one.parts]
        # recorded scores stand in the tables
        told = [(label, [one for one in part.others if one.metric != RECORDED]) for label, part in parts]
        notes += other_notes(
            column.task, [(label, AccuracyMetric(column.metric, tuple(others))) for label, others in told]
        )
    return notes


def _title(column: Column, columns: Sequence[Column]) -> str:
    same = [one for one in columns if one.task == column.task]
    return column.task if len(same) == 1 else f"{column.task}, {column.detail}"


def _named(kept: Sequence[KeptRun], name: str, option: str) -> KeptRun:
    """Return the one run that a name fits: its id, its label or its arm."""
    labels = {run.id: run for row in rows_of(kept, by_seed=True) for run in row.runs}

    def fits(run: BoardRun) -> bool:
        return name in (run.id, run.label, run.arm, run.model)

    found = [one for one in kept if fits(labels[one.facts.id])]
    exact = [one for one in found if name in (one.facts.id, labels[one.facts.id].label)]
    found = exact or found
    if len(found) != 1:
        names = ", ".join(f"{run.label} ({run.id})" for run in list(labels.values())[:20])
        raise StylerepError(
            f"{option} {name}: {'several runs are' if found else 'no run is'} called so; there are {names}."
        )
    return found[0]


def _settings(out: Path) -> BoardSettings | None:
    """Read the settings of a board; None where there is nothing yet.
    Raises StylerepError for a folder that holds something else.
    """
    path = out / BOARD_FILE
    if not out.exists() or (out.is_dir() and is_empty(out)):
        return None
    if not path.is_file() and (out / "runs").is_dir() and (out / "items").is_dir():
        return None  # a first command was killed
    if not path.is_file():
        raise StylerepError(
            f"{out}: this holds something other than a board (no {BOARD_FILE}); choose another folder."
        )
    found: BoardRecord = read_record(path, BoardRecord, "this is not the file of a board")
    return BoardSettings(**{**found.settings.model_dump(), "tasks": tuple(found.settings.tasks)})


def _write(board: Board, kept: Sequence[KeptRun], store: Store, settings: BoardSettings) -> None:
    from harness_ext.pages.leaderboard.page import write_pages

    parts = {one.facts.id: one.parts for one in kept}
    catalogue = {
        "columns": [
            {
                "id": column.id,
                "label": _title(column, board.columns),
                "set": column.items,
                "n": column.n,
                "shards": store.item_shards(column.items),
            }
            for column in board.columns
        ],
        "runs": [
            {
                **{
                    name: getattr(run, name)
                    for name in ("id", "label", "model", "family", "arm", "seed", "decoding")
                },
                "parts": {
                    name: {"shards": list(part.shards), "accuracy": _accuracy(store, run, name)}
                    for name, part in parts[run.id].items()
                },
            }
            for run in board.runs
        ],
    }
    tables, notes = board_tables(board), [*board_notes(board), f"Signature: {board.signature}"]
    write_pages(board, catalogue, store.folder)
    write_text(store.folder / "table.md", f"# {board.title}\n\n{markdown_page(tables, notes)}")
    write_text(store.folder / "table.tex", latex_page(tables, notes))
    write_text(store.folder / "table.csv", board_csv(board))
    own = {field.name: getattr(settings, field.name) for field in fields(BoardSettings)}
    write_text(store.folder / BOARD_FILE, json.dumps({"settings": own, **board_json(board)}, indent=1) + "\n")


def _accuracy(store: Store, run: BoardRun, column: str) -> float:
    return float(store.scores(run.id, column)["acc"].mean())
