"""An evaluation that stops once its comparison is settled."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.models.library_hooks import STOPPING
from harness_ext.backends.lm_eval import evaluate
from harness_ext.backends.lm_eval.in_order import asked_in_order, check_asked
from harness_ext.compare import compare
from harness_ext.compare.settling import Baseline, Settling, StoppingRule
from harness_ext.compare.watching import Watching
from harness_ext.runs.item_order import in_order, order_digest
from harness_ext.runs.run_folder import RESPONSES, load_run, sample_files, sample_rows
from harness_ext.runs.scores_file import read_scores
from synth.errors import StylerepError
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.backends.style_hf.test_generation import LIVELY

LIMIT = 48


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    shape = SHAPES["llama3"]
    lively = dataclasses.replace(shape, config={**shape.config, **LIVELY})
    return build(lively, tmp_path_factory.mktemp("in-order") / "model")


def arguments(model: Path, out: Path, name: str, task: str = "style_arith") -> list[str]:
    asked = ["--tasks", task, "--limit", str(LIMIT), "--gen_kwargs", "max_gen_toks=6"]
    given = ["--model", name, "--model_args", f"pretrained={model},dtype=float32", "--device", "cpu"]
    return [*given, *asked, "--output_path", str(out)]


@pytest.fixture(scope="module")
def base(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluate(arguments(model, tmp_path_factory.mktemp("runs") / "base", "style-hf"))


def rows(run: Path) -> dict[str, dict[str, Any]]:
    return {row["doc_hash"]: row for path in sample_files(run).values() for _, row in sample_rows(path)}


@pytest.mark.parametrize("name", ["style-hf", "hf"])
def test_it_asks_the_first_items_of_the_order_and_says_so(
    model: Path, base: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evaluate(
        arguments(model, tmp_path / "hc", name), arm="hc", rule=StoppingRule(base, 0.3, look_every=8)
    )
    every, asked = rows(base), rows(run)
    order = in_order([("style_arith", item) for item in every])
    record = json.loads((run / "manifest.json").read_text())["stopping"]["style_arith"]
    assert record["early"] is True
    assert record["used"] == len(asked) < LIMIT
    assert set(asked) == {item for _, item in order[: len(asked)]}
    assert (record["order_sha256"], record["items"]) == (order_digest(order), LIMIT)
    assert all(
        asked[item][part] == every[item][part] for item in asked for part in ("resps", "acc", "doc_id")
    )
    scores = read_scores(run)
    assert scores is not None
    assert list(scores.tasks["style_arith", "none"]) == [item for _, item in order[: len(asked)]]
    results = json.loads(next(run.rglob("results_*.json")).read_text())
    assert results["n-samples"]["style_arith"]["effective"] == len(asked)
    assert f"style_arith, {len(asked)} of {LIMIT} items: +0.0 points" in capsys.readouterr().err
    (comparison,) = compare([base, run], margin=0.3).comparisons
    assert comparison.verdict.value == record["verdicts"]["style_arith"] == "equivalent"


def test_a_run_that_was_killed_goes_on_in_the_same_order(
    model: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, see = StoppingRule(base, 0.3, look_every=8), Settling.see

    def killed(self: Settling, *seen: Any) -> None:
        see(self, *seen)
        if self.looks["style_arith"][-1][0] == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Settling, "see", killed)
        with pytest.raises(KeyboardInterrupt):
            evaluate(arguments(model, tmp_path / "hc", "style-hf"), arm="hc", rule=rule)
    half = (tmp_path / "hc" / RESPONSES).read_bytes()
    begun = read_scores(tmp_path / "hc")
    run = evaluate(arguments(model, tmp_path / "hc", "style-hf"), arm="hc", rule=rule)
    whole, scores = (run / RESPONSES).read_bytes(), read_scores(run)
    assert whole.startswith(half)
    assert begun is not None
    assert scores is not None
    assert list(scores.tasks["style_arith", "none"])[:8] == list(begun.tasks["style_arith", "none"])
    assert whole.count(b"\n") == len(rows(run)) == len(scores.tasks["style_arith", "none"])


def test_what_is_never_settled_asks_everything_and_a_task_more_keeps_the_record(
    model: Path, base: Path, tmp_path: Path
) -> None:
    rule = StoppingRule(base, 0.001, about="many")
    run = evaluate(arguments(model, tmp_path / "hc", "style-hf"), rule=rule)
    assert rows(run).keys() == rows(base).keys()
    assert load_run(run).manifest["stopping"]["style_arith"]["reason"] == "exhausted"
    evaluate(arguments(model, tmp_path / "hc", "style-hf", "style_chain"))
    stopping = load_run(run).manifest["stopping"]
    assert list(stopping) == ["style_arith"]
    evaluate(arguments(model, tmp_path / "hc", "style-hf"))
    assert "stopping" not in load_run(run).manifest


def test_in_order_alone_asks_everything_and_can_be_watched(model: Path, base: Path, tmp_path: Path) -> None:
    run = evaluate(arguments(model, tmp_path / "hf", "hf"), in_order=True)
    assert {item: row["resps"] for item, row in rows(run).items()} == {
        item: row["resps"] for item, row in rows(base).items()
    }
    assert "stopping" not in load_run(run).manifest
    (pair,) = Watching([base, run], 0.3).look()
    assert (pair.n, pair.size, pair.verdict.value) == (LIMIT, LIMIT, "equivalent")


def test_what_cannot_be_settled_is_told_before_anything_is_generated(
    model: Path, base: Path, tmp_path: Path
) -> None:
    rule = StoppingRule(base, 0.1)
    with pytest.raises(StylerepError, match="the task style_chain isn't in this run, which has style_arith"):
        evaluate(arguments(model, tmp_path / "a", "style-hf", "style_chain"), rule=rule)
    with pytest.raises(StylerepError, match="and style_prefer_arith asks for likelihoods"):
        evaluate(arguments(model, tmp_path / "a", "hf", "style_prefer_arith"), in_order=True)
    with pytest.raises(StylerepError, match="this is the run that is to be made"):
        evaluate(arguments(model, base, "style-hf"), rule=rule)
    more = [str(LIMIT + 1) if word == str(LIMIT) else word for word in arguments(model, tmp_path / "b", "hf")]
    with pytest.raises(StylerepError, match="of style_arith isn't in this run; evaluate both on the same"):
        evaluate(more, rule=rule)
    assert not list((tmp_path / "b").rglob("samples_*"))


def test_an_evaluation_that_passes_us_by_is_an_error(base: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(StylerepError, match="simple_evaluate did not call evaluate"),
        asked_in_order(StoppingRule(base, 0.1), ["style_arith"], tmp_path),
    ):
        pass
    settling = Settling(StoppingRule(base, 0.1), Baseline(base), [("style_arith", next(iter(rows(base))))])
    with pytest.raises(StylerepError, match=r"holds 48 items, and 0 were asked"):
        check_asked(list(base.rglob("samples_*")), [settling])
    assert STOPPING.module.endswith("in_order")
