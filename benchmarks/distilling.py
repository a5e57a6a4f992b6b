"""How fast training is beside what one would write with the libraries alone,
and what each choice contributes.

Every way trains a LoRA adapter (SmolLM2-135M-Instruct, rank 16, all linear layers, 8 rows a step, one pass)
on the same rows, in a process of its own, in turn: `hc` traces of GSM8K's training problems where its file is
to be found (STYLEREP_DATA), else of `arith`. Tokens are those of the rows, without padding. Shares are of the
matrix rate of the machine in the format that is fast here, measured in the same process, counting 4 x
parameters FLOPs a token. `--beside` takes the checkout of another version, which trains as one more way.

    python -m benchmarks.distilling speed [--rows 48] [--rounds 2] [--ways ours,stock,…] [--beside FOLDER]
    python -m benchmarks.distilling precision [--rows 80] [--seeds 2]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m-instruct"
WORDS, RANK, BATCH = 100, 16, 8


def build(folder: Path, rows: int, skip: int = 0, words: int = WORDS) -> str:
    """Write a data set of *rows* rows and return the name of its problems; *skip* seeds another draw, *words*
    0 leaves the traces as long as they get.
    """
    from synth.errors import StylerepError
    from synth.traces.synthesis import synth

    for source in ("gsm8k:train", "arith:train"):
        try:
            synth(source, ["hc"], folder, n=rows, dials={"trace_words": words} if words else {}, seed=skip)
        except StylerepError as error:
            print(f"{source} left out: {error}")
            continue
        return source
    raise SystemExit("no problems")


def clock() -> Any:
    """Return a Trainer callback that takes the time of every step, in `times`."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.times: list[float] = []

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.began = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.times.append(time.perf_counter() - self.began)

    return Clock()


def ours(data: Path, scratch: Path, timer: Any, **running: Any) -> None:
    """Train as stylerep does."""
    from unittest.mock import patch

    from distill.training import train
    from distill.training.recipe import Recipe
    from distill.training.training_options import TrainingOptions

    original = train.StepTrainer

    def timed(**options: Any) -> Any:
        trainer = original(**options)
        trainer.add_callback(timer)
        return trainer

    with patch.object(train, "StepTrainer", timed):
        train.distill(
            MODEL,
            data,
            scratch / "out",
            Recipe(epochs=1, batch_size=BATCH, rank=RANK),
            None,
            TrainingOptions(**running),
        )


