import gzip
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from harness_ext.pages.analyze import Fields, analyze, profile_of, read_responses
from harness_ext.pages.analyze.figures import figures
from harness_ext.pages.analyze.html_page import analysis_json, report_html
from synth.errors import StylerepError
from tests.conftest import one_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
STYLED = (
    "<think>\nSo I need to add.\nWait, let me check: 2 + 2 = 4.\nAlternatively, I can count.\n</think>\nThe"
    " answer is {}."
)
PLAIN = "We add the numbers: 2 + 2 = {0}. The answer is {0}."


def rows(n: int = 24) -> list[dict[str, object]]:
    return [
        {
            "question": f"q{i // 2}",
            "response": (STYLED if i % 2 else PLAIN).format(4 + (i % 3 == 0)),
            "is_correct": i % 3 != 0,
        }
        for i in range(n)
    ]


def written(path: Path, content: list[dict[str, object]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    return str(path)


def texts(source: Path | str, fields: Fields | None = None) -> list[tuple[str, bool | None]]:
    return [(one.text, one.is_correct) for one in read_responses([str(source)], fields)]


def test_every_form_of_file_reads_the_same(tmp_path: Path) -> None:
    content = rows()
    table = pa.Table.from_pylist(content)
    expected = texts(written(tmp_path / "a.jsonl", content))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    (tmp_path / "c.json").write_text(json.dumps(content), encoding="utf-8")
    pc.write_csv(table, tmp_path / "d.csv")
    pq.write_table(table, tmp_path / "e.parquet")
    assert len(expected) == 24
    for name in ("b.jsonl.gz", "c.json", "d.csv", "e.parquet"):
        assert texts(tmp_path / name) == expected, name


def test_rows_with_several_responses_chats_and_given_names(tmp_path: Path) -> None:
    assert texts(written(tmp_path / "a.jsonl", [{"code": ["x", "y"], "score": [True, False]}])) == [
        ("x", True),
        ("y", False),
    ]
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}]
    assert texts(written(tmp_path / "b.jsonl", [{"messages": chat}])) == [("x", None)]
    shared = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "x"}]
    assert texts(written(tmp_path / "c.jsonl", [{"conversations": shared}])) == [("x", None)]
    named = written(tmp_path / "d.jsonl", [{"mine": "x", "ok": 1, "who": "m", "what": "t"}])
    (one,) = read_responses([named], Fields("mine", "ok", None, "who", "what"))
    assert (one.text, one.is_correct, one.model, one.task) == ("x", True, "m", "t")


