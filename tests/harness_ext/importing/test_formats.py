import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness_ext.importing import Imported, ReadSource, import_runs
from harness_ext.runs.run_folder import load_run
from synth.errors import StylerepError
from synth.responses import Fields
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


def accuracies(imported: Imported) -> dict[tuple[str, str], tuple[float, float | None]]:
    return {
        (one.folder.name, one.task): (
            round(one.accuracy, 3),
            None if one.recorded_accuracy is None else round(one.recorded_accuracy, 3),
        )
        for one in imported.tasks
    }


def test_lm_eval_of_any_task(tmp_path: Path) -> None:
    imported = import_runs([LM_EVAL], tmp_path)
    assert imported.format == "lm_eval"
    assert accuracies(imported) == {
        ("org__canned", "kinds"): (0.5, 0.5),
        ("org__canned", "pens"): (0.667, 0.333),
        ("org__canned-0", "pens_sampled"): (0.667, None),
        ("org__canned-1", "pens_sampled"): (0.667, None),
    }
    theirs = [json.loads(line) for line in next(LM_EVAL.rglob("samples_pens_2026*")).read_text().splitlines()]
    ours = samples(tmp_path / "org__canned", "pens")
    assert [row["doc_hash"] for row in ours] == [
        row["doc_hash"] for row in theirs if row["filter"] == "strict-match"
    ]
    assert [row["doc"] for row in ours] == [row["doc"] for row in theirs[:3]]
    assert [(row["acc"], row["recorded"], row["trace_present"]) for row in ours] == [
        (1, 1, 0),
        (1, 0, 1),
        (0, 0, 0),
    ]
    said = manifest(tmp_path / "org__canned")
    assert said["model"] == "lm_eval"
    assert (said["model_name"], said["base_model"], said["arm"], said["seed"]) == (
        "org/canned",
        "org/canned",
        "base",
        None,
    )
    assert said["task_versions"] == {"kinds": 1.0, "pens": 3.0}
    assert said["versions"]["lm_eval"] == "0.4.13"
    assert said["imported"]["tasks"]["pens"]["filter"] == "strict-match"
    assert [manifest(tmp_path / f"org__canned-{seed}")["seed"] for seed in (0, 1)] == [0, 1]
    assert samples(tmp_path / "org__canned-0", "pens_sampled")[0]["resps"] == [["Seven, so the answer is 7."]]


def test_another_filter_of_lm_eval(tmp_path: Path) -> None:
    source = next(LM_EVAL.rglob("samples_pens_2026*"))
    imported = import_runs([source], tmp_path, reading=ReadSource(filter="flexible-extract"))
    assert accuracies(imported) == {("org__canned", "pens"): (0.667, 0.667)}
    assert [row["recorded"] for row in samples(tmp_path / "org__canned", "pens")] == [1, 1, 0]
    assert imported.tasks[0].agreement == 1.0
    with pytest.raises(
        StylerepError, match=r"there is no filter 'none'; there are strict-match, flexible-extract.$"
    ):
        import_runs([source], tmp_path, reading=ReadSource(filter="none"))


def test_likelihoods_keep_their_score_and_have_no_style(tmp_path: Path) -> None:
    imported = import_runs([next(LM_EVAL.rglob("samples_kinds*"))], tmp_path)
    row, _ = samples(tmp_path / "org__canned", "kinds")
    assert (row["acc"], row["metrics"], row["filtered_resps"]) == (1.0, ["acc", "recorded"], [])
    assert (imported.tasks[0].regraded, imported.tasks[0].answer_type, imported.tasks[0].agreement) == (
        False,
        None,
        None,
    )
    assert (
        "kinds: there are only likelihoods, so acc is the score that came with the responses."
        in imported.notes
    )


