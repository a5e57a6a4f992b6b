"""Boards of runs with several draws of each item."""

from pathlib import Path

import pytest

from harness_ext.pages.leaderboard import leaderboard
from harness_ext.pages.leaderboard.annotate import response_records
from harness_ext.scoring.draws import scores_of_draws
from harness_ext.stats import share_interval, wilson_interval
from tests.harness_ext.compare.runs import write_scored


def test_a_boards_intervals_know_of_draws_and_other_figures_are_metrics(tmp_path: Path) -> None:
    rights = [[1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 1], [0, 1, 1, 1]]
    rows = [scores_of_draws([{"acc": float(one)} for one in draws], None) for draws in rights]
    several = write_scored(tmp_path / "several", **{name: [row[name] for row in rows] for name in rows[0]})
    one = write_scored(tmp_path / "one", acc=[float(draws[0]) for draws in rights])
    board, _ = leaderboard([several, one], tmp_path / "board")
    intervals = {entry.label: entry.accuracy.interval for entry in board.views[0].entries if entry.accuracy}
    assert intervals == {
        "several": share_interval([row["acc"] for row in rows], 4),
        "one": wilson_interval(3, 6),
    }
    by_pass, _ = leaderboard([several], tmp_path / "passes", metric="pass@2")
    (entry,) = by_pass.views[0].entries
    assert entry.accuracy is not None
    assert entry.accuracy.estimate == pytest.approx(sum(row["pass@2"] for row in rows) / 6)


def test_a_response_says_how_many_draws_its_outcome_is_of() -> None:
    first, second = response_records(
        [("The answer is 7.", {"acc": 0.5, "draws": 4.0}), ("The answer is 7.", {"acc": 1.0})]
    )
    assert first["draws"] == 4
    assert "draws" not in second