def test_lm_eval_samples_count_once_whatever_their_filters(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "hc" / "model"
    sample = {
        "doc_id": 0,
        "doc": {"question": "2 + 2?"},
        "resps": [["4"]],
        "filtered_resps": ["4"],
        "doc_hash": "h",
        "exact_match": 1.0,
    }
    content = [{**sample, "filter": name, "doc_id": i} for i in range(3) for name in ("strict", "flexible")]
    written(folder / "samples_gsm8k_2026-11-23T01-02-03.000001.jsonl", content)
    (tmp_path / "runs" / "hc" / "manifest.json").write_text(
        '{"model": "small", "arm": "hc"}', encoding="utf-8"
    )
    found = list(read_responses([str(tmp_path / "runs" / "hc")]))
    assert [(one.text, one.is_correct, one.model, one.task, one.question) for one in found] == [
        ("4", True, "small hc", "gsm8k", "2 + 2?")
    ] * 3


def test_a_data_set_of_ours_and_one_of_the_hub_read_too(
    tmp_path: Path, stylerep_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        stylerep_here("synth", "--problems", "arith", "--n", 5, "--arms", "hc", "--out", "data").returncode
        == 0
    )
    found = list(read_responses([str(tmp_path / "data" / "hc")]))
    assert len(found) == 5
    assert all(one.is_correct and "<think>" in one.text for one in found)
    # Nothing loads from the Hub here; what it would give has the shape of a local data set.
    import datasets

    loaded = datasets.Dataset.from_parquet(str(next((tmp_path / "data" / "hc").glob("*.parquet"))))
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name, split: {("org/traces", "train"): loaded}[name, split]
    )
    assert [one.text for one in read_responses(["org/traces:train"])] == [one.text for one in found]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", '{"response": "x"}\n{"response": ', "a.jsonl, line 2: this is not valid JSON"),
        ("a.jsonl", "[1]\n", "a.jsonl, line 1: expected an object"),
        (
            "a.jsonl",
            '{"text_of": "x"}\n',
            (
                "a.jsonl, line 1: no field is known to hold a response; name it with --response-field. There"
                " are text_of."
            ),
        ),
        ("a.jsonl", '{"response": 5}\n', "a.jsonl, line 1: a response must be a text"),
        ("a.jsonl", '{"response": ["x", "y"], "score": [1]}\n', "1 scores stand beside 2 responses"),
        ("a.jsonl", "", "there is nothing in it"),
        ("a.json", "{", "a.json: this is not valid JSON"),
        ("a.parquet", "no", "a.parquet: this cannot be read as parquet"),
        ("a.jsonl.gz", "no", "cannot be unpacked"),
        ("a.txt", "no", "a.txt: this is no file of responses"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(StylerepError, match=re.escape(says)):
        list(read_responses([str(tmp_path / name)]))


def test_of_two_scores_in_a_samples_file_the_one_counts_that_accuracy_is(tmp_path: Path) -> None:
    rows = [
        {
            "doc": {"question": str(i)},
            "resps": [["5"]],
            "filter": "none",
            "exact_match": 0,
            "math_verify": i % 2,
        }
        for i in range(6)
    ]
    path, notes = tmp_path / "samples_t_2026-01-01T00-00-00.000001.jsonl", list[str]()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [one.is_correct for one in read_responses([str(path)], notes=notes)] == [False, True] * 3
    (note,) = notes
    assert (
        "the recorded score is math_verify; by exact_match accuracy is 0.0 % and not 50.0 % (3 of 6 items"
        " differ) (--correct-field)" in note
    )
    assert not any(one.is_correct for one in read_responses([str(path)], Fields(correct="exact_match")))


def test_mistakes_on_the_command_line_are_one_sentence_and_keep_the_old_report(
    stylerep_here: Run, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text("old", encoding="utf-8")
    written(tmp_path / "t.jsonl", rows())
    for arguments, says in (
        (["nowhere.jsonl"], "there is no such file"),
        (
            ["t.jsonl", "--response-field", "reply"],
            "there is no field 'reply'; there are question, response, is_correct",
        ),
        (["t.jsonl", "--reference", "mine"], "there is no such profile"),
        (["t.jsonl", "--compare", "mine"], "there is no such profile"),
        (["t.jsonl", "--language", "fr"], "no lexicon for the language 'fr'"),
        ([], "Missing argument"),
    ):
        assert says in one_sentence(stylerep_here("analyze", *arguments, "--html", "report.html"))
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "old"
    assert "no such data set could be loaded" in one_sentence(
        stylerep_here("analyze", "org/none", HF_HUB_OFFLINE="1")
    )
    assert "report.html" in one_sentence(stylerep_here("analyze", "t.jsonl", "--html", "no/such/report.html"))


@pytest.mark.filterwarnings("error")
def test_judged_responses_without_a_word_leave_a_figure_out_and_nothing_else(tmp_path: Path) -> None:
    empty = [{"response": f"<think></think>{n}", "is_correct": n == 4} for n in (4, 5)]
    scored = analyze([written(tmp_path / "empty.jsonl", empty)]).scored
    assert "length_accuracy" not in figures(scored)


def test_invalid_utf8_and_lone_surrogates_are_read(tmp_path: Path, stylerep_here: Run) -> None:
    (tmp_path / "t.jsonl").write_bytes(
        b'{"response": "Wait, \xff\xfe let me check."}\n{"response": "Wait \\ud800 no", "model":'
        b' "m\\ud800\\u001b[31m"}\n'
    )
    assert stylerep_here("analyze", "t.jsonl", "--json", "s.json", "--html", "r.html").returncode == 0
    assert [
        one["pivot_density"] > 0
        for one in json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["responses"]
    ] == [True, True]


def test_json_holds_each_response_and_what_the_terminal_shows(stylerep_here: Run, tmp_path: Path) -> None:
    written(tmp_path / "small" / "adding.jsonl", rows())
    shown = stylerep_here(
        "analyze", "small/adding.jsonl", "--json", "s.json", "--profile", "p.json", "--compare", "instruct"
    )
    assert shown.returncode == 0, shown.stderr
    content = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    first, second = content["responses"][:2]
    assert (first["file"], first["row"], first["model"], first["task"], first["is_correct"]) == (
        "small/adding.jsonl",
        0,
        "small",
        "adding",
        False,
    )
    assert (
        first["step_validity"],
        second["step_validity"],
        second["trace_closed"],
        first["trace_closed"],
    ) == (0, 1, 1, 0)
    assert second["style_adherence"] > first["style_adherence"]
    assert content["signature"].startswith("analyze|n:24|lexicon:en/2|reference:long-reasoning:")
    assert [group["outcome"] for group in content["groups"]] == ["all", "right", "wrong"]
    assert "small" in shown.stdout
    assert "Jensen" in shown.stdout
    again = stylerep_here("analyze", "small/adding.jsonl", "--reference", "p.json")
    assert again.returncode == 0, again.stderr


def test_what_models_write_cannot_reach_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>$\\frac{"
    content = [
        {**row, "model": evil, "task": evil, "response": f"{evil} {row['response']}"} for row in rows()
    ]
    page = report_html(analyze([written(tmp_path / "t.jsonl", content)]))
    assert "<script" not in page
    assert "mathdefault" not in page  # names may hold dollar signs: nothing in a figure is read as a formula
    assert "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!#|data:image/png;)', page)


def test_an_analysis_of_what_was_never_judged_or_has_no_trace(tmp_path: Path) -> None:
    analysis = analyze([written(tmp_path / "t.jsonl", [{"response": "The answer is 4."}, {"response": ""}])])
    assert analysis.associations == []
    assert "Nothing can be said" in report_html(analysis)
    assert analysis_json(analysis)["responses"][0]["step_validity"] is None
    with pytest.raises(StylerepError, match="at least one trace"):
        profile_of("none", analysis)


def test_the_same_input_gives_the_same_report(tmp_path: Path) -> None:
    source = written(tmp_path / "t.jsonl", rows())
    assert report_html(analyze([source])) == report_html(analyze([source]))


def test_within_question_odds_hold_the_question_constant(tmp_path: Path) -> None:
    # Styled answers are right in easy questions and wrong in hard ones just like plain ones:
    # only the question decides.
    content = []
    for question in range(40):
        for sample in range(4):
            styled, right = (
                sample % 2,
                ((question + sample) % 4 != 0 if question % 2 else sample == 1 or question % 4 == 0),
            )
            content.append(
                {
                    "question": str(question),
                    "response": (STYLED if styled else PLAIN).format(4) + " x" * sample,
                    "is_correct": bool(right),
                }
            )
    analysis = analyze([written(tmp_path / "t.jsonl", content)])
    titles = [one.title for one in analysis.associations]
    assert titles[-1] == "within questions, among responses of one model"
    assert analysis.associations[-1].strata == sum(
        0 < sum(bool(row["is_correct"]) for row in content if row["question"] == str(q)) < 4
        for q in range(40)
    )


def test_a_model_that_is_never_right_does_not_cost_the_others_their_estimate(tmp_path: Path) -> None:
    content = [
        {
            "question": str(q),
            "model": model,
            "response": (STYLED if (q + i) % 3 else PLAIN).format(4) + " x" * (q % 5),
            "is_correct": model != "never" and (q * 7 + i * 3) % 5 > 1,
        }
        for q in range(60)
        for i, model in enumerate(("one", "two", "never"))
    ]
    within = analyze([written(tmp_path / "t.jsonl", content)]).associations[-1]
    assert "among models" in within.title
    estimates = {one.feature: one for one in within.associations}
    assert estimates["style_adherence"].odds_ratio is not None
    assert estimates["style_adherence"].n == 2 * within.strata


def test_real_traces_in_under_two_minutes(stylerep_here: Run, real_data: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    files = sorted((real_data / "traces").glob("*/*.jsonl"))
    result = stylerep_here("analyze", *files, "--html", "report.html", "--json", "scores.json")
    assert result.returncode == 0, result.stderr
    assert time.monotonic() - began < 120
    content = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert len(content["responses"]) == sum(1 for file in files for _ in file.open(encoding="utf-8"))
    within = next(one for one in content["associations"] if "among models" in one["title"])
    assert within["length"][0] < 1  # the longer the trace, the worse
    assert (tmp_path / "report.html").stat().st_size < 1_000_000


def test_the_page_shows_its_figures_in_a_browser(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("no chromium is installed to show the page in")
    content = [{**row, "model": model} for model in ("one", "two") for row in rows(60)]
    (tmp_path / "r.html").write_text(
        report_html(analyze([written(tmp_path / "t.jsonl", content)])), encoding="utf-8"
    )
    quiet = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        " --disable-component-update --disable-sync"
    )
    window = [
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=390,900",
        "--virtual-time-budget=2000",
    ]
    command = [browser, *quiet.split(), *window, "--dump-dom", f"file://{tmp_path / 'measured.html'}"]
    # A page measures itself: what it draws, and whether a phone's screen has to be scrolled sideways.
    measure = (
        "<script>addEventListener('load', () => { document.body.dataset.drawn ="
        " [...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().height >"
        " 50).length; document.body.dataset.wide = document.documentElement.scrollWidth; })</script>"
    )
    (tmp_path / "measured.html").write_text(
        (tmp_path / "r.html").read_text(encoding="utf-8").replace("</body>", f"{measure}</body>"),
        encoding="utf-8",
    )
    seen = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout
    assert 'data-drawn="4"' in seen
    wide = re.search(r'data-wide="(\d+)"', seen)
    assert wide is not None
    assert int(wide[1]) <= 510  # headless windows are never narrower than 500 pixels
