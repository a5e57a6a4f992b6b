"""The number format that is fast here; and a processor with AVX2 alone,
which every x86 processor of ten years can be held to.
"""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rich.console import Console

from distill.models.precision import fast_dtype
from distill.training.recipe import Recipe
from distill.training.train import distill
from tests.distill.tiny_families import SHAPES, build
from tests.harness_ext.backends.style_hf.test_generation import LIVELY, PROMPTS, ask, ours

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
RECIPE = Recipe(epochs=2, batch_size=4)
# Trains, writes, and says with what; run in a process of its own, for libraries read their limits once.
SCRIPT = """
import json, sys
from pathlib import Path
import torch
from rich.console import Console
from distill.models.precision import fast_dtype
from distill.training.train import distill
from tests.distill.models.test_precision import PROMPTS, RECIPE, ask, ours
model, data, out = sys.argv[1:]
adapter = distill(model, Path(data), Path(out), RECIPE, Console(quiet=True))
lm = ours(Path(model), rows=3, peft=str(adapter), dtype=str(fast_dtype()).removeprefix("torch."))
print(json.dumps([torch.backends.cpu.get_cpu_capability(), str(fast_dtype()), ask(lm, PROMPTS)]))
"""


@pytest.fixture
def asked_anew() -> Iterator[None]:
    fast_dtype.cache_clear()
    yield
    fast_dtype.cache_clear()


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize(
    ("limit", "native"),
    [("AVX2", False), ("avx512_core", False), ("AVX512_CORE_AMX", True), ("DEFAULT", True), ("", True)],
)
@pytest.mark.parametrize("name", ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"])
def test_bfloat16_is_fast_where_the_processor_has_it_and_may_use_it(
    name: str, limit: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for variable in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, limit)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx2": True, "avx512_bf16": True})
    assert fast_dtype() == (torch.bfloat16 if native else torch.float32)


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize(
    ("features", "native"),
    [
        ({"avx2": True, "avx512_f": True}, False),
        ({"amx_bf16": True}, True),
        ({"arm_bf16": True}, True),
        ({}, False),
    ],
)
def test_a_processor_is_asked_and_nothing_assumed(
    features: dict[str, bool], native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: features)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    assert fast_dtype() == (torch.bfloat16 if native else torch.float32)


@pytest.mark.skipif(
    not torch.cpu.get_capabilities().get("avx2"), reason="this processor has no AVX2 to be held to"
)
def test_avx2_alone_trains_and_writes_what_other_instructions_do(
    data: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    shape = SHAPES["llama3"]
    model = build(dataclasses.replace(shape, config={**shape.config, **LIVELY}), tmp_path / "model")
    command = [sys.executable, "-c", SCRIPT, str(model), str(data["hc"]), str(tmp_path / "avx2")]
    root = str(Path(__file__).resolve().parents[3])
    held = subprocess.run(
        command,
        env={**os.environ, **AVX2, "PYTHONPATH": root, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert held.returncode == 0, held.stderr[-3000:]
    capability, number_format, texts = json.loads(held.stdout.splitlines()[-1])
    assert (capability, number_format) == ("AVX2", "torch.float32")

    monkeypatch.setattr(
        "distill.training.adapt.fast_dtype", lambda: torch.float32
    )  # the same format; the instructions differ, and with them the last bits of sums
    adapter = distill(str(model), data["hc"], tmp_path / "here", RECIPE, Console(quiet=True))
    losses = [
        json.loads((folder / "manifest.json").read_text())["train_loss"]
        for folder in (tmp_path / "avx2", adapter)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    # The adapter that AVX2 made is read here: the two write alike but for a token where two were as good as
    # equally likely.
    assert (
        sum(
            one == other
            for one, other in zip(texts, ask(ours(model, peft=str(tmp_path / "avx2")), PROMPTS), strict=True)
        )
        >= len(PROMPTS) - 1
    )