def test_lighteval_of_today(tmp_path: Path) -> None:
    imported = import_runs(
        [lighteval_output(tmp_path / "out", "pens", "pens_avg", "kinds")], tmp_path / "runs"
    )
    assert imported.format == "lighteval"
    assert accuracies(imported) == {
        ("org__canned", "kinds"): (0.5, 0.5),
        ("org__canned", "pens"): (1.0, 1.0),
        ("org__canned-0", "pens_avg"): (1.0, None),
        ("org__canned-1", "pens_avg"): (0.333, None),
    }
    said = manifest(tmp_path / "runs/org__canned")
    assert (said["model"], said["model_name"], said["gen_kwargs"]) == (
        "lighteval",
        "org/canned",
        {"temperature": 0},
    )
    assert not any("/" in one["name"] for one in said["imported"]["files"])
    ben = samples(tmp_path / "runs/org__canned", "pens")[0]
    assert ben["doc"] == {"id": "1", "question": f"Question: {PENS[1]}\nAnswer:", "answer": "7"}
    assert ben["resps"] == [["<think>12 - 5 = 7. Wait, let me check: 7 + 5 = 12.</think>\nThe answer is 7."]]
    assert ben["trace_present"] == 1.0
    assert (
        "pens: the recorded score is extractive_match; by em accuracy is 0.0 % and not 100.0 % (3 of 3 items"
        " differ) (--metric)." in imported.notes
    )


def test_another_metric_of_lighteval(tmp_path: Path) -> None:
    source = lighteval_output(tmp_path / "out", "pens")
    imported = import_runs([source], tmp_path / "runs", reading=ReadSource(Fields(correct="em")))
    assert (
        imported.tasks[0].recorded_accuracy,
        imported.tasks[0].agreement,
        imported.tasks[0].disagreements,
    ) == (0.0, 0.0, (0, 1, 2))
    with pytest.raises(StylerepError, match=r"there is no metric 'acc'; there are extractive_match, em.$"):
        import_runs([source], tmp_path / "runs", reading=ReadSource(Fields(correct="acc")))


def test_lighteval_before_0_10(tmp_path: Path) -> None:
    """Written after the source of 0.8.1: its list of columns, and what its logger puts there."""
    rows = [
        {
            "example": f"Question: {question}\nAnswer:",
            "instruction": "",
            "full_prompt": f"Question: {question}\nAnswer:",
            "num_effective_few_shots": 0,
            "num_asked_few_shots": 0,
            "predictions": [f"The answer is {gold}."],
            "input_tokens": [[1]],
            "cont_tokens": [[2]],
            "truncated": [0],
            "padded": [0],
            "gold": [gold],
            "pred_logits": [],
            "choices": [],
            "gold_index": [],
            "metrics": {"extractive_match": 1.0},
            "specifics": {"x": "y"},
        }
        for question, gold in zip(PENS, GOLDS, strict=True)
    ]
    folder = tmp_path / "details/org/older/2025-05-01T10-00-00.000001"
    folder.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_pylist(rows), folder / "details_lighteval|gsm8k|0|0_2025-05-01T10-00-00.000001.parquet"
    )
    imported = import_runs([tmp_path], tmp_path / "runs")
    assert (imported.format, accuracies(imported)) == ("lighteval", {("org__older", "gsm8k"): (1.0, 1.0)})
    assert (tmp_path / "runs/org__older/samples_gsm8k_2025-05-01T10-00-00.000001.jsonl").is_file()


@pytest.mark.parametrize(
    ("log", "runs"),
    [("pens.eval", ("mockllm__tiny-0", "mockllm__tiny-1")), ("pens.json", ("mockllm__tiny",))],
)
def test_logs_of_inspect(tmp_path: Path, log: str, runs: tuple[str, ...]) -> None:
    imported = import_runs([INSPECT / log], tmp_path)
    assert imported.format == "inspect"
    assert accuracies(imported) == {
        (run, "pens"): score for run, score in zip(runs, [(1.0, 1.0), (0.333, 0.333)], strict=False)
    }
    rows = samples(tmp_path / runs[0], "pens")
    assert [row["doc"] for row in rows] == [
        {"id": f"item-{i}", "question": q, "answer": a}
        for i, (q, a) in enumerate(zip(PENS, GOLDS, strict=True))
    ]
    assert rows[1]["resps"] == [
        ["<think>\n12 - 5. Wait, let me check: 7 + 5 = 12.\n</think>\n\nThe answer is 7."]
    ]
    said = manifest(tmp_path / runs[0])
    assert (said["model"], said["model_name"], said["task_versions"]) == (
        "inspect_ai",
        "mockllm/tiny",
        {"pens": 3},
    )
    assert said["versions"]["inspect_ai"] == "0.3.285"
    assert said["gen_kwargs"] == ({"max_tokens": 64, "temperature": 0.7} if log.endswith("eval") else None)


