"""The tables of a board as text, and the whole of it as JSON and CSV."""

import csv
import io
from dataclasses import asdict
from typing import Any

from harness_ext.compare.tables import STYLE_TITLES, TextTable
from harness_ext.pages.leaderboard.board import STYLE, Board, Entry, Figure, View


def board_tables(board: Board) -> list[TextTable]:
    """Return a table for every view, ranked rows above those that are not."""
    return [_table(board, view) for view in board.views]


def short_table(board: Board) -> TextTable:
    """Return the first view's table with as many columns as a terminal has room for."""
    whole = _table(board, board.views[0])
    several = any(len(entry.runs) > 1 for entry in board.views[0].entries)
    shown = (
        "rank",
        "groups",
        "model",
        "arm",
        *(["seeds"] if several else []),
        "accuracy [95 %]",
        "equal length",
        STYLE_TITLES["style_adherence"],
        STYLE_TITLES["pivot_density"],
        STYLE_TITLES["trace_words"],
        "not ranked",
    )
    keep = [number for number, name in enumerate(whole.header) if name in shown]
    rows = tuple(tuple(row[number] for number in keep) for row in whole.rows)
    return TextTable(
        whole.title,
        tuple(whole.header[number] for number in keep),
        rows,
        frozenset(keep.index(one) for one in whole.left if one in keep),
    )


def board_notes(board: Board) -> list[str]:
    """Say in a few sentences how the numbers were made."""
    return [
        (
            "Accuracy in %, Wilson interval (over seeds and items where there are several seeds); over tasks"
            " the mean, each counting alike, its interval by MOVER."
        ),
        (
            "Rank: by accuracy; in brackets all ranks that the data allow, at 95 % for all rows together"
            " (every pair tested item by item, Holm). Rows that share a letter cannot be told apart."
        ),
        (
            f"Equal length: accuracy if traces were as long as those of {_baseline(board)}, by a regression"
            " on differences of log length; an association, not a cause. Empty where lengths hardly overlap."
        ),
        *board.notes,
        *(f"{view.title}: {note}" for view in board.views for note in view.notes),
    ]


def board_csv(board: Board) -> str:
    """Return every row of every view as CSV, one line each; numbers are not rounded."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fixed = (
        "view,rank,best,worst,groups,model,family,arm,seeds,runs,accuracy,low,high,recorded"
        ",equal_length,equal_length_low,equal_length_high"
    )
    tasks = [f"{column.id}:{limit}" for column in board.columns for limit in ("accuracy", "low", "high")]
    writer.writerow([*fixed.split(","), *STYLE, *tasks, "decoding", "reason"])
    for view in board.views:
        for entry in (*view.entries, *view.unranked):
            rank, run = entry.rank, entry.runs[0]
            places = [rank.rank, rank.best, rank.worst, rank.groups] if rank else ["", "", "", ""]
            who = [run.model, run.family, run.arm, len(entry.runs), " ".join(one.id for one in entry.runs)]
            style = [entry.style.get(name, "") for name in STYLE]
            figures = [value for column in board.columns for value in _limits(entry.tasks.get(column.id))]
            known = "" if entry.recorded is None else entry.recorded
            writer.writerow(
                [
                    view.id,
                    *places,
                    *map(_plain, who),
                    *_limits(entry.accuracy),
                    known,
                    *_limits(entry.equal_length),
                    *style,
                    *figures,
                    _plain(run.decoding),
                    _plain(entry.reason),
                ]
            )
    return out.getvalue()


def board_json(board: Board) -> dict[str, Any]:
    """Return the whole board as plain JSON values."""
    return {"signature": board.signature, **asdict(board)}


def _table(board: Board, view: View) -> TextTable:
    shown = [name for name in STYLE if any(name in entry.style for entry in view.entries)]
    recorded = any(entry.recorded is not None for entry in view.entries)
    several = view.columns if len(view.columns) > 1 else ()
    equal = any(entry.equal_length for entry in view.entries)
    header = (
        "rank",
        "groups",
        "model",
        "family",
        "arm",
        "seeds",
        "accuracy [95 %]",
        *(["recorded"] if recorded else []),
        *(["equal length"] if equal else []),
        *(STYLE_TITLES[name] for name in shown),
        *(column.task for column in several),
        "not ranked",
    )
    rows = []
    for entry in (*view.entries, *view.unranked):
        run, rank = entry.runs[0], entry.rank
        place = (
            ""
            if rank is None
            else f"{rank.rank}"
            if rank.best == rank.worst
            else f"{rank.rank} [{rank.best}\u2013{rank.worst}]"
        )
        rows.append(
            (
                place,
                rank.groups if rank else "",
                run.model,
                run.family,
                run.arm,
                str(len(entry.runs)),
                percent(entry.accuracy),
                *([_share(entry.recorded)] if recorded else []),
                *([percent(entry.equal_length)] if equal else []),
                *(score_text(name, entry) for name in shown),
                *(percent(entry.tasks.get(column.id)) for column in several),
                entry.reason,
            )
        )
    keep = [
        number
        for number in range(len(header))
        if header[number] not in ("not ranked", "family", "arm") or any(row[number] for row in rows)
    ]
    details = "; ".join(f"{column.task}: {column.detail}" for column in view.columns)
    return TextTable(
        f"{view.title} ({details})",
        tuple(header[number] for number in keep),
        tuple(tuple(row[number] for number in keep) for row in rows),
        frozenset(
            place
            for place, number in enumerate(keep)
            if header[number] in ("groups", "model", "family", "arm", "not ranked")
        ),
    )


def percent(figure: Figure | None) -> str:
    """Return a share and its interval in per cent; empty if there is none."""
    if figure is None:
        return ""
    limits = (
        f" [{100 * figure.interval.low:.1f}, {100 * figure.interval.high:.1f}]" if figure.interval else ""
    )
    return f"{100 * figure.estimate:.1f}{limits}"


def score_text(name: str, entry: Entry) -> str:
    """Return the mean of a style score; empty if it is not known."""
    return f"{entry.style[name]:,.{0 if name == 'trace_words' else 2}f}" if name in entry.style else ""


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _limits(figure: Figure | None) -> list[float | str]:
    if figure is None:
        return ["", "", ""]
    return [figure.estimate, *((figure.interval.low, figure.interval.high) if figure.interval else ("", ""))]


def _plain(value: object) -> object:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _baseline(board: Board) -> str:
    return next(
        (
            entry.label
            for view in board.views
            for entry in (*view.entries, *view.unranked)
            if entry.key == board.baseline
        ),
        "the baseline",
    )
