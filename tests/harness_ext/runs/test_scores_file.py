"""The file of scores that grows while a run does."""

from pathlib import Path

import pytest

from harness_ext.runs.scores_file import SCORES, ScoresFile, ScoresReader, read_scores
from synth.errors import StylerepError

HEADER = {"order_seed": 0, "order_sha256": "a" * 64, "items": {"sums": 3}}


def test_scores_are_read_while_they_are_written(tmp_path: Path) -> None:
    assert read_scores(tmp_path) is None
    file = ScoresFile(tmp_path, HEADER)
    begun = read_scores(tmp_path)
    assert begun is not None
    assert (begun.items, begun.tasks) == ({"sums": 3}, {})
    for item in ("b", "a"):
        file.add("sums", "none", item, {"acc": 1.0, "words": 3.0})
    with (tmp_path / SCORES).open("ab") as end:
        end.write(b'{"task": "su')
    found = read_scores(tmp_path)
    assert found is not None
    assert list(found.tasks["sums", "none"]) == ["b", "a"]
    assert found.tasks["sums", "none"]["a"].metrics == {"acc": 1.0, "words": 3.0}
    file.close()
    ScoresFile(tmp_path, HEADER).close()  # begun anew
    again = read_scores(tmp_path)
    assert again is not None
    assert not again.tasks


def test_a_reader_takes_what_is_new_and_sees_a_file_that_is_begun_anew(tmp_path: Path) -> None:
    reader, file = ScoresReader(tmp_path), ScoresFile(tmp_path, HEADER)
    for count, item in enumerate("abc", 1):
        file.add("sums", "none", item, {"acc": 0.0})
        found = reader.read()
        assert found is not None
        assert len(found.tasks["sums", "none"]) == count
    file.close()
    file = ScoresFile(tmp_path, HEADER)
    file.add("sums", "none", "a", {"acc": 1.0})
    again = reader.read()
    assert again is not None
    assert {item: one.metrics["acc"] for item, one in again.tasks["sums", "none"].items()} == {"a": 1.0}
    file.close()


def test_two_writers_and_other_files_are_refused(tmp_path: Path) -> None:
    file = ScoresFile(tmp_path, HEADER)
    with pytest.raises(StylerepError, match="another process writes its scores here"):
        ScoresFile(tmp_path, HEADER)
    for _ in range(2):
        file.add("sums", "none", "a", {"acc": 1.0})
    file.close()
    with pytest.raises(StylerepError, match=r"scores\.jsonl, line 3: the item a occurs a second time"):
        read_scores(tmp_path)
    (tmp_path / SCORES).write_text('{"a": 1}\n')
    with pytest.raises(StylerepError, match=r"scores\.jsonl, line 1: .*order_seed"):
        read_scores(tmp_path)
