import json
import os
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness_ext.importing import About, ReadSource, import_runs, read_models, run_folders
from harness_ext.runs.run_folder import load_run
from synth.errors import StylerepError
from synth.responses import Fields, read_responses
from tests.harness_ext.compare.runs import write_run
from tests.harness_ext.importing.sources import (
    INSPECT,
    LM_EVAL,
    PENS,
    contents,
    lighteval_output,
    manifest,
    pens,
    rows_file,
    samples,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return rows_file(tmp_path / "m/t.jsonl", pens("7", "8", "24", score=1))


def refusal(*sources: Path, out: Path, **options: Any) -> str:
    """Import what must be refused, see that nothing changes, and return the sentence."""
    before = contents(out) if out.is_dir() else None
    with pytest.raises(StylerepError) as raised:
        import_runs(sources, out, **options)
    assert (contents(out) if out.is_dir() else None) == before
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("missing", [float("nan"), None, ""])
def test_scores_that_some_responses_lack_are_counted(missing: object, tmp_path: Path) -> None:
    rows = pens("7", "8", "24", score=1)
    rows[0]["score"] = missing
    done = import_runs([rows_file(tmp_path / "m/t.jsonl", rows)], tmp_path / "run", model="m")
    (one,) = done.tasks
    assert (one.n, one.recorded_accuracy) == (3, 1.0)
    assert (
        "t: 2 of 3 responses have a recorded score; the accuracy recorded and the agreement are of those"
        " alone." in done.notes
    )


def test_a_run_folder_holds_what_was_imported_and_no_place_of_the_machine(
    tmp_path: Path, source: Path
) -> None:
    about = About(family="qwen2.5", arm="hc", base_model=str(tmp_path / "org-base"), seed=3)
    (one,) = import_runs([source], tmp_path / "run", model="/home/me/models/mine", about=about).tasks
    assert (one.n, one.accuracy, one.recorded_accuracy, one.agreement, one.disagreements) == (
        3,
        pytest.approx(2 / 3),
        1.0,
        pytest.approx(2 / 3),
        (1,),
    )
    said = manifest(tmp_path / "run")
    told = said["imported"].pop("tasks")["t"]
    assert told == {
        "n": 3,
        "answer_type": "number",
        "regraded": True,
        "recorded_accuracy": 1.0,
        "accuracy": 2 / 3,
        "agreement": 1 - 1 / 3,
        "disagreements": [1],
        "matched_to": None,
        "filter": "none",
    }
    assert [file["name"] for file in said["imported"]["files"]] == ["t.jsonl"]
    assert {
        key: said[key]
        for key in (
            "model",
            "base_model",
            "model_name",
            "family",
            "arm",
            "seed",
            "gen_kwargs",
            "chat_template",
        )
    } == {
        "model": "imported",
        "base_model": "org-base",
        "model_name": "mine",
        "family": "qwen2.5",
        "arm": "hc",
        "seed": 3,
        "gen_kwargs": None,
        "chat_template": None,
    }
    assert not [
        name
        for name, content in contents(tmp_path / "run").items()
        if str(tmp_path).encode() in content or b"/home/" in content
    ]
    first, *_ = samples(tmp_path / "run", "t")
    assert (first["doc"], first["target"], first["filter"], first["resps"]) == (
        {"question": PENS[0], "answer": "7"},
        "7",
        "none",
        [["7"]],
    )
    assert first["metrics"][0] == "acc"
    assert first["metrics"][-1] == "recorded"
    assert {"style_adherence", "trace_words", "answered"} < set(first)
    assert [response.text for response in read_responses([str(tmp_path / "run")])] == ["7", "8", "24"]


def test_importing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        import_runs([LM_EVAL], tmp_path / name)
        import_runs([INSPECT / "pens.eval", INSPECT / "kinds.eval"], tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert len(contents(tmp_path / "a")) == 13


def test_tasks_are_added_to_an_imported_run(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "run"
    import_runs([source], out, model="m")
    first = contents(out)
    import_runs([source], out, model="m", task="other")
    assert {
        name: content for name, content in contents(out).items() if name in first and name != "manifest.json"
    }.items() <= first.items()
    assert set(load_run(out).tasks) == {("t", "none"), ("other", "none")}
    assert set(manifest(out)["imported"]["tasks"]) == {"t", "other"}
    assert len(manifest(out)["imported"]["files"]) == 1
    assert manifest(out)["task_versions"] == {"t": None, "other": None}
    assert (
        refusal(source, out=out, model="m")
        == f"{out}: the task t has been imported into this run already; replace it with --overwrite."
    )
    os.utime(rows_file(source, pens("7", "7", "24")), (1, 1))
    import_runs([source], out, model="m", overwrite=True)
    assert sorted(path.name for path in out.glob("samples_t_*")) == [
        "samples_t_1970-01-01T00-00-01.000000.jsonl"
    ]
    assert set(load_run(out).tasks) == {("t", "none"), ("other", "none")}


def test_what_does_not_belong_together_is_refused(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "run"
    import_runs([source], out, model="m", about=About(arm="hc"))
    assert (
        refusal(source, out=out, model="m", task="u")
        == f"{out} holds an imported run whose arm is 'hc', not 'base'; choose another --out."
    )
    assert "whose model_name is 'm', not 'n'" in refusal(
        source, out=out, model="n", task="u", about=About(arm="hc")
    )
    assert "whose seed is None, not 4" in refusal(
        source, out=out, model="m", task="u", about=About(arm="hc", seed=4)
    )
    assert "whose model is 'imported', not 'inspect_ai'" in refusal(
        INSPECT / "pens.json", out=out, model="m", about=About(arm="hc")
    )
    assert (
        refusal(source, out=out)
        == f"{out}: this is a run folder itself, and each model gets a folder in it; choose another --out, or"
        " name the --model."
    )
    ours = write_run(tmp_path / "ours", [1, 0], arm="base")
    assert (
        refusal(source, out=ours, model="m")
        == f"{ours}: a run that was not imported is in this folder; choose another --out."
    )
    assert (
        refusal(source, out=source.parent, model="m")
        == f"{source.parent}: something other than an imported run is in this folder; choose another --out."
    )
    assert "a file stands where" in refusal(source, out=source, model="m")


def test_models_of_a_file(tmp_path: Path) -> None:
    rows = [*pens("7", "7", "24", model="org/a"), *pens("1", "7", "24", model="b")]
    source = rows_file(tmp_path / "t.jsonl", rows)
    file = tmp_path / "models.yaml"
    file.write_text(
        "org/a: {family: f, arm: hc, base_model: org/base, seed: 1}\nb: {base_model: org/base}\n",
        encoding="utf-8",
    )
    imported = import_runs([source], tmp_path / "runs", models=read_models(file))
    assert [folder.name for folder in imported.folders] == ["org__a", "b"]
    kept = ("family", "arm", "base_model", "seed", "model_name")
    assert [[manifest(folder)[key] for key in kept] for folder in imported.folders] == [
        ["f", "hc", "org/base", 1, "org/a"],
        [None, "base", "org/base", None, "b"],
    ]
    assert "The sources name several models (org/a, b); leave --model out" in refusal(
        source, out=tmp_path / "x", model="c"
    )
    for text, says in (
        (
            "b: {arms: hc}",
            "models.yaml, line 1: b: there is no key 'arms'; there are family, arm, base_model, seed.",
        ),
        ("b: {seed: one}", "models.yaml, line 1: b.seed: expected a whole number, found 'one'."),
        ("b: {arm: 3}", "models.yaml, line 1: b.arm: expected a text, found 3."),
        ("b: hc", "models.yaml, line 1: b: expected a mapping, found 'hc'."),
        ("b: {seed: " + "9" * 30 + "}", "models.yaml, line 1: b.seed: expected a number below 9.22337e+18"),
        ("- b", "models.yaml: expected a mapping, found ['b']."),
        ("b: {", "models.yaml, line 2: this is not valid YAML"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(StylerepError, match=re.escape(says)):
            read_models(file)
    assert (
        refusal(source, out=tmp_path / "x", models={"c": About()})
        == "The file of models names c, of which the sources hold nothing; they hold org/a, b."
    )


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        (
            [{"response": "x"}],
            {},
            "line 1: no field is known to hold a question; name it with --question-field.",
        ),
        (
            [{"question": "q"}],
            {},
            (
                "line 1: no field is known to hold a response; name it with --response-field. There are"
                " question."
            ),
        ),
        (
            [{"question": "q", "response": "x"}],
            {},
            (
                "line 1: there is neither a right answer (--answer-field) nor a recorded score"
                " (--score-field) to go by."
            ),
        ),
        (
            [{"question": "q", "response": "x", "score": 7}],
            {"reading": ReadSource(Fields(correct="score"))},
            "line 1: a score must be 0 to 1, true or false, found 7; name the right one with --score-field.",
        ),
        (
            [{"question": "q", "response": ["x", "y"], "score": [1]}],
            {},
            "line 1: 1 scores stand beside 2 responses.",
        ),
        ([{"question": "q", "response": [], "answer": "1"}], {}, "line 1: there are no responses."),
        (
            [{"question": "q", "response": {"a": 1}}],
            {},
            "line 1: a response must be a text, a list of texts, a chat or a server's reply, found dict.",
        ),
        (
            [{"question": "q", "response": ["x", "y"], "answer": "1"}],
            {"about": About(seed=1)},
            "m, t: there are 2 responses to each item, and their seeds",
        ),
        (
            pens("7", "7", "24"),
            {"reading": ReadSource(filter="none")},
            "--filter is for lm_eval, whose samples have filters; the sources are of the format jsonl.",
        ),
        (
            pens("7", "7", "24"),
            {"reading": ReadSource(Fields(response="said"))},
            "line 1: there is no field 'said'; there are question, answer, response.",
        ),
        (
            pens("7", "7", "24", task="..."),
            {},
            "'...' is no name that a folder can have; give one with --model or --task",
        ),
        (pens("7", "7", "24", model="m" * 300), {}, "is no name that a folder can have"),
        ([], {}, "t.jsonl: there is nothing in it."),
    ],
)
def test_bad_rows_are_one_sentence_with_their_line(
    tmp_path: Path, rows: list[dict[str, Any]], options: dict[str, Any], says: str
) -> None:
    source = rows_file(tmp_path / "m/t.jsonl", rows)
    sentence = refusal(source, out=tmp_path / "runs", **options)
    assert says in sentence
    assert not (tmp_path / "runs").exists()


def test_other_refusals(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "runs"
    assert (
        refusal(tmp_path / "nothing", out=out) == f"{tmp_path / 'nothing'}: there is no such file or folder."
    )
    (tmp_path / "empty").mkdir()
    assert "empty: no file of responses lies in it" in refusal(tmp_path / "empty", out=out)
    assert "this is no file of responses; readable are" in refusal(
        rows_file(tmp_path / "notes.txt", []), out=out
    )
    broken = rows_file(tmp_path / "broken.jsonl", pens("7", "7", "24"))
    broken.write_text(broken.read_text() + '{"question": "', encoding="utf-8")
    assert "broken.jsonl, line 4: this is not valid JSON" in refusal(broken, out=out)
    theirs = next(LM_EVAL.rglob("samples_pens_2026*"))
    assert refusal(source, out=out, format_name="lm_eval").endswith(
        'line 1: expected a sample of lm_eval, with "doc" and "resps".'
    )
    assert "expected details of lighteval" in refusal(source, out=out, format_name="lighteval")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    assert refusal(tmp_path / "list.json", out=out, format_name="inspect").endswith(
        "list.json: expected a JSON object, found [1]."
    )
    assert "both hold the task pens of mockllm/tiny; import one of them." in refusal(
        INSPECT / "pens.json", INSPECT / "pens.eval", out=out
    )
    assert refusal(theirs, out=out, reading=ReadSource(Fields(response="x"))).startswith(
        "--response-field is for files of rows; in the format lm_eval"
    )
    logs = [INSPECT / "pens.eval", INSPECT / "kinds.eval"]
    assert refusal(*logs, out=out, task="t").startswith(
        "The sources name several tasks (pens, kinds); import them one after the other"
    )
    assert "there is no scorer 'choice'; there are match." in refusal(
        logs[0], out=out, reading=ReadSource(Fields(correct="choice"))
    )
    assert not out.exists()


def test_tasks_decoded_differently_are_no_run(tmp_path: Path) -> None:
    log = json.loads((INSPECT / "pens.json").read_text(encoding="utf-8"))
    log["eval"]["task"] = "others"
    log["plan"]["config"] = {"temperature": 1.0}
    (tmp_path / "others.json").write_text(json.dumps(log), encoding="utf-8")
    sentence = refusal(INSPECT / "pens.json", tmp_path / "others.json", out=tmp_path / "runs")
    assert sentence.startswith(
        "mockllm/tiny: the tasks pens and others were decoded in different ways (None, {'temperature': 1.0})"
    )


def test_a_killed_import_leaves_the_old_run(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    import_runs([source], out, model="m")
    before = contents(out)

    def killed(*_: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_folders.shutil, "copy2", killed)
    with pytest.raises(KeyboardInterrupt):
        import_runs([source], out, model="m", task="other")
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "run"]


def test_hostile_texts_are_graded_and_written(tmp_path: Path) -> None:
    texts: list[Any] = [
        "x" * 1_000_000,
        "\\boxed{" * 3000,
        "\ud800 the answer is 7",
        None,
        "",
        "\x00\x1b[31m[bold]The answer is 7.",
    ]
    texts += ["<think>" * 500, "9" * 100_000, "The answer is 7.\u2028\r\n", "\\boxed{9^{9^{9^{9}}}}"]
    rows = [
        {
            "question": f"{i} [red]\ud83d",
            "answer": "7" if i else "$x^2$",
            "response": text,
            "model": "a\u202e[b]/../\x1b",
        }
        for i, text in enumerate(texts)
    ]
    (one,) = import_runs([rows_file(tmp_path / "t.jsonl", rows)], tmp_path / "runs").tasks
    assert one.folder.parent == tmp_path / "runs"
    assert one.n == len(texts)
    read = samples(one.folder, "t")
    assert [row["acc"] for row in read] == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0]
    assert read[3]["resps"] == [[""]]
    assert load_run(one.folder).tasks["t", "none"]


@pytest.mark.parametrize("resps", ["[[]]", "[]", '[["a"], ["b"]]', '[["a", 1]]'])
def test_samples_of_lm_eval_without_responses_are_refused(tmp_path: Path, resps: str) -> None:
    path = tmp_path / "samples_x_2026-01-01T00-00-00.0.jsonl"
    path.write_text(
        f'{{"doc": {{"question": "q", "answer": "7"}}, "resps": {resps}, "filter": "none", "acc": 1}}',
        encoding="utf-8",
    )
    assert (
        refusal(path, out=tmp_path / "runs")
        == f"{path}, line 1: expected the responses of one request, or likelihoods, in resps."
    )


def test_a_response_that_a_server_withheld_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "samples_x_2026-01-01T00-00-00.0.jsonl"
    path.write_text(
        '{"doc": {"question": "q", "answer": "7"}, "resps": [[null]], "filter": "none", "acc": 1}',
        encoding="utf-8",
    )
    (one,) = import_runs([path], tmp_path / "m", model="m").tasks
    assert (one.accuracy, one.recorded_accuracy, samples(tmp_path / "m", "x")[0]["resps"]) == (
        0.0,
        1.0,
        [[""]],
    )


def test_details_without_responses_are_refused(tmp_path: Path) -> None:
    source = next(lighteval_output(tmp_path / "out", "kinds").rglob("*.parquet"))
    table = pq.read_table(source).to_pylist()
    for row in table:
        row["model_response"]["logprobs"] = []
    pq.write_table(pa.Table.from_pylist(table), source)
    assert "item 1: there is neither a response nor a likelihood in it." in refusal(
        source, out=tmp_path / "runs"
    )
