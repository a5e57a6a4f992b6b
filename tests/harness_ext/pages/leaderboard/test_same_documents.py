"""A run whose documents are others under the hashes of a board's is left out, and told."""

import json
from pathlib import Path

from harness_ext.pages.leaderboard import leaderboard
from tests.harness_ext.compare.runs import DATE, write_scored


def a_run(folder: Path, arm: str, question: str = "") -> Path:
    write_scored(folder, acc=[1, 0, 1, 1])
    (folder / "manifest.json").write_text(
        json.dumps({"base_model": "m", "arm": arm, "seed": 0}), encoding="utf-8"
    )
    path = folder / "model" / f"samples_sums_{DATE}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if question:
        rows[2]["doc"]["question"] = question
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_other_documents_under_one_hash_stay_off_the_board(tmp_path: Path) -> None:
    runs = [
        a_run(tmp_path / "base", "base"),
        a_run(tmp_path / "hc", "hc"),
        a_run(tmp_path / "st", "st", "What is 2 times 2?"),
    ]
    board, added = leaderboard(runs, tmp_path / "board")
    assert sorted(run.arm for run in board.runs) == ["base", "hc"]
    (note,) = [note for note in added.notes if "documents" in note]
    assert "st" in note
    assert "left out, since its documents are others" in note
    board, added = leaderboard([runs[2]], tmp_path / "board")
    assert sorted(run.arm for run in board.runs) == ["base", "hc"]
    assert any("left out" in note for note in added.notes)


def test_a_board_of_before_takes_any(tmp_path: Path) -> None:
    leaderboard([a_run(tmp_path / "base", "base")], tmp_path / "board")
    (order,) = (tmp_path / "board" / "items").glob("*/order.json")
    content = json.loads(order.read_text(encoding="utf-8"))
    del content["documents"]
    order.write_text(json.dumps(content), encoding="utf-8")
    board, _ = leaderboard([a_run(tmp_path / "hc", "hc")], tmp_path / "board")
    assert len(board.runs) == 2
