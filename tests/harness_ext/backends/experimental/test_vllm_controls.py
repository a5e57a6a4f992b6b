"""Controls in vLLM, against a package that has its interface.

The stand-in follows ``vllm/v1/sample/logits_processor/__init__.py`` (commit
6e052ba8f4d97e43fb88a3288f3240ff4f73d7d2) and ``interface.py`` beside it (commit
05da17cdc63b202f32302ff92c24ae65c88d32ec) of vllm-project/vllm, and what lm_eval 0.4.13 imports of vLLM.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from distill.models.pretrained import resolve_model
from harness_ext.backends.experimental.vllm_controls import PROCESSOR, read_settings, vllm_arguments
from harness_ext.backends.style_hf.control_settings import Controls, read_controls
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.style import load_lexicon
from tests.conftest import one_sentence

CLOSE = "</think>"
SCRIPT = f"It is 5. Let me check.\n{CLOSE}\n\nThe answer is 5."
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def vllm(tmp_path: Path) -> Path:
    """A folder with a package ``vllm``, installed as far as metadata tell."""
    folder = tmp_path / "packages"
    shutil.copytree(
        Path(__file__).with_name("fake_vllm"), folder / "vllm", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "vllm-0.11.0.dist-info").mkdir()
    (folder / "vllm-0.11.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vllm\nVersion: 0.11.0\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def engine(vllm: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The engine of the stand-in, imported in this process and forgotten afterwards."""
    monkeypatch.syspath_prepend(str(vllm))
    before = set(sys.modules)
    import vllm.engine

    yield vllm.engine
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "vllm" or name.endswith("vllm_processor"):
            del sys.modules[name]


