"""``stylerep probe`` as it is typed, killed, and read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from distill.models.loading import load_model, load_tokenizer
from distill.reading.reader import TreeReader
from harness_ext.pipelines.probe import ProbeSettings, probe
from harness_ext.pipelines.probe.forced_answers import ForcedAnswers
from harness_ext.pipelines.probe.items import ProbeItem, item_of_row
from harness_ext.pipelines.probe.run import SCHEMA
from harness_ext.pipelines.probe.variants import variants_of
from harness_ext.pipelines.probed_runs import probed_run
from synth.errors import StylerepError
from tests.conftest import one_sentence
from tests.harness_ext.pipelines.probe.written_runs import problems_and_responses, sample_row, write_run
from tests.hostile import hostile_responses

Run = Callable[..., Any]


def rows(arm: str, n: int = 6, source: str = "chain") -> list[dict[str, Any]]:
    return [
        sample_row(number, problem, response)
        for number, (problem, response) in enumerate(problems_and_responses(source, n, arm, 30))
    ]


@pytest.fixture(scope="module")
def runs(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    cut_off = sample_row(9, problems_and_responses("arith", 1, "nt", 30)[0][0], "<think>\nAnd so")
    return [
        write_run(folder / "sbs", rows("sbs"), tiny_model, arm="sbs"),
        write_run(folder / "hc", [*rows("hc"), cut_off], tiny_model, arm="hc"),
    ]


def test_runs_are_probed_and_held_against_the_first(
    stylerep_here: Run, runs: list[Path], tmp_path: Path
) -> None:
    done = stylerep_here(
        "probe", *runs, "--out", "p.parquet", "--json", "p.json", "--html", "p.html", "--n", 4
    )
    assert done.returncode == 0, done.stderr
    assert "Effects against sbs, on the same items" in done.stdout
    assert "hc: whole trace less probed, by kind" in done.stdout
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.schema.equals(SCHEMA)
    found = table.to_pylist()
    assert {row["run"] for row in found} == {"sbs", "hc"}
    for row in found:
        assert 0 <= row["p_answer"] <= 1
        assert -1 <= row["effect"] <= 1
        assert row["proof"] is None or row["kind"] == "step"
    whole = [row for row in found if row["probe"] == "early" and row["share"] == 1]
    assert len(whole) == 8
    assert {row["effect"] for row in whole} == {0.0}
    assert any(row["proof"] == 2 for row in found)
    said = json.loads((tmp_path / "p.json").read_text())
    assert said["effects"][0]["signature"].startswith("test:paired-t|n:4|")
    page = (tmp_path / "p.html").read_text()
    assert page.count("<svg") == 2
    assert page.count("<details") == 8
    assert page.count('title="step: ') >= 8
    assert "<script" not in page


def test_a_killed_probing_goes_on(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness_ext.pipelines.probe import run

    settings = ProbeSettings(("none", "early", "corrupt"))
    read, whole, out = [probed_run(one) for one in runs], tmp_path / "whole.parquet", tmp_path / "p.parquet"
    probe(read, whole, settings)
    calls = 0

    def killed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return probed(*arguments)

    probed = run.probe_items
    with monkeypatch.context() as patch:
        patch.setattr(run, "probe_items", killed)
        with pytest.raises(KeyboardInterrupt):
            probe(read, out, settings)
    assert not out.exists()
    with pytest.raises(StylerepError, match="was begun with seed 0, not 1"):
        probe(read, out, ProbeSettings(settings.probes, seed=1))
    said: list[str] = []
    probe(read, out, settings, said.append)
    assert "hc: going on after 4 of 6 items." in said
    assert any("1 responses are left out, since the response was cut off" in one for one in said)
    one, other = (pq.read_table(path).to_pylist() for path in (out, whole))
    assert [(row["item"], row["probe"], row["detail"]) for row in one] == [
        (row["item"], row["probe"], row["detail"]) for row in other
    ]
    assert [row["p_answer"] for row in one] == pytest.approx([row["p_answer"] for row in other], rel=0.1)


def test_of_several_runs_those_without_a_trace_are_left_out(
    tiny_model: Path, runs: list[Path], tmp_path: Path
) -> None:
    none = write_run(tmp_path / "nt", rows("nt", 2), tiny_model, arm="nt")
    said: list[str] = []
    settings = ProbeSettings(("none",), n=2)
    report = probe([probed_run(none), probed_run(runs[0])], tmp_path / "p.parquet", settings, said.append)
    assert {one.run for one in report.effects} == {"sbs"}
    assert any("there is no trace). It is left out." in one for one in said)
    with pytest.raises(StylerepError, match="None of these runs has a response that can be probed"):
        probe([probed_run(none), probed_run(none)], tmp_path / "q.parquet", settings)


def test_a_model_that_was_trained_whole_is_the_runs(tiny_model: Path, tmp_path: Path) -> None:
    from distill.models.adapter_base import weights_digest

    run = write_run(
        tmp_path / "full",
        rows("sbs", 1),
        model_args={"pretrained": str(tiny_model)},
        base_sha256="of its base",
        adapter_sha256=weights_digest(tiny_model),
    )
    assert probed_run(run).model == str(tiny_model)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing", "--out", "o"], "missing: there is no such run folder"),
        (["BARE", "--out", "o"], "no manifest says which model wrote this run; name it with --model"),
        (["OTHER", "--out", "o"], "this run was written by one of SHA-256 abc"),
        (["ADAPTED", "--model", "MODEL", "--out", "o"], "not by no adapter"),
        (["RUN", "--model", "nowhere", "--out", "o"], "There is no model 'nowhere'"),
        (["RUN", "--probes", "magic", "--out", "o"], "There is no probe 'magic'"),
        (["RUN", "RUN", "--out", "o"], "Two of the run folders have one name"),
        (["RUN", "BARE", "--model", "MODEL", "--out", "o"], "can be named for one run only"),
        (["RUN", "--out", "RUN/manifest.json"], "this is also what is read"),
        (["EMPTY", "--model", "MODEL", "--out", "o"], "no response in it can be probed"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    stylerep_here: Run, tiny_model: Path, runs: list[Path], tmp_path: Path, arguments: list[str], says: str
) -> None:
    own = rows("sbs", 1)
    made = {
        "BARE": write_run(tmp_path / "bare", own),
        "OTHER": write_run(
            tmp_path / "other", own, model_args={"pretrained": str(tiny_model)}, base_sha256="abc"
        ),
        "ADAPTED": write_run(tmp_path / "adapted", own, arm="hc", adapter_sha256="abc"),
        "EMPTY": write_run(tmp_path / "empty", rows("nt", 1)),
        "RUN": runs[0],
        "MODEL": tiny_model,
    }
    before = sorted(tmp_path.rglob("*"))
    for name, path in made.items():
        arguments = [one.replace(name, str(path)) for one in arguments]
    assert says in one_sentence(stylerep_here("probe", *arguments))
    assert sorted(tmp_path.rglob("*")) == before


def test_an_answer_is_as_likely_as_the_model_says_and_traces_are_read_once(tiny_model: Path) -> None:
    model, tokenizer = load_model(str(tiny_model), torch.float32), load_tokenizer(str(tiny_model))
    own = [one for row in rows("hc", 2) if isinstance(one := item_of_row("t", row), ProbeItem)]
    reader = TreeReader(model, 1 << 16)
    forced = ForcedAnswers(reader, tokenizer, 1 << 20)
    asked = [(own[0], one.trace, own[0].answer) for one in variants_of(own[0], own[1], [], 0)]
    found = forced.score(asked)
    for (item, trace, answer), one in list(zip(asked, found, strict=True))[::7]:
        assert one is not None
        lead = f"{item.opening}{trace}{item.closing}\n\nThe answer is"
        start = list(tokenizer(item.prompt)["input_ids"]) + list(
            tokenizer(lead, add_special_tokens=False)["input_ids"]
        )
        ids = list(tokenizer(item.prompt)["input_ids"]) + list(
            tokenizer(f"{lead} {answer}.", add_special_tokens=False)["input_ids"]
        )
        assert ids[: len(start)] == start
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0, len(start) - 1 : -1]
        wanted = torch.tensor(ids[len(start) :])
        logs = logits.log_softmax(-1).gather(1, wanted[:, None])
        assert one.likelihood == pytest.approx(logs.sum().item(), abs=1e-3)
        assert one.greedy == bool((logits.argmax(-1) == wanted).all())
    alone = sum(len(forced.tokens(*one).ids) for one in asked)
    assert reader.tokens_read < 0.6 * alone


def test_what_is_longer_than_the_model_reads_has_no_value(tiny_model: Path) -> None:
    model, tokenizer = load_model(str(tiny_model), torch.float32), load_tokenizer(str(tiny_model))
    own = item_of_row("t", rows("hc", 1)[0])
    assert isinstance(own, ProbeItem)
    whole, none = ForcedAnswers(TreeReader(model), tokenizer, 320).score(
        [(own, own.trace * 9, own.answer), (own, "", own.answer)]
    )
    assert whole is None
    assert none is not None


def test_whatever_a_model_wrote_is_probed_or_left_out(tiny_model: Path, tmp_path: Path) -> None:
    (problem, _), *_ = problems_and_responses("arith", 1, "sbs", 20)
    texts = [one[:400] for one in hostile_responses(30, 5)]
    odd = [
        "\ud800 half. So 3 = 4.",
        "3 = 4. " * 30,
        "\x00\x1b[31m 1. 2. 3.",
        "$\\frac{1}{",
        "。。。",
        "<|im_end|> a. b.",
    ]
    samples = [
        {
            **sample_row(number, problem, f"<think>\n{text}\n</think>\n\nThe answer is 7."),
            "doc_hash": str(number),
        }
        for number, text in enumerate([*odd, *texts])
    ]
    run = write_run(tmp_path / "run", samples, tiny_model)
    said: list[str] = []
    probe([probed_run(run)], tmp_path / "p.parquet", ProbeSettings(sentences=3), said.append)
    items = set(pq.read_table(tmp_path / "p.parquet").column("item").to_pylist())
    assert {str(number) for number in range(len(odd))} <= items
    left_out = sum(int(one.split()[1]) for one in said if "are left out" in one)
    assert len(items) + left_out == len(samples)
