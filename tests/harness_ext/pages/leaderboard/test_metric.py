"""A column of a board is of one metric, which is said;
boards made before columns had metrics open as they were.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from harness_ext.pages.leaderboard import Board, leaderboard
from harness_ext.pages.leaderboard.shards import read_shard, rename_shards
from harness_ext.pages.leaderboard.store import column_id
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_scored

HALF, NONE = [1.0, 0.0] * 10, [0.0] * 20


def two_metrics(folder: Path, right: list[float]) -> Path:
    return write_scored(folder, exact_match=NONE, math_verify=right)


def figures(board: Board) -> dict[tuple[str, str], float]:
    """Return the accuracy by run and metric, of every view of one column."""
    views = (view for view in board.views if len(view.columns) == 1)
    return {
        (entry.label, view.columns[0].metric): entry.accuracy.estimate
        for view in views
        for entry in view.entries
        if entry.accuracy
    }


def test_what_accuracy_is_stands_on_the_board_and_what_differs_from_it(tmp_path: Path) -> None:
    board, _ = leaderboard(
        [two_metrics(tmp_path / "a", HALF), two_metrics(tmp_path / "b", [1.0] * 20)], tmp_path / "board"
    )
    assert figures(board) == {("a", "math_verify"): 0.5, ("b", "math_verify"): 1.0}
    assert board.columns[0].detail.endswith(", accuracy is math_verify")
    assert "|metric:math_verify|" in board.signature
    assert board.notes == (
        (
            "sums: accuracy is math_verify; by exact_match it is 0.0 % and not 50.0 % in a (10 of 20 items"
            " differ), 0.0 % and not 100.0 % in b (20 of 20 items differ) (--metric)."
        ),
    )
    for name in ("index.html", "table.md", "board.json"):
        assert "math" in (tmp_path / "board" / name).read_text(encoding="utf-8")
    again, _ = leaderboard([], tmp_path / "board")
    assert again == board


def test_rows_by_different_metrics_are_never_ranked_together(tmp_path: Path) -> None:
    runs = [
        two_metrics(tmp_path / "a", HALF),
        write_scored(tmp_path / "b", exact_match=HALF),
        write_scored(tmp_path / "c", acc=HALF),
    ]
    board, _ = leaderboard(runs, tmp_path / "board")
    assert len({column.id for column in board.columns}) == 3
    assert all(len(view.entries) == 1 and len(view.unranked) == 2 for view in board.views)
    assert "accuracy is exact_match" in "".join(
        entry.reason for view in board.views for entry in view.unranked
    )


def test_a_metric_may_be_asked_for_and_is_kept(tmp_path: Path) -> None:
    runs = [two_metrics(tmp_path / "a", HALF), write_scored(tmp_path / "b", exact_match=HALF)]
    leaderboard(runs, tmp_path / "board")
    board, changed = leaderboard(runs, tmp_path / "board", metric="exact_match")
    assert len(changed.added) == 2
    assert figures(board) == {("a", "exact_match"): 0.0, ("b", "exact_match"): 0.5}
    board, changed = leaderboard(
        [write_scored(tmp_path / "c", exact_match=NONE, math_verify=HALF), runs[0]], tmp_path / "board"
    )
    assert len(changed.unchanged) == 1
    assert figures(board) == {("a", "exact_match"): 0.0, ("b", "exact_match"): 0.5, ("c", "exact_match"): 0.0}
    board, _ = leaderboard(runs, tmp_path / "board", metric="auto")
    assert figures(board) == {("a", "math_verify"): 0.5, ("b", "exact_match"): 0.5, ("c", "exact_match"): 0.0}


def test_a_metric_that_is_nowhere_changes_nothing(tmp_path: Path, stylerep_here: Any) -> None:
    run = two_metrics(tmp_path / "a", HALF)
    result = stylerep_here("leaderboard", run, "-o", tmp_path / "board", "--metric", "f1")
    assert result.returncode == 2
    assert (
        "--metric f1: no task of the runs to add has such a metric with one number for each item; there are"
        " exact_match, math_verify." in result.stderr
    )
    assert not (tmp_path / "board/runs").exists()
    leaderboard([run], tmp_path / "board")
    with pytest.raises(
        StylerepError, match=r"--metric is of runs that are put on the board; name their folders\.$"
    ):
        leaderboard([], tmp_path / "board", metric="exact_match")


def test_a_task_without_the_metric_keeps_its_own_and_one_without_accuracy_is_left_out(tmp_path: Path) -> None:
    run = write_scored(two_metrics(tmp_path / "a", HALF), task="words", acc=HALF)
    write_scored(run, task="translation", bleu=[30.0, 2])
    board, changed = leaderboard([run], tmp_path / "board", metric="exact_match")
    assert {(column.task, column.metric) for column in board.columns} == {
        ("sums", "exact_match"),
        ("words", "acc"),
    }
    notes = " ".join(changed.notes)
    assert "words: there is no metric exact_match; its accuracy is acc." in notes
    assert "translation: left out, since its items have no accuracy." in notes
    assert "bleu (2 to 30)" in notes


def as_before_metrics(board: Path, *exact: str) -> None:
    """Make a board such as stylerep kept it before columns had metrics,
    those of the runs named *exact* by exact_match.
    """
    settings = json.loads((board / "board.json").read_text())
    del settings["settings"]["metric"]
    (board / "board.json").write_text(json.dumps(settings))
    for path in board.glob("runs/*/run.json"):
        content = json.loads(path.read_text())
        for name, part in list(content["parts"].items()):
            column = part["column"]
            del column["metric"], part["others"]
            column["id"] = column_id(column["task"], column["version"], column["items"], "acc")
            if content["facts"]["folder"] in exact:
                (path.parent / name).rename(path.parent / column["id"])
                rename_shards(
                    f"runs/{path.parent.name}/{name}",
                    f"runs/{path.parent.name}/{column['id']}",
                    path.parent / column["id"],
                )
            content["parts"][column["id"]] = content["parts"].pop(name)
        path.write_text(json.dumps(content))


def test_a_board_of_before_opens_and_its_metrics_part(tmp_path: Path) -> None:
    exact, graded = (
        write_scored(tmp_path / "exact", exact_match=HALF),
        write_scored(tmp_path / "graded", acc=[1.0] * 20),
    )
    out = tmp_path / "board"
    leaderboard([exact, graded], out)
    as_before_metrics(out, "exact")
    assert len({path.parent.name for path in out.glob("runs/*/*/scores.parquet")}) == 1
    board, _ = leaderboard([], out)
    assert figures(board) == {("exact", "exact_match"): 0.5, ("graded", "acc"): 1.0}
    for run in board.runs:
        (part,) = (path.parent for path in out.glob(f"runs/{run.id}/*/scores.parquet"))
        assert f'stylerep.take("runs/{run.id}/{part.name}/0"' in (part / "0.js").read_text()
        assert len(read_shard(part / "0.js")) == 20
    board, changed = leaderboard([write_scored(tmp_path / "new", exact_match=HALF), exact, graded], out)
    assert len(changed.unchanged) == 1
    assert figures(board) == {
        ("exact", "exact_match"): 0.5,
        ("new", "exact_match"): 0.5,
        ("graded", "acc"): 1.0,
    }
