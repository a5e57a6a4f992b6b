"""Training in several processes: the launch files, gloo in place of GPUs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from distill.training.recipe import Recipe
from distill.training.train import distill
from tests.distill.tiny_families import SHAPES, build

QUIET = Console(quiet=True)
ROOT = Path(__file__).resolve().parents[2]


def launch(file: str, module: str, options: list[str], **variables: str) -> subprocess.Popen[str]:
    """Start ``stylerep distill`` in two processes without GPUs, by one of the launch files."""
    folder = subprocess.run(
        [sys.executable, "-m", "harness_ext", "launch-path"], capture_output=True, text=True, check=True
    ).stdout.strip()
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        f"{folder}/{file}.yaml",
        "--num_processes",
        "2",
        "--module",
        module,
    ]
    environment = {
        **os.environ,
        **variables,
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    return subprocess.Popen(
        [*command, "distill", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a launch and return what it printed."""
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return said + errors


def assert_alike(one: Path, two: Path, start: dict[str, torch.Tensor] | None = None) -> None:
    """Compare what one process and two have made: loss, names, and how the weights changed (from zero,
    unless *start* is given).
    """
    manifests = [json.loads((path / "manifest.json").read_text()) for path in (one, two)]
    assert [manifest["processes"] for manifest in manifests] == [1, 2]
    assert manifests[0]["train_loss"] == pytest.approx(manifests[1]["train_loss"], rel=1e-2)
    ours, theirs = (dict(load_file(next(path.glob("*.safetensors")))) for path in (one, two))
    assert {name: value.shape for name, value in ours.items()} == {
        name: value.shape for name, value in theirs.items()
    }
    change, other = (
        torch.cat(
            [
                (value.float() - (start[name] if start else 0)).flatten()
                for name, value in sorted(made.items())
                if start or "lora_B" in name
            ]
        )
        for made in (ours, theirs)
    )
    assert change.norm() > 0
    # In bfloat16 halves are rounded before they are added up; Adam's first steps follow signs,
    # which flip where a gradient is near 0.
    assert (change - other).norm() < 0.1 * change.norm()


@pytest.mark.slow
def test_two_processes_give_the_result_of_one(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    options = ["--model", str(tiny_model), "--data", str(data["hc"]), "--epochs", "1.5", "--batch-size", "5"]
    said = finished(launch("ddp", "harness_ext", [*options, "--out", str(tmp_path / "2")]))
    assert said.count("Adapter:") == 1
    one = distill(str(tiny_model), data["hc"], tmp_path / "1", Recipe(epochs=1.5, batch_size=5), QUIET)
    assert_alike(one, tmp_path / "2")


@pytest.mark.slow
def test_an_adapter_of_a_model_shared_out_goes_on_after_a_kill(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    one, two = (
        distill(str(tiny_model), data["hc"], tmp_path / "1", Recipe(epochs=3, batch_size=4), QUIET),
        tmp_path / "2",
    )
    options = [
        "--model",
        str(tiny_model),
        "--data",
        str(data["hc"]),
        "--epochs",
        "3",
        "--batch-size",
        "4",
        "--save-minutes",
        "0",
        "--out",
        str(two),
    ]
    process = launch("fsdp", "tests.distill.shared_out", options, WAITS_IN_STEP="4")
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob("2.unfinished/checkpoint-3/stylerep_checkpoint_is_whole")):
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for each in killed:
        each.kill()
    psutil.wait_procs(killed)
    process.communicate()
    assert not two.exists()
    assert "Going on from step" in finished(launch("fsdp", "tests.distill.shared_out", options))
    assert_alike(one, two)
    manifest = json.loads((two / "manifest.json").read_text())
    assert (manifest["resumed"], manifest["packed"], manifest["fused_groups"]) == (True, True, 0)


@pytest.mark.slow
def test_a_model_shared_out_is_written_whole(data: dict[str, Path], tmp_path: Path) -> None:
    # its embeddings are its output layer: one tensor, to be written once
    model = build(SHAPES["gemma2"], tmp_path / "model")
    recipe = Recipe(method="full", epochs=2, batch_size=4, learning_rate=1e-3)
    one, two = distill(str(model), data["hc"], tmp_path / "1", recipe, QUIET), tmp_path / "2"
    options = [
        "--model",
        str(model),
        "--data",
        str(data["hc"]),
        "--method",
        "full",
        "--epochs",
        "2",
        "--batch-size",
        "4",
        "--learning-rate",
        "1e-3",
    ]
    finished(
        launch("fsdp", "tests.distill.shared_out", [*options, "--part-tokens", "300", "--out", str(two)])
    )
    assert_alike(
        one, two, {name: value.float() for name, value in load_file(model / "model.safetensors").items()}
    )
    loaded = [
        AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(torch.tensor([[5, 60, 70]])).logits
        for folder in (one, two)
    ]
    torch.testing.assert_close(*loaded, rtol=1e-2, atol=1e-2)


@pytest.mark.slow
def test_without_gpus_nothing_is_shared_out_and_that_is_said(
    tiny_model: Path, data: dict[str, Path], tmp_path: Path
) -> None:
    options = [
        "--model",
        str(tiny_model),
        "--data",
        str(data["hc"]),
        "--epochs",
        "1",
        "--batch-size",
        "6",
        "--out",
        str(tmp_path / "2"),
    ]
    assert "every process holds the whole model" in " ".join(
        finished(launch("fsdp", "harness_ext", options)).split()
    )