def written(
    engine: Any,
    model: str,
    controls: Controls,
    script: str = SCRIPT,
    put_off_after: int | None = None,
    prompts: int = 5,
) -> list[str]:
    """Have the engine write responses to prompts, the settings sent to it as another process would get
    them.
    """
    arguments = json.loads(
        json.dumps({"model": resolve_model(model), **vllm_arguments(controls, CLOSE, [2])})
    )
    one = engine.Engine(arguments, script, put_off_after)
    requests = [
        engine.Request([number // 2], engine.SamplingParams(max_tokens=100 + number))
        for number in range(prompts)
    ]
    one.run(requests)
    return [one.text(request) for request in requests]


def test_each_request_of_a_batch_is_controlled(engine: Any, real_model: str) -> None:
    for text in written(engine, real_model, Controls(budget_forcing=2, suppress=("verification",))):
        assert text.count("\n\nWait") == 2
        assert text.count(CLOSE) == 1
        assert [pivot.phrase for pivot in load_lexicon().find(text)] == ["wait", "wait"]
    for text in written(engine, real_model, Controls(think_budget=4), "2 + 3 = 5, and 5 + 1 = 6."):
        assert text.startswith(f"2 + 3\n{CLOSE}\n\nThe answer is")


def test_a_request_that_is_put_off_goes_on_where_it_was(engine: Any, real_model: str) -> None:
    controls = Controls(budget_forcing=2, forcing_text="Wait, that is not all of it")
    straight = written(engine, real_model, controls)
    assert straight[0].count("not all of it") == 2
    for after in (1, 9, 12, 20, 30):
        assert written(engine, real_model, controls, put_off_after=after) == straight


def test_responses_to_one_prompt_that_begin_alike_are_kept_apart(engine: Any, real_model: str) -> None:
    one = engine.Engine(
        {"model": resolve_model(real_model), **vllm_arguments(Controls(budget_forcing=1), CLOSE, [2])}, ""
    )
    (processor,) = one.processors
    begun = one.tokenizer("It is 5.")["input_ids"]
    first, second = (processor.new_req_logits_processor(engine.SamplingParams()) for _ in range(2))

    def chosen(change: Any, written: list[int]) -> int:
        logits = torch.zeros(len(one.tokenizer))
        logits[2] = 1.0
        return int(change([7], written, logits).argmax())

    longer = [*begun, chosen(first, begun)]
    chosen(second, begun)
    while longer[-1] != 2:
        longer.append(chosen(first, longer))
    assert one.tokenizer.decode(longer[:-1]) == "It is 5.\n\nWait"
    assert chosen(second, begun) == longer[len(begun)]


def test_likelihoods_of_prompts_are_left_alone(engine: Any, real_model: str) -> None:
    one = engine.Engine(
        {"model": resolve_model(real_model), **vllm_arguments(Controls(budget_forcing=1), CLOSE, [2])}, ""
    )
    (processor,) = one.processors
    assert processor.new_req_logits_processor(engine.SamplingParams(prompt_logprobs=1)) is None
    assert not processor.is_argmax_invariant()


def test_settings_come_back_as_they_were_and_stand_beside_others() -> None:
    controls = read_controls(
        {
            "think_budget": 9,
            "answer_text": "So:",
            "budget_forcing": 2,
            "forcing_text": "Hmm",
            "suppress": "exploration+integration",
        }
    )
    given = {"additional_config": {"other": 1}, "logits_processors": ["other:Class"]}
    arguments = vllm_arguments(controls, "[/THINK]", {7, 3}, given)
    assert arguments["logits_processors"] == ["other:Class", PROCESSOR]
    assert arguments["additional_config"]["other"] == 1
    assert read_settings(json.loads(json.dumps(arguments["additional_config"]))) == (
        controls,
        "[/THINK]",
        frozenset({3, 7}),
    )
    with pytest.raises(StylerepError, match="without its settings"):
        read_settings({"other": 1})


@pytest.mark.parametrize(
    ("controls", "given", "named"),
    [
        (Controls(steer="file"), {}, "cannot steer"),
        (Controls(budget_forcing=1), {"speculative_config": {"method": "ngram"}}, "speculative_config"),
        (Controls(budget_forcing=1), {"async_scheduling": True}, "async_scheduling"),
    ],
)
def test_what_vllm_cannot_do_is_refused(controls: Controls, given: dict[str, Any], named: str) -> None:
    with pytest.raises(StylerepError, match=named):
        vllm_arguments(controls, CLOSE, [2], given)


@pytest.mark.slow
def test_eval_gives_vllm_the_controls_and_records_them(
    stylerep: Run, tmp_path: Path, vllm: Path, real_model: str
) -> None:
    def run(name: str, controls: str) -> str:
        result = stylerep(
            *(
                "eval",
                "--model",
                "vllm",
                "--model_args",
                f"pretrained={real_model}{controls}",
                "--tasks",
                "style_arith",
                "--limit",
                2,
                "--output_path",
                name,
            ),
            *("--gen_kwargs", "max_gen_toks=64"),
            PYTHONPATH=f"{vllm}:{Path(__file__).parents[4]}",
            FAKE_SCRIPT=SCRIPT,
            HF_HUB_OFFLINE="1",
        )
        assert result.returncode == 0, result.stderr[-3000:]
        (samples,) = (tmp_path / name).rglob("samples_*.jsonl")
        return str(json.loads(samples.read_text(encoding="utf-8").splitlines()[0])["resps"][0][0])

    controls = ",budget_forcing=1,suppress=verification"
    assert "Let me check" in run("plain", "")
    assert read_manifest(tmp_path / "plain")["arm"] == "base"
    text = run("controlled", controls)
    assert "Let me check" not in text
    assert text.count("Wait") == 1
    manifest = read_manifest(tmp_path / "controlled")
    assert manifest["arm"] == "base+wait1+no-verification"
    assert manifest["decoding"] == {"budget_forcing": 1, "suppress": ["verification"]}
    assert manifest["model_args"]["suppress"] == "verification"
    other = stylerep(
        "eval",
        "--model",
        "vllm",
        "--model_args",
        f"pretrained={real_model}",
        "--tasks",
        "style_arith",
        "--output_path",
        "controlled",
    )
    assert "choose another --output_path" in one_sentence(other)


@pytest.mark.slow
def test_without_vllm_the_error_is_that_of_lm_eval(stylerep: Run, real_model: str) -> None:
    for controls in ("", ",suppress=verification"):
        result = stylerep(
            "eval",
            "--model",
            "vllm",
            "--tasks",
            "style_arith",
            "--output_path",
            "out",
            "--model_args",
            f"pretrained={real_model}{controls}",
        )
        assert "No module named 'vllm'" in result.stderr, result.stderr[-3000:]


def test_eval_says_what_vllm_cannot_be_told(stylerep_here: Run, tmp_path: Path, real_model: str) -> None:
    (tmp_path / "directions").write_text("", encoding="utf-8")
    asked = ("eval", "--model", "vllm", "--tasks", "style_arith", "--output_path", "out", "--model_args")
    steered = stylerep_here(
        *asked, f"pretrained={real_model},steer=directions,steer_kind=realization,steer_strength=2"
    )
    assert "cannot steer" in one_sentence(steered)
    assert "suppress takes" in one_sentence(stylerep_here(*asked, f"pretrained={real_model},suppress=doubt"))
