"""From problems to run folders, with a tiny random model, in this process."""

import json
from pathlib import Path

import pytest

import stylerep


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return stylerep.synthesize(
        "arith:train",
        ["nt", "hc"],
        tmp_path_factory.mktemp("data"),
        n=8,
        dials={"trace_words": 10},
        decontaminate=False,
    )


def test_a_data_set_holds_what_render_returns(data: dict[str, Path]) -> None:
    from synth.traces.datasets import read_dataset

    rows, manifest = read_dataset(data["hc"])
    rendered = stylerep.render(stylerep.load_problems("arith:train", 8), ["hc"], dials={"trace_words": 10})[
        "hc"
    ]
    assert [row["response"] for row in rows] == [row.response for row in rendered]
    assert manifest["arm"] == "hc"


def test_a_model_is_trained_and_evaluated(data: dict[str, Path], tiny_model: Path, tmp_path: Path) -> None:
    adapter = stylerep.distill(tiny_model, data["hc"], tmp_path / "a, b=c", epochs=1, rank=2, batch_size=4)
    assert json.loads((adapter / "manifest.json").read_text(encoding="utf-8"))["arm"] == "hc"
    told = {"limit": 3, "batch_size": 2, "gen_kwargs": {"max_gen_toks": 8}, "dtype": "float32"}
    base = stylerep.evaluate(tiny_model, "style_arith", tmp_path / "base", **told)
    # A comma and an equals sign in a path reach the model as they are.
    tuned = stylerep.evaluate(
        tiny_model,
        ["style_arith"],
        tmp_path / "hc",
        adapter=adapter,
        suppress=["realization"],
        arm="other",
        **told,
    )
    run = stylerep.load_run(tuned)
    assert run.manifest["arm"] == "other+no-realization"
    assert run.manifest["model_args"]["peft"] == str(adapter)
    assert run.manifest["limit"] == 3
    assert len(run.outcomes("style_arith")) == 3
    assert len(stylerep.compare(base, tuned).comparisons) == 1
    with pytest.raises(stylerep.StylerepError, match="already holds a run whose arm"):
        stylerep.evaluate(tiny_model, "style_arith", base, adapter=adapter, **told)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stylerep.evaluate("nowhere", "style_arith", "r"), "There is no model 'nowhere'"),
        (lambda: stylerep.evaluate("org/name", "style_arth", "r"), "did you mean style_arith"),
        (lambda: stylerep.evaluate("org/name", [], "r"), "Say which tasks to run"),
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", model_args={"peft": "x"}),
            "give it as adapter instead",
        ),
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", model_args={"a": [1]}),
            "model_args: a is a text",
        ),  # type: ignore[dict-item]
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", suppress=["magic"]),
            "suppress takes realization",
        ),
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", backend="hf", suppress="all"),
            "suppress goes with --model style-hf",
        ),
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", steer="missing"),
            "steer=missing: there is no such file",
        ),
        (lambda: stylerep.evaluate("org/name", "style_arith", "r", limit=-1), "--limit is a number of items"),
        (lambda: stylerep.evaluate("org/name", "style_arith", "r", claims="missing.yaml"), "missing.yaml"),
        (lambda: stylerep.evaluate("org/name", "style_arith", "r", margin=0.1), "go together"),
        (
            lambda: stylerep.evaluate("org/name", "style_arith", "r", settled_against="no", margin=0.1),
            "no: there is no such run folder",
        ),
        (lambda: stylerep.distill("nowhere", "missing", "a"), "missing: this is not a trace data set"),
        (lambda: stylerep.distill("org/name", "missing", "a", recipe="large"), "There is no recipe 'large'"),
        (lambda: stylerep.distill("org/name", "missing", "a", method="magic"), "method must be one of lora"),
        (lambda: stylerep.distill("org/name", "missing", "a", drop=0.1), "--drop needs --select"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    call: object, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(stylerep.StylerepError, match=says) as error:
        call()  # type: ignore[operator]
    assert "\n" not in str(error.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(".")]