def test_options_of_inspect_are_letters(tmp_path: Path) -> None:
    imported = import_runs([INSPECT / "kinds.eval"], tmp_path)
    assert (imported.tasks[0].answer_type, imported.tasks[0].accuracy, imported.tasks[0].agreement) == (
        "option",
        0.5,
        1.0,
    )
    assert samples(tmp_path / "mockllm__tiny", "kinds")[0]["doc"]["options"] == ["stone", "pear", "chair"]


def test_a_log_packed_otherwise_is_told_of(tmp_path: Path) -> None:
    """As inspect_ai packed until lately, and by a method that nothing here unpacks."""
    log = json.loads((INSPECT / "pens.json").read_text(encoding="utf-8"))
    packed = tmp_path / "pens.eval"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "header.json", json.dumps({key: value for key, value in log.items() if key != "samples"})
        )
        for sample in log["samples"]:
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    assert accuracies(import_runs([packed], tmp_path / "runs")) == {("mockllm__tiny", "pens"): (1.0, 1.0)}
    content = packed.read_bytes()
    strange = tmp_path / "strange.eval"
    strange.write_bytes(
        content.replace(
            b"\x50\x4b\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00",
            b"\x50\x4b\x01\x02\x14\x03\x14\x00\x00\x00\x61\x00",
        )
    )
    with pytest.raises(
        StylerepError,
        match=r"packed by method 97, which cannot be read here; convert it: inspect log convert --to json",
    ):
        import_runs([strange], tmp_path / "other")
    (tmp_path / "cut.eval").write_bytes((INSPECT / "pens.eval").read_bytes()[:9000])
    with pytest.raises(StylerepError, match=r"cut.eval: this log cannot be unpacked .File is not a zip file"):
        import_runs([tmp_path / "cut.eval"], tmp_path / "other")
    damaged = bytearray((INSPECT / "pens.eval").read_bytes())
    damaged[4000] ^= 0xFF
    (tmp_path / "damaged.eval").write_bytes(bytes(damaged))
    with pytest.raises(StylerepError, match=r"damaged.eval, samples.*: this log cannot be unpacked"):
        import_runs([tmp_path / "damaged.eval"], tmp_path / "other")


def qwen_rows(draws: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "idx": i,
            "question": q,
            "gt_cot": None,
            "gt": a,
            "answer": float(a),
            "code": [f"So \\boxed{{{a}}}.", "So \\boxed{0}."][:draws],
            "pred": [a, "0"][:draws],
            "report": [None] * draws,
            "score": [True, False][:draws],
        }
        for i, (q, a) in enumerate(zip(PENS, GOLDS, strict=True))
    ]


def test_rows_of_qwens_scripts(tmp_path: Path) -> None:
    imported = import_runs([rows_file(tmp_path / "my-7b/pens.jsonl", qwen_rows())], tmp_path / "runs")
    assert (imported.format, accuracies(imported)) == ("qwen-math", {("my-7b", "pens"): (1.0, 1.0)})
    assert [row["doc"]["answer"] for row in samples(tmp_path / "runs/my-7b", "pens")] == list(GOLDS)
    assert imported.tasks[0].answer_type == "number"


