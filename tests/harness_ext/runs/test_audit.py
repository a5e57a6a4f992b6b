"""What is said of a run at its end, and the tag of a prompt that opens the trace."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness_ext.backends.lm_eval.hf_model import with_prompts_opening
from harness_ext.runs.audit import run_notes
from synth.formats import split_response


def written(folder: Path, responses: list[str]) -> Path:
    rows = [
        {"doc_hash": str(i), "filter": "none", "resps": [[text]], "answered": float("answer is" in text)}
        for i, text in enumerate(responses)
    ]
    path = folder / "m" / "samples_style_arith_2026-01-01T00-00-00.000001.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_a_run_says_what_of_its_responses_may_be_read_wrongly(tmp_path: Path) -> None:
    good = "<think>\nOne and one.\n</think>\n\nThe answer is 2."
    cut = "<think>\nOne and one, so 2"
    (note,) = run_notes(written(tmp_path / "a", [good] * 20 + [cut] * 5))
    assert note.startswith(
        "style_arith: 5 of 25 responses were cut off within their trace and count as unanswered (the first:"
        " m/samples_style_arith_"
    )
    assert run_notes(written(tmp_path / "b", [good] * 20 + [cut])) == []


def test_a_run_of_likelihoods_has_nothing_to_say(tmp_path: Path) -> None:
    folder = written(tmp_path / "a", ["x"])
    path = next(folder.rglob("samples_*.jsonl"))
    path.write_text(
        json.dumps(
            {
                "doc_hash": "0",
                "filter": "none",
                "resps": [[["-1.5", "False"]], [["-2.5", "False"]]],
                "acc": 1.0,
            }
        )
        + "\n",
        encoding="utf-8",
    )
    assert run_notes(folder) == []


def test_a_response_gets_the_tag_that_its_prompt_ends_with() -> None:
    asked = [
        SimpleNamespace(args=(prompt, {}))
        for prompt in ("1 + 1?<think>\n", "1 + 1?<think>\n", "1 + 1?", "1 + 1?[THINK]")
    ]

    def generate(self: Any, requests: list[Any]) -> list[str]:
        return ["One and one, so 2", "One.\n</think>\n2", "2", "One.[/THINK]2"]

    texts = with_prompts_opening(generate)(None, asked)
    assert texts == ["<think>\nOne and one, so 2", "<think>\nOne.\n</think>\n2", "2", "[THINK]One.[/THINK]2"]
    assert [split_response(text).truncated for text in texts] == [True, False, False, False]


def test_two_runs_in_one_folder_are_no_reason_to_fail_after_the_work(tmp_path: Path) -> None:
    cut = ["<think>\nOne and one, so 2"] * 5
    written(tmp_path / "a", cut)
    written(tmp_path / "b", cut)
    assert len(run_notes(tmp_path)) == 2
