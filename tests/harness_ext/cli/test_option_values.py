"""Values of options that nothing can be done with end in a sentence and code 2, whatever they are."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import one_sentence

Command = Callable[..., subprocess.CompletedProcess[str]]
DIGITS = "9" * 5000
_SYNTH = ("synth", "--problems", "arith", "--n", "3", "--out", "o")
_ROWS = ("synth", "--from", "rows.jsonl", "--out", "o")
_DISTILL = ("distill", "--model", "org/x", "--data", "folder", "--out", "a")
_IMPORT = ("import", "rows.jsonl", "--model", "m", "--task", "t", "--out", "r")
_EVAL = ("eval", "--model", "dummy", "--tasks", "style_arith", "--output_path", "e")
WRONG = [
    (
        [*_SYNTH, "--arms", f"shuffle=0.{'3' * 300}"],
        "333' must be a number from 0 to 1 of at most 16 characters",
    ),
    ([*_SYNTH, "--arms", "shuffle=nan"], "must be a number from 0 to 1"),
    ([*_SYNTH, "--arms", "shuffle=١"], "must be a number from 0 to 1"),
    ([*_SYNTH, "--arms", "x" * 5000], "There is no arm 'xxx"),
    ([*_SYNTH, "--arms", ""], "No arm was named"),
    ([*_SYNTH, "--arms", "hc/.."], "There is no arm 'hc/..'"),
    ([*_SYNTH, "--seed", DIGITS], "Invalid value for '--seed'"),
    ([*_SYNTH, "--seed", str(2**63)], "The seed stands in a column of 64 bits"),
    ([*_SYNTH, "--n", "0"], "must be at least 1, got 0"),
    ([*_SYNTH, "--n", str(2**63)], "of at most 64 bits"),
    ([*_SYNTH, "--dial", "trace_words=1e400"], "a dial is written NAME=NUMBER"),
    ([*_SYNTH, "--dial", "trace_words=nan"], "a dial is written NAME=NUMBER"),
    ([*_SYNTH, "--dial", "trace_words=1e300"], "The dial trace_words goes from"),
    ([*_SYNTH, "--style", "folder"], "expected a file, found a folder"),
    ([*_SYNTH, "--style", "pipe"], "expected a file, found a pipe"),
    ([*_SYNTH, "--style", "text"], "this is not valid JSON"),
    ([*_SYNTH, "--style", "a" * 300], "File name too long"),
    ([*_SYNTH, "--out", "a" * 300], "File name too long"),
    ([*_SYNTH, "--out", "text"], "text is a file, so no folder can be made in it"),
    ([*_SYNTH, "--out", "dangling"], "this link leads to nothing, which is not there"),
    ([*_SYNTH, "--templates", "pipe"], "there is no such folder of templates"),
    (["synth", "--problems", "arith", "--like", "text", "--out", "o"], "this is a file; name the folder"),
    ([*_SYNTH, "--problems", f"arith:train:max_steps={DIGITS}"], "max_steps"),
    ([*_SYNTH, "--problems", "arith:train:max_steps=1e3"], "max_steps must be a whole number"),
    ([*_SYNTH, "--problems", "rows.jsonl:question=nope"], "there is no column 'nope'"),
    ([*_SYNTH, "--problems", "a" * 300 + ".jsonl"], "File name too long"),
    ([*_SYNTH, "--problems", "pipe.jsonl"], "there is no such file"),
    ([*_ROWS, "--n", "-1"], "must be at least 1, got -1"),
    ([*_ROWS, "--correct-field", "question"], "line 1"),
    (["analyze", "pipe"], "there is no such file, folder or Hub data set"),
    (["analyze", "rows.jsonl", "--reference", "pipe"], "expected a file, found a pipe"),
    (["analyze", "rows.jsonl", "--compare", "folder"], "expected a file, found a folder"),
    ([*_IMPORT, "--arm", "a\nb"], "--arm: expected a text of one line without control characters"),
    ([*_IMPORT, "--family", ""], "--family: expected a text of one line"),
    ([*_IMPORT, "--models", "pipe"], "expected a file, found a pipe"),
    ([*_IMPORT, "--seed", DIGITS], "Invalid value for '--seed'"),
    (["compare", "--plan", "--margin", "nan"], "The margin is a difference of accuracies"),
    (
        ["compare", "--plan", "--margin", "1e-300"],
        "The margin is a difference of accuracies of at least 1e-06",
    ),
    (
        ["compare", "--plan", "--discordance", "1e-300"],
        "The discordance is a share of items of at least 1e-06",
    ),
    (["compare", "--plan", "--items", "-5"], "The number of items must be 1 or more"),
    (["compare", "--plan", "--items", str(10**30)], "The number of items must be 1 or more, and below 2^53"),
    (["leaderboard", "folder", "--out", "b", "--traces", DIGITS], "--traces takes a number or all"),
    (["leaderboard", "folder", "--out", "b", "--traces", "٣"], "--traces takes a number or all"),
    (
        ["reproduce", "demo", "--out", "text", "--dry-run"],
        "text is no folder, so the study's cannot be made there",
    ),
    (
        ["reproduce", "demo", "--out", "text/x", "--dry-run"],
        "text is no folder, so the study's cannot be made there",
    ),
    (["reproduce", "demo", "--out", "dangling", "--dry-run"], "dangling is no folder"),
    (["reproduce", "demo", "--out", "s", "--dry-run", "--engine", "nope"], "--engine takes processes, slurm"),
    (
        ["reproduce", "demo", "--out", "s", "--dry-run", "--engine-option", "=1"],
        "--engine-option takes NAME=VALUE",
    ),
    (["reproduce", "pipe", "--out", "s"], "there is no such study file"),
    ([*_DISTILL, "--epochs", "nan"], "epochs must be above 0, got nan"),
    ([*_DISTILL, "--epochs", "inf"], "epochs must be above 0, got inf"),
    ([*_DISTILL, "--batch-size", str(2**64)], "batch-size must be above 0"),
    ([*_DISTILL, "--seed", str(2**70)], "seed must be a number of 64 bits"),
    ([*_DISTILL, "--recipe", "a" * 300 + ".yaml"], "File name too long"),
    ([*_DISTILL, "--without", "pipe"], "expected a file, found a pipe"),
    (["models", "pull", f"scratch:llama-2m:seed={'9' * 40}"], "the seed 0 or more and below 2^63"),
]
SLOWER = [
    (
        [*_EVAL, "--limit", "-5"],
        "--limit is a number of items from 1 on, or a share of them between 0 and 1, found -5",
    ),
    ([*_EVAL, "--limit", "0"], "--limit is a number of items from 1 on"),
    ([*_EVAL, "--limit", "nan"], "--limit is a number of items from 1 on"),
    ([*_EVAL, "--limit", "inf"], "--limit is a number of items from 1 on"),
    ([*_EVAL, "--limit", "1.5"], "--limit is a number of items from 1 on"),
    ([*_EVAL, "--limit", "abc"], "invalid float value: 'abc'"),
    ([*_EVAL, "--metadata", "{bad"], "Invalid JSON: {bad"),
    ([*_EVAL, "--metadata", "[" * 3000], "what its options take"),
    ([*_EVAL, "--metadata", '{"items": "x"}'], "metadata: items: expected a whole number, found 'x'"),
    ([*_EVAL, "--metadata", '{"items": -1}'], "metadata: items: expected a number of at least 1"),
    ([*_EVAL, "--metadata", '{"problems": 3}'], "metadata: problems: expected a text, found 3"),
    ([*_EVAL, "--gen_kwargs", "{bad"], "Invalid JSON"),
    ([*_EVAL, "--arm", "a\nb"], "--arm: expected a text of one line"),
    ([*_EVAL, "--claims", "pipe"], "expected a file, found a pipe"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text(
        '{"question": "1 + 1?", "answer": "2", "response": "<think>So.</think>2", "correct": true}\n',
        encoding="utf-8",
    )
    (tmp_path / "text").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize(("words", "says"), [*WRONG, *SLOWER])
def test_a_value_that_nothing_can_be_done_with_is_told(
    folder: Path, stylerep_here: Command, words: list[str], says: str
) -> None:
    assert says in one_sentence(stylerep_here(*words))
    made = [path for path in folder.iterdir() if path.name not in ("e", "o") or any(path.iterdir())]
    assert sorted(path.name for path in made) == ["dangling", "folder", "pipe", "rows.jsonl", "text"]


def test_a_mistake_beside_claims_is_code_3(folder: Path, stylerep_here: Command) -> None:
    for claims, says in (
        ("pipe", "expected a file, found a pipe"),
        ("folder", "expected a file, found a folder"),
        ("nothing", "there is no such claims file"),
    ):
        result = stylerep_here("compare", "folder", ".", "--claims", claims)
        assert result.returncode == 3
        assert says in result.stderr