def test_several_responses_are_draws(tmp_path: Path) -> None:
    source = rows_file(tmp_path / "my-7b/pens.jsonl", qwen_rows(2))
    imported = import_runs([source], tmp_path / "runs/mine", model="mine")
    assert accuracies(imported) == {("mine-0", "pens"): (1.0, 1.0), ("mine-1", "pens"): (0.0, 0.0)}
    assert [load_run(one.folder).manifest["seed"] for one in imported.tasks] == [0, 1]
    rows = qwen_rows(2)
    rows[1] |= {"code": ["x"], "score": [False]}
    with pytest.raises(
        StylerepError,
        match=r"line 2: there are 1 responses to this item and 2 to that of .*line 1; every item needs as many.$",  # noqa: E501
    ):
        import_runs([rows_file(source, rows)], tmp_path / "other")


def test_rows_that_repeat_all_items_are_draws_and_a_few_are_items(tmp_path: Path) -> None:
    rows = pens("7", "7", "24")
    imported = import_runs(
        [rows_file(tmp_path / "m/t.jsonl", rows + pens("7", "6", "5"))], tmp_path / "draws"
    )
    assert accuracies(imported) == {("m-0", "t"): (1.0, None), ("m-1", "t"): (0.333, None)}
    imported = import_runs([rows_file(tmp_path / "m/t.jsonl", [*rows, rows[0]])], tmp_path / "items")
    assert accuracies(imported) == {("m", "t"): (1.0, None)}
    assert len(load_run(tmp_path / "items/m").tasks["t", "none"]) == 4
    with pytest.raises(
        StylerepError,
        match=r"line 3: this item occurs 1 times and that of .*line 1 2 times; every item needs as many responses.$",  # noqa: E501
    ):
        import_runs([rows_file(tmp_path / "m/t.jsonl", [*rows, *rows[:2]])], tmp_path / "neither")