def stock(data: Path, scratch: Path, timer: Any, as_saved: bool = False) -> None:
    """Train with transformers' Trainer and peft, default settings, padding to the longest row of a batch;
    in the number format that is fast here, or *as_saved*, in that of the model's file.
    """
    import datasets
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
    )

    from distill.models.precision import fast_dtype
    from distill.models.pretrained import resolve_model

    path = resolve_model(MODEL)
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype="auto" if as_saved else fast_dtype())
    model = get_peft_model(
        model, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    table = datasets.Dataset.from_list(
        [
            {
                "input_ids": row.input_ids,
                "attention_mask": [1] * len(row.input_ids),
                "labels": [-100] * row.prompt_length + row.input_ids[row.prompt_length :],
            }
            for row in encoded(data)
        ]
    )
    arguments = TrainingArguments(
        output_dir=str(scratch),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        save_strategy="no",
        report_to="none",
    )
    trainer = Trainer(
        model=model, args=arguments, train_dataset=table, data_collator=DataCollatorForSeq2Seq(tokenizer)
    )
    trainer.add_callback(timer)
    trainer.train()


def trl(data: Path, scratch: Path, timer: Any) -> None:
    """Train with TRL's SFTTrainer; its default of computing activations twice,
    which saves memory and costs a third, is switched off.
    """
    import datasets
    import torch
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from distill.models.pretrained import resolve_model
    from synth.traces.datasets import read_dataset

    rows, _ = read_dataset(data)
    table = datasets.Dataset.from_list(
        [
            {"prompt": row["prompt"], "completion": [{"role": "assistant", "content": row["response"]}]}
            for row in rows
        ]
    )
    arguments = SFTConfig(
        output_dir=str(scratch),
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        save_strategy="no",
        report_to="none",
        gradient_checkpointing=False,
        use_cpu=not torch.cuda.is_available(),
    )
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(model=resolve_model(MODEL), args=arguments, train_dataset=table, peft_config=lora)
    trainer.add_callback(timer)
    trainer.train()


def ours_plain(data: Path, scratch: Path, timer: Any) -> None:
    """Train as stylerep does, but with padded rows and peft's own LoRA layers."""
    ours(data, scratch, timer, plain=True)


def stock_as_saved(data: Path, scratch: Path, timer: Any) -> None:
    """Train the stock way in the format of the model's file: where that is bfloat16 and the processor has
    none, hundreds of times more slowly, so with a few short rows.
    """
    stock(data, scratch, timer, as_saved=True)


WAYS = {
    "ours": ours,
    "stock": stock,
    "stock_as_saved": stock_as_saved,
    "trl": trl,
    "ours_plain": ours_plain,
}


def encoded(data: Path) -> list[Any]:
    """Return the rows of a data set as token ids."""
    from distill.models.families import model_family
    from distill.models.loading import load_config, load_tokenizer
    from distill.training.encode import encode
    from synth.traces.datasets import read_dataset

    tokenizer = load_tokenizer(MODEL)
    family = model_family(load_config(MODEL), tokenizer)
    return [encode(row, tokenizer, family, 2048) for row in read_dataset(data)[0]]


def matrix_rate(dtype: str) -> float:
    """Return the rate of a large matrix product, FLOP/s: the best of ten."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8192 if device == "cuda" else 2048
    one, two = (torch.randn(size, size, dtype=getattr(torch, dtype), device=device) for _ in range(2))
    times = []
    for _ in range(12):
        began = time.perf_counter()
        one @ two
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times[2:])


def measure(way: str, data: Path) -> None:
    """Run one way in this process and print its measurements as JSON."""
    import resource

    from distill.models.precision import fast_dtype

    timer = clock()
    rows = encoded(data)
    tokens, prompts = sum(len(row.input_ids) for row in rows), sum(row.prompt_length for row in rows)
    fast = str(fast_dtype()).removeprefix("torch.")
    rate = matrix_rate(fast)
    with tempfile.TemporaryDirectory() as scratch:
        WAYS[way](data, Path(scratch), timer)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    rate = max(rate, matrix_rate(fast))
    found = {
        "rows": len(rows),
        "tokens": tokens,
        "prompts": prompts,
        "step_seconds": sum(timer.times),
        "rate": rate,
        "format": fast,
        "gigabytes": peak,
    }
    print(json.dumps(found))


# Builds from before the variables that keep oneDNN from bfloat16 counted would emulate it; they train in the
# format that is fast here.
_FORMAT = """
name = next(one for one in ("distill.precision", "distill.models.precision") if importlib.util.find_spec(one))
importlib.import_module(name).fast_dtype = lambda: torch.{}
"""


def _measured(way: str, data: Path, beside: Path | None) -> "subprocess.CompletedProcess[str]":
    """Run `measure` in a process of its own: of this version, or, for the way "beside", of another's."""
    from distill.models.precision import fast_dtype

    here = ["-m", "benchmarks.distilling", "measure", way, str(data)]
    there = [
        "-c",
        "import importlib.util, pathlib, torch\n"
        f"{_FORMAT.format(str(fast_dtype()).removeprefix('torch.'))}"
        "import benchmarks.distilling as old\n"
        "old.matrix_rate = lambda _: 1.0\n"  # what it measures stands still where bfloat16 is emulated
        f"old.measure('ours', pathlib.Path({str(data)!r}))",
    ]
    other = way == "beside" and beside is not None
    return subprocess.run(
        [sys.executable, "-W", "ignore", *(there if other else here)],
        capture_output=True,
        text=True,
        check=False,
        cwd=beside if other else None,
        env={**os.environ, "PYTHONPATH": str(beside)} if other else None,
    )


def speed(rows: int, rounds: int, ways: list[str], words: int, beside: Path | None = None) -> None:
    """Print tokens a second of every way, its ratio to stock, and the share of the matrix rate; then the same
    for a run of two steps, whole.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = build(Path(folder) / "long", rows, words=words)
        build(Path(folder) / "short", 2 * BATCH, words=words)
        found: dict[str, dict[str, list[dict[str, float]]]] = {
            "long": {way: [] for way in ways},
            "short": {way: [] for way in ways},
        }
        for _ in range(rounds):
            for size, results in found.items():
                for way, runs in results.items():
                    began = time.monotonic()
                    done = _measured(way, Path(folder) / size / "hc", beside)
                    print(f"{way} ({size}): {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                    if done.returncode:
                        print(
                            f"{way} ({size}) ended with code {done.returncode}:"
                            f" {done.stderr.strip().splitlines()[-1:]}"
                        )
                        continue
                    runs.append(
                        {**json.loads(done.stdout.strip().splitlines()[-1]), "wall": time.monotonic() - began}
                    )
    print(
        f"\nLoRA rank {RANK} on all linear layers of {MODEL}, {BATCH} rows a step, hc traces of {source},"
        f" {os.cpu_count()} cores, medians of {rounds}"
    )
    for size, results in found.items():
        base = _median(results.get("stock", []), lambda run: run["tokens"] / run["step_seconds"])
        wall = _median(results.get("stock", []), lambda run: run["wall"])
        if any(results.values()):
            shape = next(run for runs in results.values() for run in runs)
            rate = max(run["rate"] for runs in results.values() for run in runs) / 1e9
            print(
                f"{size}: {shape['rows']} rows, {shape['tokens'] / shape['rows']:.0f} tokens each,"
                f" {shape['prompts'] / shape['rows']:.0f} of them prompt; matrix products in"
                f" {shape.get('format')}: {rate:.0f} GFLOP/s"
            )
        for way, runs in results.items():
            if runs:
                pace = _median(runs, lambda run: run["tokens"] / run["step_seconds"])
                share = _median(
                    runs, lambda run: run["tokens"] / run["step_seconds"] * 4 * 134.5e6 / run["rate"]
                )
                whole = _median(runs, lambda run: run["wall"])
                print(
                    f"  {way:10s} {pace:7.0f} tokens/s   {pace / base if base else 0:5.2f} x stock  "
                    f" {share:5.1%} of {runs[0]['rate'] / 1e9:.0f} GFLOP/s   whole process {whole:5.0f} s"
                    f" ({wall / whole if wall else 0:.2f} x stock)  "
                    f" {max(run['gigabytes'] for run in runs):.1f} GB"
                )


def _median(runs: list[dict[str, float]], of: Any) -> float:
    return statistics.median(map(of, runs)) if runs else 0.0


def precision(rows: int, seeds: int) -> None:
    """Train in three ways and print their losses on held-out rows, evaluated in float32,
    with paired intervals.

    The ways: as stylerep does; with padded rows and peft's own layers,
    in the formats that stock training has too; in float32 throughout.
    """
    import numpy as np
    import torch
    from peft import PeftModel

    from distill.models.loading import load_model
    from distill.training import adapt
    from distill.training.fast.loss import summed_cross_entropy
    from distill.training.recipe import Recipe
    from distill.training.train import distill
    from distill.training.training_options import TrainingOptions

    fast = adapt.fast_dtype
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = build(folder / "data", rows)
        build(folder / "held", 60, skip=1)
        held = encoded(folder / "held" / "hc")
        losses: dict[str, list[list[float]]] = {"ours": [], "peft": [], "float32": []}
        for way, found in losses.items():
            adapt.fast_dtype = (lambda: torch.float32) if way == "float32" else fast
            for seed in range(seeds):
                recipe = Recipe(epochs=1, rank=RANK, seed=seed)
                out = distill(
                    MODEL,
                    folder / "data" / "hc",
                    folder / f"{way}{seed}",
                    recipe,
                    None,
                    TrainingOptions(plain=way != "ours"),
                )
                model = PeftModel.from_pretrained(load_model(MODEL, torch.float32), str(out)).eval()
                with torch.no_grad():
                    found.append([_loss(model, row, summed_cross_entropy) for row in held])
    print(
        f"Held-out loss after one pass over {rows} rows of {source}, {seeds} seeds, {len(held)} other rows,"
        " nats a token, all evaluated in float32:"
    )
    exact = np.array(losses["float32"])
    generator = np.random.default_rng(0)
    chosen = generator.integers(0, len(held), (10_000, len(held)))
    for way, found in losses.items():
        difference = np.array(found) - exact
        low, high = np.percentile(difference.mean(0)[chosen].mean(1), [2.5, 97.5])
        by_seed = ", ".join(f"{value:+.4f}" for value in difference.mean(1))
        print(
            f"  {way:8s} {np.mean(found):.4f}, difference from float32 {difference.mean():+.4f} [{low:+.4f},"
            f" {high:+.4f}] over rows; by seed {by_seed}"
        )


def _loss(model: Any, row: Any, summed: Any) -> float:
    import torch

    ids = torch.tensor([row.input_ids])
    logits = model(ids).logits[0, row.prompt_length - 1 : -1]
    return float(summed(logits, ids[0, row.prompt_length :])) / len(logits)


def main() -> None:
    """Read the command line."""
    global MODEL  # noqa: PLW0603 (a process measures one way of one model)
    if sys.argv[1:2] == ["measure"]:
        MODEL = sys.argv[4] if len(sys.argv) > 4 else MODEL
        measure(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["speed", "precision"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--words", type=int, default=WORDS, help="words of a trace, 0 for all it holds (speed)"
    )
    parser.add_argument("--seeds", type=int, default=2, help="trainings of each way (precision)")
    parser.add_argument("--ways", default="ours,stock,trl,ours_plain")
    parser.add_argument("--beside", type=Path, help="another version's checkout, to train beside (speed)")
    options = parser.parse_args()
    if options.part == "speed":
        ways = options.ways.split(",") + (["beside"] if options.beside else [])
        speed(options.rows or 48, options.rounds, ways, options.words, options.beside)
    else:
        precision(options.rows or 80, options.seeds)


if __name__ == "__main__":
    main()
