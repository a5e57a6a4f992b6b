"""Responses on disk: found again by all that made them, and by nothing less."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness_ext.backends.style_hf.journal import Journal, request_key
from harness_ext.backends.style_hf.sequence import Forced, TokenSequence
from synth.errors import StylerepError

MADE_BY: dict[str, Any] = {
    "model": "a",
    "adapter": "b",
    "dtype": "c",
    "controls": {"budget_forcing": 2},
    "decoding": {"limit": 9, "until": []},
}


def ended(index: int) -> TokenSequence:
    sequence = TokenSequence(index, [1, 2], 2, 50)
    sequence.force([7, 8], "wait")
    sequence.ids += [index, 9]
    sequence.ended, sequence.taken_back = "end", 3
    return sequence


def test_a_response_is_found_again_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "responses.jsonl"
    journal = Journal(path)
    journal.append("k0", ended(0), "text \ud800")
    journal.close()
    there = Journal(path)
    sequence = TokenSequence(0, [1, 2], 2, 50)
    assert not there.restore("k1", sequence)
    assert there.restore("k0", sequence)
    assert (sequence.written, sequence.ended, sequence.taken_back, sequence.forced) == (
        [7, 8, 0, 9],
        "end",
        3,
        [Forced(0, 2, "wait")],
    )


@pytest.mark.parametrize(
    "change",
    [
        ("model", "x"),
        ("adapter", None),
        ("dtype", "x"),
        ("controls", {}),
        ("decoding", {"limit": 10, "until": []}),
    ],
)
def test_whatever_made_a_response_is_part_of_its_key(change: tuple[str, Any]) -> None:
    key = request_key(MADE_BY, [1, 2, 3], 0)
    assert key == request_key(dict(reversed(MADE_BY.items())), (1, 2, 3), 0)
    assert key != request_key({**MADE_BY, change[0]: change[1]}, [1, 2, 3], 0)
    assert key != request_key(MADE_BY, [1, 2, 4], 0)
    assert key != request_key(MADE_BY, [1, 2, 3], 1)


def test_a_line_cut_off_by_a_kill_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    journal = Journal(path)
    for index in range(3):
        journal.append(f"k{index}", ended(index), "t")
    journal.close()
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(whole) - len(lines[-1]) + 1, len(whole)):
        path.write_bytes(whole[:cut])
        again = Journal(path)
        assert len(again) == 2
        again.append("k9", ended(9), "t")
        again.close()
        assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["k0", "k1", "k9"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"key": 1}',
        '{"key": "k", "ended": "end", "taken_back": 0, "ids": ["x"], "forced": []}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused_by_file_and_line_and_left_alone(tmp_path: Path, line: str) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(StylerepError, match=r"responses\.jsonl, line 1: .*move the file away"):
        Journal(path)
    assert path.read_text() == line + "\n"


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    held = Journal(tmp_path / "responses.jsonl")
    with pytest.raises(StylerepError, match="another process"):
        Journal(tmp_path / "responses.jsonl")
    held.close()


def test_a_folder_in_its_place_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="this file cannot be written"):
        Journal(tmp_path)