def test_fields_of_any_file(tmp_path: Path) -> None:
    table = pa.table(
        {
            "who": ["a", "b"],
            "what": ["sums", "sums"],
            "ask": list(PENS[:2]),
            "said": ["7", "8"],
            "right": ["7", "7"],
            "mark": ["1", "0.0"],
            "nr": [5, 6],
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    fields = Fields(response="said", correct="mark", question="ask", model="who", task="what", answer="right")
    imported = import_runs([tmp_path / "x.parquet"], tmp_path / "runs", reading=ReadSource(fields, item="nr"))
    assert (imported.format, accuracies(imported)) == (
        "jsonl",
        {("a", "sums"): (1.0, 1.0), ("b", "sums"): (0.0, 0.0)},
    )
    assert samples(tmp_path / "runs/a", "sums")[0]["doc"] == {"id": "5", "question": PENS[0], "answer": "7"}
    (tmp_path / "y.csv").write_text(
        f'question,answer,response\n"{PENS[0]}",7,"The answer is 7."\n', encoding="utf-8"
    )
    assert import_runs([tmp_path / "y.csv"], tmp_path / "z", model="m").tasks[0].accuracy == 1.0


def test_a_chat_is_a_question_and_a_response(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": PENS[0]}, {"role": "assistant", "content": "The answer is 7."}]
    (one,) = import_runs(
        [rows_file(tmp_path / "m/t.jsonl", [{"messages": chat, "answer": "7"}])], tmp_path / "runs"
    ).tasks
    assert one.accuracy == 1.0
    assert samples(one.folder, "t")[0]["doc"]["question"] == PENS[0]


def test_the_answer_type_is_told_from_all_right_answers(tmp_path: Path) -> None:
    def read_as(*golds: str, **options: Any) -> str | None:
        rows = [{"question": str(i), "answer": gold, "response": gold} for i, gold in enumerate(golds)]
        return (
            import_runs(
                [rows_file(tmp_path / "m/t.jsonl", rows)], tmp_path / "runs", overwrite=True, **options
            )
            .tasks[0]
            .answer_type
        )

    assert read_as("7", "1,000", "-3", "1/2") == "number"
    assert read_as("A", "(C)", "J") == "option"
    assert read_as("7", "x + 1") == "latex"
    assert read_as("7", "A") == "latex"
    assert read_as("red", "blue", answer_type="text") == "text"
    with pytest.raises(
        StylerepError,
        match=r"There is no answer type 'choice'; choose from number, option, text, expression, latex.$",
    ):
        read_as("A", answer_type="choice")


def test_sources_of_two_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StylerepError,
        match=r"pens.eval is of the format inspect and .*x.jsonl of the format jsonl; import them one after the other",  # noqa: E501
    ):
        import_runs(
            [INSPECT / "pens.eval", rows_file(tmp_path / "x.jsonl", pens("7", "7", "24"))], tmp_path / "runs"
        )
    with pytest.raises(
        StylerepError,
        match=r"no format 'helm'; choose from auto, lm_eval, lighteval, inspect, qwen-math, jsonl.$",
    ):
        import_runs([INSPECT], tmp_path / "runs", format_name="helm")


def packed_log(path: Path, log: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(
            "header.json", json.dumps({key: value for key, value in log.items() if key != "samples"})
        )
        for sample in log["samples"]:
            archive.writestr(f"samples/{sample['id']}_epoch_1.json", json.dumps(sample))
    return bytearray(path.read_bytes())


def test_what_is_wrong_with_a_log_is_told(tmp_path: Path) -> None:
    log = json.loads((INSPECT / "pens.json").read_text(encoding="utf-8"))
    path = tmp_path / "a.eval"

    def refused(content: bytes | None = None) -> str:
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(StylerepError) as told:
            import_runs([path], tmp_path / "runs")
        return str(told.value).removeprefix(str(path))

    encrypted = packed_log(path, log)
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = -1
        while (at := encrypted.find(mark, at + 1)) >= 0:
            encrypted[at + place] |= 1
    assert (
        refused(bytes(encrypted))
        == ", header.json: this is encrypted; write the log anew without a password."
    )
    for method, number in ((zipfile.ZIP_LZMA, 14), (zipfile.ZIP_BZIP2, 12)):
        packed_log(path, log, method)
        assert refused().startswith(
            f", header.json: this log is packed by method {number}, which cannot be read here"
        )
    whole = packed_log(path, log)
    for place in range(45, 200, 17):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        assert ": this " in refused(bytes(damaged))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", " " * 20_000_000 + "{}")
    assert path.stat().st_size < 30_000
    assert refused().startswith(", header.json: this log of ")
    packed_log(path, {"eval": [], "samples": []})
    assert refused() == ": no sample stands in this log (its status is None)."
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "[" * 5000)
    assert refused() == ", header.json: this is nested more than 200 levels deep."
    path.unlink()
    os.mkfifo(path)
    assert refused() == ": there is no such file or folder."


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("eval", "created"), "0001-01-01T00:00:00+14:00"),
        (("eval", "created"), "9999-12-31T23:59:59-12:00"),
        (("eval", "created"), 10**400),
        (("eval", "dataset", "sample_ids"), 3),
        (("eval", "scorers"), 3),
        (("eval", "task_version"), {"a": 1}),
        (("eval", "packages"), [1]),
        (("plan",), 3),
        (("status",), {"a": "b" * 1000}),
        (("samples", 0, "attachments"), {"x": [[["y"]]]}),
        (("samples", 0, "epoch"), 10**400),
        (("samples", 0, "id"), None),
    ],
)
def test_what_says_nothing_of_a_response_may_be_anything(
    tmp_path: Path, place: tuple[str | int, ...], value: object
) -> None:
    log = json.loads((INSPECT / "pens.json").read_text(encoding="utf-8"))
    at = log
    for key in place[:-1]:
        at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
    at[place[-1]] = value
    (tmp_path / "log.json").write_text(json.dumps(log), encoding="utf-8")
    assert import_runs([tmp_path / "log.json"], tmp_path / "runs").tasks[0].n == len(log["samples"])
