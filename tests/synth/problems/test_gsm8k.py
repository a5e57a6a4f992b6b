import json
from pathlib import Path

import pytest

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.problems import gsm8k, load_problems, read_gsm8k

ROW = {
    "question": "Ann has 4 pens and buys 3 packs of 5. How many?",
    "answer": "Packs: 3*5=<<3*5=15>>15 pens.\nAll: 4+15=<<4+15=19>>19.\n#### 19",
}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_annotations_become_steps(tmp_path: Path) -> None:
    (item,) = read_gsm8k("train", write(tmp_path / "a.jsonl", json.dumps(ROW)))
    assert [step.text for step in item.steps] == ["Packs: 3*5=15 pens.", "All: 4+15=19."]
    assert [(claim.expression, claim.result) for step in item.steps for claim in step.claims] == [
        ("3*5", "15"),
        ("4+15", "19"),
    ]
    assert (item.answer, item.answer_type) == ("19", "number")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"question": "cut off', "not valid JSON"),
        ('{"question": "no answer"}', 'expected a text "answer"'),
        ('["a list"]', "expected an object"),
        ('{"question": "q", "answer": "no mark"}', "####"),
        ('{"question": "q", "answer": "#### many"}', "####"),
    ],
)
def test_a_corrupt_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path / "a.jsonl", json.dumps(ROW), line)
    with pytest.raises(StylerepError, match=f"a.jsonl, line 2: .*{says}"):
        read_gsm8k("train", path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(StylerepError, match="line 1"):
        read_gsm8k("train", tmp_path / "a.jsonl")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("")
    with pytest.raises(StylerepError, match="no problems"):
        read_gsm8k("train", tmp_path / "a.jsonl")


def test_the_real_files(real_data: Path) -> None:
    train, test = (
        read_gsm8k(split, real_data / f"benchmarks/gsm8k_{split}.jsonl") for split in ("train", "test")
    )
    assert (len(train), len(test)) == (7473, 1319)
    assert train[0].answer == "72"
    claims = [claim for item in train for step in item.steps for claim in step.claims]
    # Two annotations of the published file use //, which is no plain arithmetic.
    assert sum(evaluate(claim.expression) is None for claim in claims) == 2
    assert all(evaluate(item.answer) is not None for item in train + test)


def test_the_order_depends_on_the_seed_alone(real_data: Path) -> None:
    path = real_data / "benchmarks/gsm8k_train.jsonl"
    ids = [[item.id for item in gsm8k("train", seed, path)] for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]
    assert sorted(ids[0]) == sorted(ids[2])


@pytest.mark.parametrize(
    ("spec", "n", "says"),
    [
        ("nowhere", 5, "choose from arith"),
        ("arith", None, "no end"),
        ("missing.jsonl", 5, "no such file"),
        ("arith", 0, "at least 1"),
    ],
)
def test_load_problems_refuses(spec: str, n: int | None, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_problems(spec, n)


def test_more_problems_than_there_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="it has 1"):
        load_problems(str(write(tmp_path / "a.jsonl", json.dumps(ROW), json.dumps(ROW))), 2)
