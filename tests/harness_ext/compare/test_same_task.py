"""What two runs differ in beside their arms is told in a line each;
other documents under one hash are refused.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness_ext.compare import compare
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import DATE, write_run, write_scored

RIGHT = [1, 0, 1, 1, 0, 1, 1, 0]
MANIFEST: dict[str, Any] = {
    "base_model": "m",
    "base_sha256": "a" * 64,
    "family": "llama3",
    "seed": 0,
    "gen_kwargs": None,
    "chat_template": True,
    "versions": {"lm_eval": "0.4.13", "stylerep": "0.1.0"},
}
RESULTS: dict[str, Any] = {"versions": {"sums": 2}, "n-shot": {"sums": 0}, "config": {}}
GENERATION = {"until": [], "max_gen_toks": 64, "do_sample": False}


def run(
    folder: Path,
    manifest: dict[str, Any],
    results: dict[str, Any],
    change: Callable[[dict[str, Any]], None] = lambda row: None,
) -> Path:
    """Write a run of 8 items, each row changed as asked."""
    write_scored(folder, acc=RIGHT)
    path = folder / "model" / f"samples_sums_{DATE}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["arguments"] = {"gen_args_0": {"arg_0": "prompt", "arg_1": dict(GENERATION)}}
        change(row)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "model" / f"results_{DATE}.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def notes(
    tmp_path: Path,
    manifest: dict[str, Any],
    results: dict[str, Any],
    change: Callable[[dict[str, Any]], None] = lambda row: None,
) -> list[str]:
    """Return the notes of a comparison of a run with one that is changed."""
    base = run(tmp_path / "base", {**MANIFEST, "arm": "base"}, RESULTS)
    other = run(tmp_path / "hc", {**MANIFEST, "arm": "hc", **manifest}, {**RESULTS, **results}, change)
    return compare([base, other]).notes


def test_the_same_task_has_no_note(tmp_path: Path) -> None:
    assert notes(tmp_path, {}, {"versions": {"sums": "2.0"}}) == []


@pytest.mark.parametrize(
    ("manifest", "results", "told"),
    [
        (
            {},
            {"versions": {"sums": 3}},
            (
                "hc and base differ in the version of the task (3; 2) in sums: the difference is not of their"
                " arms alone."
            ),
        ),
        ({"task_versions": {"sums": "1.1"}}, {}, "differ in the version of the task (1.1; 2) in sums"),
        ({}, {"n-shot": {"sums": 5}}, "differ in the number of examples in the prompt (5; 0) in sums"),
        ({"chat_template": False}, {}, "differ in chat_template (False; True)"),
        ({"gen_kwargs": {"temperature": 1}}, {}, "differ in gen_kwargs ({'temperature': 1}; None)"),
        (
            {"base_sha256": "b" * 64},
            {},
            "differ in the digest of the base model (bbbbbbbbbbbb; aaaaaaaaaaaa)",
        ),
        (
            {"versions": {"lm_eval": "0.4.9", "stylerep": "0.1.0"}},
            {},
            "differ in the version of lm_eval (0.4.9; 0.4.13): the difference may not be of",
        ),
        (
            {"versions": {"lm_eval": "0.4.13", "stylerep": "0.0.9"}},
            {},
            "differ in the version of stylerep (0.0.9; 0.1.0)",
        ),
    ],
)
def test_a_difference_beside_the_arms_is_told(
    tmp_path: Path, manifest: dict[str, Any], results: dict[str, Any], told: str
) -> None:
    (note,) = notes(tmp_path, manifest, results)
    assert told in note


def test_settings_of_generation_are_told_by_what_differs(tmp_path: Path) -> None:
    (note,) = notes(
        tmp_path,
        {},
        {},
        lambda row: row["arguments"]["gen_args_0"]["arg_1"].update(
            max_gen_toks=256, api_key="sk-abcdefgh12345678"
        ),
    )
    assert (
        'differ in settings of generation (max_gen_toks=256, api_key="***"; max_gen_toks=64, no api_key) in'
        " sums" in note
    )


def test_a_secret_in_gen_kwargs_is_not_told(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, {"gen_kwargs": {"api_key": "very-private-1"}}, {})
    assert "very-private-1" not in note
    assert "api_key" in note


def test_another_right_answer_is_told(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, {}, {}, lambda row: row.update(target="99") if row["doc_id"] < 2 else None)
    assert (
        "hc and base, sums: 2 of 8 items have another right answer in one than in the other (doc_hash"
        " 000000000000, 000000000000)" in note
    )


def test_other_documents_under_one_hash_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StylerepError,
        match=r"sums: 1 of 8 items of .* are other documents under one hash \(doc_hash 0{12}\), so they cannot be paired",  # noqa: E501
    ):
        notes(
            tmp_path,
            {},
            {},
            lambda row: row["doc"].update(question="What is 2 times 2?") if row["doc_id"] == 3 else None,
        )


def test_the_order_of_a_documents_fields_does_not_matter(tmp_path: Path) -> None:
    assert notes(tmp_path, {}, {}, lambda row: row.update(doc=dict(reversed(row["doc"].items())))) == []


def test_one_number_with_two_hashes_is_told(tmp_path: Path) -> None:
    def change(row: dict[str, Any]) -> None:
        if row["doc_id"] == 3:
            row["doc_hash"] = "f" * 64

    with pytest.raises(
        StylerepError,
        match=r"1 of 8 items .* are missing .*; 1 of their documents have one number and other contents \(doc_id 3\)",  # noqa: E501
    ):
        notes(tmp_path, {}, {}, change)


def test_what_is_paired_of_shared_items_is_told(tmp_path: Path) -> None:
    base = run(tmp_path / "base", {**MANIFEST, "arm": "base"}, RESULTS)
    other = run(
        tmp_path / "hc",
        {**MANIFEST, "arm": "hc"},
        RESULTS,
        lambda row: row.update(doc_hash="f" * 64) if row["doc_id"] == 3 else None,
    )
    assert compare([base, other], partial=True).notes == [
        "hc and base, sums: 2 items that only one of them has are left out; 7 are paired."
    ]


def test_seeds_that_were_trained_on_other_rows_are_told(tmp_path: Path) -> None:
    def run(name: str, arm: str, seed: int | None, rows: str | None) -> Path:
        more = {"seed": seed, "dataset_fingerprint": rows} if rows else {"seed": seed}
        return write_run(tmp_path / name, [1, 0, 1, 1], arm=arm, base_model="m", family="f", **more)

    runs = [run("base", "base", None, None), run("a0", "hc", 0, "x"), run("a1", "hc", 1, "x")]
    assert not [note for note in compare(runs).notes if "other rows" in note]
    runs += [run("b0", "sbs", 0, "y"), run("b1", "sbs", 1, "z")]
    (note,) = [note for note in compare(runs).notes if "other rows" in note]
    assert note.startswith("sbs, 2 seeds: these runs were trained on other rows than one another")
