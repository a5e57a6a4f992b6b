"""Files of a board that do not fit are told in a sentence, and the board stays as it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness_ext.pages.leaderboard import leaderboard
from harness_ext.pages.leaderboard.board_records import read_scores
from harness_ext.pages.leaderboard.shards import read_shard
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    runs = [
        write_run(folder / name, right, arm=name) for name, right in (("base", [1, 0, 1]), ("hc", [1, 1, 1]))
    ]
    leaderboard(runs, folder / "board")
    return folder / "board"


def _put(path: Path, change: Callable[[Any], Any]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    made = change(content)
    path.write_text(json.dumps(made if isinstance(made, list) else content), encoding="utf-8")


@pytest.mark.parametrize(
    ("pattern", "change", "says"),
    [
        (
            "runs/*hc*/run.json",
            lambda one: one["facts"].update(template={"a": 1}),
            "facts.template: expected true or false, found {'a': 1}; remove",
        ),
        (
            "runs/*hc*/run.json",
            lambda one: one["facts"].pop("model"),
            "facts: the key 'model' is missing; remove",
        ),
        (
            "runs/*hc*/run.json",
            lambda one: one.update(parts=[1]),
            r"parts: expected a mapping, found \[1\]; remove",
        ),
        ("runs/*hc*/run.json", lambda one: one.update(format=10**30), "format: expected a number below"),
        (
            "items/*/order.json",
            lambda one: one.update(shards=["x"]),
            r"shards\[0\]: expected a whole number, found 'x'; remove",
        ),
        ("items/*/order.json", lambda one: one["hashes"].pop(), "not the items that its folder is named by"),
        (
            "board.json",
            lambda one: one["settings"].update(traces=-1),
            "settings.traces: expected a number of at least 0, found -1; this is not",
        ),
        ("board.json", lambda one: [one], "expected a mapping, found .*; this is not the file of a board"),
    ],
)
def test_a_file_that_does_not_fit(board: Path, pattern: str, change: Callable[[Any], Any], says: str) -> None:
    path = next(board.glob(pattern))
    before = path.read_bytes()
    _put(path, change)
    changed = path.read_bytes()
    try:
        with pytest.raises(StylerepError, match=rf"^{path}: .*{says}"):
            leaderboard([], board)
        assert path.read_bytes() == changed
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"acc": [1.0, 0.0]}, "expected the scores of 3 items, found 2 rows"),
        ({"style": [1.0] * 3}, "found no accuracy"),
        ({"acc": [1.0, 2.0, 0.0]}, "acc: expected numbers of 0 to 1"),
        ({"acc": [1.0] * 3, "trace_words": [1.0, float("inf"), 2.0]}, "trace_words: expected finite numbers"),
        ({"acc": ["a"] * 3}, "the scores cannot be read"),
        ({"acc": [1.0, None, 0.0]}, "acc: expected numbers of 0 to 1"),
    ],
)
def test_scores_that_do_not_fit(tmp_path: Path, columns: dict[str, list[Any]], says: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "scores.parquet")
    with pytest.raises(StylerepError, match=says):
        read_scores(tmp_path / "scores.parquet", 3)


def test_a_damaged_shard_is_told(tmp_path: Path) -> None:
    (tmp_path / "0.js").write_text('stylerep.take("x","AAAA")\n', encoding="utf-8")
    with pytest.raises(StylerepError, match="this file of a board is damaged"):
        read_shard(tmp_path / "0.js")
