import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import one_sentence
from tests.harness_ext.importing.sources import INSPECT, LM_EVAL, manifest, pens, rows_file, samples

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_an_import_says_what_it_made_and_what_comes_next(stylerep_here: Run, tmp_path: Path) -> None:
    rows_file(
        tmp_path / "t.jsonl",
        [*pens("7", "8", "24", model="a[red]", score=1), *pens("7", "7", "3", model="b", score=0)],
    )
    result = stylerep_here("import", "t.jsonl", "--out", "runs", "--family", "f")
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines] == [
        ["a_red_", "t", "3", "66.7", "100.0", "66.7", "1", "number", ""],
        ["b", "t", "3", "66.7", "0.0", "33.3", "2", "number", ""],
    ]
    assert result.stdout.startswith("Imported, format jsonl")
    command = result.stdout.splitlines()[-1].removeprefix("Next: stylerep ").split()
    assert command == ["compare", "runs/a_red_", "runs/b", "--baseline", "runs/a_red_"]
    assert "verdict" in stylerep_here(*command).stdout
    assert manifest(tmp_path / "runs/b")["family"] == "f"


def test_options_reach_the_import(stylerep_here: Run, tmp_path: Path) -> None:
    rows = [
        {"q": row["question"], "a": row["answer"], "r": row["response"], "s": "1", "n": i}
        for i, row in enumerate(pens("So \\boxed{7}.", "\\boxed{7}", "\\boxed{24}"))
    ]
    rows_file(tmp_path / "x.jsonl", rows)
    (tmp_path / "models.yaml").write_text(
        "m: {family: f, arm: hc, base_model: b, seed: 2}\n", encoding="utf-8"
    )
    options = [
        "--question-field",
        "q",
        "--answer-field",
        "a",
        "--response-field",
        "r",
        "--score-field",
        "s",
        "--id-field",
        "n",
        "--answer-type",
        "latex",
    ]
    command = [
        "import",
        "x.jsonl",
        "--out",
        "m",
        "--model",
        "m",
        "--models",
        "models.yaml",
        "--task",
        "t",
        "--format",
        "jsonl",
        *options,
    ]
    assert stylerep_here(*command).returncode == 0
    assert {key: manifest(tmp_path / "m")[key] for key in ("family", "arm", "base_model", "seed")} == {
        "family": "f",
        "arm": "hc",
        "base_model": "b",
        "seed": 2,
    }
    assert manifest(tmp_path / "m")["imported"]["tasks"]["t"]["answer_type"] == "latex"
    assert [(row["doc"]["id"], row["recorded"], row["acc"]) for row in samples(tmp_path / "m", "t")] == [
        ("0", 1, 1),
        ("1", 1, 1),
        ("2", 1, 1),
    ]
    assert "replace it with --overwrite" in one_sentence(stylerep_here(*command))
    assert stylerep_here(*command, "--overwrite").returncode == 0
    result = stylerep_here("import", LM_EVAL, "--out", "lm", "--filter", "flexible-extract")
    assert "there is no filter 'flexible-extract'; there are none." in one_sentence(result)
    result = stylerep_here(
        "import",
        INSPECT / "pens.json",
        "--out",
        "like",
        "--model",
        "like",
        "--like",
        "m",
        "--task",
        "t",
        "--arm",
        "st",
        "--base-model",
        "b",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "Next: stylerep compare m like --baseline m"
    assert manifest(tmp_path / "like")["arm"] == "st"


def test_a_mistake_is_one_sentence_and_nothing_is_written(stylerep_here: Run, tmp_path: Path) -> None:
    rows_file(tmp_path / "t.jsonl", [{"question": "q", "response": "x", "answer": "1"}, {"question": "q"}])
    sentence = one_sentence(stylerep_here("import", "t.jsonl", "--out", "runs"))
    assert sentence.startswith(
        "stylerep: t.jsonl, line 2: no field is known to hold a response; name it with --response-field."
    )
    assert "Name files or folders" not in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]
