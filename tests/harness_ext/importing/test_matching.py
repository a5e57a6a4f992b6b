import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from lm_eval.utils import handle_non_serializable, hash_string

from harness_ext.compare import compare
from harness_ext.importing import About, import_runs
from harness_ext.importing.items import Items, TaskItem
from harness_ext.importing.matching import match_items
from harness_ext.importing.record import Record
from harness_ext.runs.run_folder import load_run
from harness_ext.scoring.documents import document_hash, task_documents
from synth.errors import StylerepError
from tests.harness_ext.importing.sources import (
    GOLDS,
    INSPECT,
    LM_EVAL,
    PENS,
    lighteval_output,
    manifest,
    pens,
    rows_file,
    samples,
)


@pytest.mark.parametrize("task", ["style_gsm8k", "style_math500", "style_gpqa_diamond", "style_arith"])
def test_documents_have_the_hash_that_lm_eval_gives(
    published_sets: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setenv("STYLEREP_DATA", str(published_sets))
    document = next(task_documents(task))[1]
    assert document_hash(document) == hash_string(
        json.dumps(document, indent=2, default=handle_non_serializable, ensure_ascii=False)
    )


def test_lm_eval_gave_its_own_samples_these_hashes() -> None:
    for path in LM_EVAL.rglob("samples_*.jsonl"):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            assert document_hash(row["doc"]) == row["doc_hash"]


def test_responses_to_our_task_pair_with_our_run(
    stylerep_here: Callable[..., CompletedProcess[str]],
    published_sets: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("STYLEREP_DATA", str(published_sets))
    ran = stylerep_here(
        "eval",
        "--model",
        "dummy",
        "--tasks",
        "style_gsm8k,style_math500",
        "--output_path",
        "ours",
        HF_HUB_OFFLINE="1",
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    rows = [
        {
            "id": "whatever",
            "question": "Ann has 1 pens\n and buys 3.  How many?",
            "answer": "5",
            "response": "The answer is 4.",
        },
        {
            "prompt": [{"role": "user", "content": "Solve it. Ann has 0 pens and buys 3. How many? Think."}],
            "answer": "3",
            "response": "3",
        },
        {"question": "Ann has 2 pens and buys 3. How many?", "answer": "5.0", "response": "6", "score": 0},
    ]
    imported = import_runs(
        [rows_file(tmp_path / "m/x.jsonl", rows)],
        tmp_path / "theirs",
        model="m",
        task="style_gsm8k",
        about=About(family="f"),
    )
    ours, theirs = load_run(tmp_path / "ours"), load_run(tmp_path / "theirs")
    assert set(theirs.tasks["style_gsm8k", "none"]) == set(ours.tasks["style_gsm8k", "none"])
    assert {name for item in theirs.tasks["style_gsm8k", "none"].values() for name in item.metrics} >= {
        name for item in ours.tasks["style_gsm8k", "none"].values() for name in item.metrics
    }
    assert [row["doc_id"] for row in samples(tmp_path / "theirs", "style_gsm8k")] == [1, 0, 2]
    assert [row["acc"] for row in samples(tmp_path / "theirs", "style_gsm8k")] == [1, 1, 0]
    assert imported.tasks[0].matched_to == "style_gsm8k"
    assert imported.notes == [
        "style_gsm8k: 1 right answers differ from those of style_gsm8k (doc_id 1), which count.",
        "style_gsm8k: 1 of 3 responses have a recorded score; the accuracy recorded and the agreement are of"
        " those alone.",
    ]
    assert manifest(tmp_path / "theirs")["task_versions"] == {"style_gsm8k": 2.0}
    cells = compare([tmp_path / "ours", tmp_path / "theirs"], baseline=tmp_path / "ours").cells
    assert [(cell.run, cell.task, cell.n) for cell in cells if cell.run == "theirs"] == [
        ("theirs", "style_gsm8k", 3)
    ]
    results = rows_file(
        tmp_path / "m/maths.jsonl", [{"question": "What is $1 + 3$?", "response": "It is $\\boxed{4}$."}]
    )
    imported = import_runs(
        [results], tmp_path / "theirs", model="m", task="style_math500", about=About(family="f")
    )
    assert (imported.tasks[0].answer_type, imported.tasks[0].accuracy) == ("latex", 1.0)
    assert imported.notes == [
        "style_math500: 2 of 3 items have no response (doc_id 0, 2); compare such runs with --partial."
    ]
    assert set(load_run(tmp_path / "theirs").tasks) == {("style_gsm8k", "none"), ("style_math500", "none")}


def test_a_row_of_another_task_is_named(
    published_sets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STYLEREP_DATA", str(published_sets))
    source = rows_file(
        tmp_path / "m/x.jsonl",
        [
            {"question": "Ann has 1 pens and buys 3. How many?", "response": "4"},
            {"question": "Why?", "response": "x"},
        ],
    )
    with pytest.raises(StylerepError) as raised:
        import_runs([source], tmp_path / "runs", model="m", task="style_gsm8k")
    assert (
        str(raised.value)
        == f"{source}, line 2: this answers no item of style_gsm8k: 'Why?'; is it another task, or another"
        " version of its questions?"
    )
    with pytest.raises(
        StylerepError, match=r"style_gsm8k says itself how its answers are read; leave --answer-type out.$"
    ):
        import_runs([source], tmp_path / "runs", model="m", task="style_gsm8k", answer_type="text")
    with pytest.raises(
        StylerepError,
        match=r"style_prefer_arith: this task compares likelihoods, so there are no responses to it.$",
    ):
        import_runs([source], tmp_path / "runs", model="m", task="style_prefer_arith")
    assert not (tmp_path / "runs").exists()


def test_imports_from_three_harnesses_pair_through_a_run(tmp_path: Path) -> None:
    import_runs([next(LM_EVAL.rglob("samples_pens_2026*"))], tmp_path / "a", model="a")
    imported = import_runs(
        [lighteval_output(tmp_path / "out", "pens")], tmp_path / "b", model="b", like=tmp_path / "a"
    )
    assert imported.like == tmp_path / "a"
    import_runs([INSPECT / "pens.json"], tmp_path / "c", model="c", like=tmp_path / "a")
    import_runs(
        [rows_file(tmp_path / "d.jsonl", pens("7", "7", "24"))],
        tmp_path / "d",
        model="d",
        like=tmp_path / "b",
        task="pens",
    )
    keys = [load_run(tmp_path / name).tasks for name in "abcd"]
    assert all(set(one["pens", "none"]) == set(keys[0]["pens", "none"]) for one in keys)
    assert manifest(tmp_path / "b")["imported"]["tasks"]["pens"]["matched_to"] == "a/pens"
    report = compare([tmp_path / name for name in "abcd"], baseline=tmp_path / "a")
    assert {cell.n for cell in report.cells} == {3}


def test_a_run_under_filters_of_lm_eval_has_to_be_imported_too(tmp_path: Path) -> None:
    source = rows_file(tmp_path / "x.jsonl", pens("7", "7", "24"))
    imported = import_runs([source], tmp_path / "m", model="m", like=LM_EVAL, task="pens")
    assert imported.like is None
    assert imported.notes == [
        f"{LM_EVAL}: its scores of pens are those of the filter strict-match; import that run too, and both"
        " pair."
    ]
    with pytest.raises(
        StylerepError, match=r"name one of its tasks with --task: kinds, pens, pens_sampled.$"
    ):
        import_runs([source], tmp_path / "n", model="m", like=LM_EVAL)
    with pytest.raises(
        StylerepError, match=r"this is no run folder to take items from \(no samples_\*.jsonl in it\).$"
    ):
        import_runs([source], tmp_path / "n", model="m", like=tmp_path / "nothing")


def test_two_models_of_the_same_benchmark_pair_by_themselves(tmp_path: Path) -> None:
    for model, texts in (("a", ("7", "7", "24")), ("b", ("1", "2", "3"))):
        rows_file(
            tmp_path / "results" / model / "t.jsonl",
            [dict(row, id=f"{model}-{i}") for i, row in enumerate(pens(*texts))],
        )
    import_runs([tmp_path / "results"], tmp_path / "runs")
    first, second = (load_run(tmp_path / "runs" / model) for model in "ab")
    assert list(first.tasks["t", "none"]) == list(second.tasks["t", "none"])


def item(number: int, question: str, name: str) -> TaskItem:
    return TaskItem({"id": name, "question": question}, f"{number:064d}", number, question, ("1",), "number")


def record(question: str = "", prompt: str = "", name: str = "") -> Record:
    return Record("x.jsonl, line 1", ("t",), (None,), question=question, prompt=prompt, item=name)


ITEMS = Items(
    "t",
    [
        item(0, "How many?", "a"),
        item(1, "Now then. How many?", "b"),
        item(2, "Where to?", "3"),
        item(3, "Where to?", "d"),
    ],
    "t",
)


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (record("How  many?"), 0),
        (record("Now then.\nHow many?"), 1),
        (record(name="b"), 1),
        (record(prompt="Q: How many? A: 5 Q: Now then. How many? A:"), 1),
        (record(prompt="Q: Now then. How many? A: 5 Q: How many? A:"), 0),
        (record("Where to?", name="d"), 3),
        (record("How many?", name="3"), 0),
        (record("How many?", name="b"), 0),
        (record("worded in another way", name="b"), 1),
    ],
)
def test_an_item_is_found_by_id_question_or_prompt(given: Record, number: int) -> None:
    assert match_items([given], ITEMS)[0].number == number


def test_items_that_ask_the_same_take_turns() -> None:
    assert [one.number for one in match_items([record("Where to?")] * 4, ITEMS)] == [2, 3, 2, 3]


@pytest.mark.parametrize("given", [record("worded in another way", name="3"), record(), record("How man")])
def test_what_answers_no_item_is_refused(given: Record) -> None:
    with pytest.raises(StylerepError, match=r"line 1: this answers no item of t"):
        match_items([given], ITEMS)


def test_golds_of_an_lm_eval_task_are_after_the_marks(tmp_path: Path) -> None:
    import_runs(
        [rows_file(tmp_path / "x.jsonl", pens("7", "7", "24"))],
        tmp_path / "m",
        model="m",
        like=LM_EVAL,
        task="pens",
    )
    assert [row["acc"] for row in samples(tmp_path / "m", "pens")] == [1, 1, 1]
    assert [
        row["doc"]["answer"].endswith(f"#### {gold}")
        for row, gold in zip(samples(tmp_path / "m", "pens"), GOLDS, strict=True)
    ] == [True] * 3
    assert PENS[0] == samples(tmp_path / "m", "pens")[0]["doc"]["question"]


def test_a_run_says_how_its_answers_were_read(tmp_path: Path) -> None:
    rows = [{"question": "Which colour?", "answer": "red", "response": "The answer is the red."}]
    import_runs([rows_file(tmp_path / "x.jsonl", rows)], tmp_path / "a", model="a", answer_type="text")
    (one,) = import_runs(
        [rows_file(tmp_path / "x.jsonl", rows)], tmp_path / "b", model="b", like=tmp_path / "a"
    ).tasks
    assert (one.answer_type, one.accuracy) == ("text", 1.0)
