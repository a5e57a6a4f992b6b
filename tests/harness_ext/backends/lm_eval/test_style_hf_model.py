"""The model style-hf behind the command: recorded, compared, killed and gone on with."""

import dataclasses
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness_ext.backends.lm_eval import evaluate
from harness_ext.compare.conditions import conditions
from harness_ext.runs.run_folder import RESPONSES, load_run, sample_files, sample_rows
from tests.conftest import one_sentence
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.backends.style_hf.test_generation import LIVELY, adapted

LIMIT = 24


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    shape = SHAPES["llama3"]
    return build(
        dataclasses.replace(shape, config={**shape.config, **LIVELY}),
        tmp_path_factory.mktemp("cli") / "model",
    )


def arguments(
    model: Path, out: Path, *more: str, name: str = "style-hf", tokens: int = 24, task: str = "style_arith"
) -> list[str]:
    given = ",".join([f"pretrained={model}", *more])
    options = [
        "--limit",
        str(LIMIT),
        "--gen_kwargs",
        f"max_gen_toks={tokens}",
        "--device",
        "cpu",
        "--output_path",
        str(out),
    ]
    return ["--model", name, "--model_args", given, "--tasks", task, *options]


def responses(run: Path) -> list[dict[str, Any]]:
    path = run / RESPONSES
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] if path.is_file() else []


def samples(run: Path) -> list[list[list[str]]]:
    return [row["resps"] for path in sample_files(run).values() for _, row in sample_rows(path)]


@pytest.mark.slow
def test_a_run_records_its_controls_and_its_arm_and_equals_that_of_hf_without_any(
    model: Path, tmp_path: Path
) -> None:
    evaluate(arguments(model, tmp_path / "hf", "dtype=float32", name="hf"))
    evaluate(arguments(model, tmp_path / "plain", "dtype=float32"))
    assert samples(tmp_path / "plain") == samples(tmp_path / "hf")
    evaluate(
        arguments(model, tmp_path / "waits", "dtype=float32", "budget_forcing=1", "forcing_text=Hmm"),
        arm="hc",
    )
    manifest = json.loads((tmp_path / "waits" / "manifest.json").read_text())
    assert manifest["arm"] == "hc+wait1(Hmm)"
    assert manifest["decoding"] == {"budget_forcing": 1, "forcing_text": "Hmm"}
    assert "journal" not in manifest["model_args"]
    runs = [load_run(tmp_path / name) for name in ("hf", "plain", "waits")]
    assert [one.arm for one in conditions(runs, ("arm",))] == ["base", "base", "hc+wait1(Hmm)"]
    assert len(responses(tmp_path / "plain")) == LIMIT


@pytest.mark.slow
def test_killed_again_and_again_nothing_is_written_twice_lost_or_other(model: Path, tmp_path: Path) -> None:
    given = arguments(model, tmp_path / "killed", "rows=3", tokens=120)
    command = [sys.executable, "-m", "harness_ext", "eval", *given]
    wanted = 0
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wanted += 5
        while process.poll() is None and len(responses(tmp_path / "killed")) < wanted:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    half = {record["key"]: record for record in responses(tmp_path / "killed")}
    assert 15 <= len(half) < LIMIT
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    records = responses(tmp_path / "killed")
    assert len(records) == len({record["key"] for record in records}) == LIMIT
    assert all(record == half.get(record["key"], record) for record in records)
    evaluate(arguments(model, tmp_path / "alone", "rows=3", tokens=120))
    # Texts, not bits: the model is float32, and its tokens are widely apart (see LIVELY).
    assert samples(tmp_path / "killed") == samples(tmp_path / "alone")


@pytest.mark.slow
def test_one_file_of_responses_serves_many_runs_and_mixes_none_up(model: Path, tmp_path: Path) -> None:
    """The same folder of an adapter is filled with other weights in between:
    upstream's cache would give the first one's answers.
    """
    kept = f"journal={tmp_path / 'all.jsonl'}"
    adapter = adapted(model, tmp_path / "adapter")
    evaluate(arguments(model, tmp_path / "a", kept, f"peft={adapter}"), arm="hc")
    assert len(responses(tmp_path / "a")) == 0
    first = (tmp_path / "all.jsonl").read_bytes()
    evaluate(arguments(model, tmp_path / "again", kept, f"peft={adapter}"), arm="hc")
    assert (tmp_path / "all.jsonl").read_bytes() == first
    assert samples(tmp_path / "again") == samples(tmp_path / "a")
    from safetensors.torch import load_file, save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    save_file(
        {name: -weight if "lora_B" in name else weight for name, weight in weights.items()},
        adapter / "adapter_model.safetensors",
    )
    evaluate(arguments(model, tmp_path / "b", kept, f"peft={adapter}"), arm="hc")
    assert len((tmp_path / "all.jsonl").read_bytes().splitlines()) == 2 * LIMIT
    shutil.rmtree(tmp_path / "adapter")
    evaluate(arguments(model, tmp_path / "c", kept, "suppress=all"))
    assert len((tmp_path / "all.jsonl").read_bytes().splitlines()) == 3 * LIMIT
    assert all(
        one != two for one, two in itertools.pairwise([samples(tmp_path / name) for name in ("a", "b", "c")])
    )


@pytest.mark.slow
def test_likelihoods_are_those_of_hf(model: Path, tmp_path: Path) -> None:
    for name in ("hf", "style-hf"):
        evaluate(arguments(model, tmp_path / name, "dtype=float32", name=name, task="style_prefer_kg"))
    ours, theirs = (
        [
            [float(value[0]) for value in row["filtered_resps"]]
            for path in sample_files(tmp_path / name).values()
            for _, row in sample_rows(path)
        ]
        for name in ("style-hf", "hf")
    )
    assert torch.allclose(torch.tensor(ours), torch.tensor(theirs), rtol=1e-4)


def test_what_a_user_gets_wrong_is_said_in_one_sentence(
    stylerep_here: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    refused = stylerep_here("eval", *arguments(model, tmp_path / "x", "suppress=doubt"))
    assert "suppress takes realization" in one_sentence(refused)
    refused = stylerep_here("eval", *arguments(model, tmp_path / "x"), "--use_cache", "cache.db")
    assert "--use_cache mixes up the responses of adapters" in one_sentence(refused)
    refused = stylerep_here("eval", *arguments(model, tmp_path / "x", name="style-fh"))
    assert "style-hf" in one_sentence(refused)
    refused = stylerep_here("eval", *arguments(model, tmp_path / "x", "suppress=realization", name="hf"))
    assert "suppress goes with --model style-hf or vllm, not with hf" in one_sentence(refused)
