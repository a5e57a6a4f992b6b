"""How fast training is beside what one would write with the libraries alone, and what each choice contributes.

Every way trains a LoRA adapter (SmolLM2-135M-Instruct, rank 16, all linear layers, 8 rows a step, one pass) on the same rows, in a process of its own,
in turn: `hc` traces of GSM8K's training problems where its file is to be found (STYLEREP_DATA), else of `arith`. Tokens are those of the rows, without
padding. Shares are of the bf16 matrix rate of the machine, measured in the same process, counting 4 x parameters FLOPs a token.

    python -m benchmarks.distilling speed [--rows 48] [--rounds 2] [--ways ours,stock,…]
    python -m benchmarks.distilling precision [--rows 300]
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


def build(folder: Path, rows: int, skip: int = 0) -> str:
    """Write a data set of *rows* rows and return the name of its problems; *skip* seeds another draw."""
    from synth.errors import StylerepError
    from synth.synthesis import synth

    for source in ("gsm8k:train", "arith:train"):
        try:
            synth(source, ["hc"], folder, n=rows, dials={"trace_words": WORDS}, seed=skip)
        except StylerepError as error:
            print(f"{source} left out: {error}")
            continue
        return source
    raise SystemExit("no problems")


class Clock:
    """A Trainer callback that takes the time of every step."""

    def __new__(cls) -> Any:
        """Return the callback."""
        from transformers import TrainerCallback

        class Callback(TrainerCallback):  # type: ignore[misc]
            times: list[float] = []  # noqa: RUF012

            def on_step_begin(self, *_: Any, **__: Any) -> None:
                self.began = time.perf_counter()

            def on_step_end(self, *_: Any, **__: Any) -> None:
                self.times.append(time.perf_counter() - self.began)

        return Callback()


def ours(data: Path, scratch: Path, clock: Any, **running: Any) -> None:
    """Train as stylerep does."""
    from unittest.mock import patch

    from distill import train
    from distill.recipe import Recipe
    from distill.train import Running

    original = train.StepTrainer

    def timed(**options: Any) -> Any:
        trainer = original(**options)
        trainer.add_callback(clock)
        return trainer

    with patch.object(train, "StepTrainer", timed):
        train.distill(MODEL, data, scratch / "out", Recipe(epochs=1, batch_size=BATCH, rank=RANK), None, Running(**running))


def stock(data: Path, scratch: Path, clock: Any) -> None:
    """Train with transformers' Trainer and peft, default settings, padding to the longest row of a batch."""
    import datasets
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    from distill.pretrained import resolve_model

    path = resolve_model(MODEL)
    tokenizer, model = AutoTokenizer.from_pretrained(path), AutoModelForCausalLM.from_pretrained(path)
    model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"))
    table = datasets.Dataset.from_list([
        {"input_ids": row.input_ids, "attention_mask": [1] * len(row.input_ids), "labels": [-100] * row.prompt_length + row.input_ids[row.prompt_length :]}
        for row in encoded(data)
    ])  # fmt: skip
    arguments = TrainingArguments(output_dir=str(scratch), num_train_epochs=1, per_device_train_batch_size=BATCH, save_strategy="no", report_to="none")
    trainer = Trainer(model=model, args=arguments, train_dataset=table, data_collator=DataCollatorForSeq2Seq(tokenizer))
    trainer.add_callback(clock)
    trainer.train()


def trl(data: Path, scratch: Path, clock: Any) -> None:
    """Train with TRL's SFTTrainer; its default of computing activations twice, which saves memory and costs a third, is switched off."""
    import datasets
    import torch
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from distill.pretrained import resolve_model
    from synth.datasets import read_dataset

    rows, _ = read_dataset(data)
    table = datasets.Dataset.from_list([{"prompt": row["prompt"], "completion": [{"role": "assistant", "content": row["response"]}]} for row in rows])
    arguments = SFTConfig(
        output_dir=str(scratch), num_train_epochs=1, per_device_train_batch_size=BATCH, save_strategy="no", report_to="none",
        gradient_checkpointing=False, use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = SFTTrainer(model=resolve_model(MODEL), args=arguments, train_dataset=table, peft_config=lora)
    trainer.add_callback(clock)
    trainer.train()


def ours_plain(data: Path, scratch: Path, clock: Any) -> None:
    """Train as stylerep does, but with padded rows and peft's own LoRA layers."""
    ours(data, scratch, clock, plain=True)


WAYS = {"ours": ours, "stock": stock, "trl": trl, "ours_plain": ours_plain}


def encoded(data: Path) -> list[Any]:
    """Return the rows of a data set as token ids."""
    from distill.encode import encode
    from distill.families import model_family
    from distill.loading import load_config, load_tokenizer
    from synth.datasets import read_dataset

    tokenizer = load_tokenizer(MODEL)
    family = model_family(load_config(MODEL), tokenizer)
    return [encode(row, tokenizer, family, 2048) for row in read_dataset(data)[0]]


def matrix_rate() -> float:
    """Return the rate of a large matrix product in bfloat16, FLOP/s: the best of ten."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8192 if device == "cuda" else 2048
    one, two = (torch.randn(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
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

    clock = Clock()
    tokens = sum(len(row.input_ids) for row in encoded(data))
    rate = matrix_rate()
    with tempfile.TemporaryDirectory() as scratch:
        WAYS[way](data, Path(scratch), clock)
    spent = sum(clock.times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"tokens": tokens, "step_seconds": spent, "rate": max(rate, matrix_rate()), "gigabytes": peak}))


def speed(rows: int, rounds: int, ways: list[str]) -> None:
    """Print tokens a second of every way, its ratio to stock, and the share of the matrix rate; then the same for a run of two steps, whole."""
    with tempfile.TemporaryDirectory() as folder:
        source = build(Path(folder) / "long", rows)
        build(Path(folder) / "short", 2 * BATCH)
        found: dict[str, dict[str, list[dict[str, float]]]] = {"long": {way: [] for way in ways}, "short": {way: [] for way in ways}}
        for _ in range(rounds):
            for size, results in found.items():
                for way, runs in results.items():
                    began = time.monotonic()
                    done = subprocess.run(
                        [sys.executable, "-W", "ignore", "-m", "benchmarks.distilling", "measure", way, str(Path(folder) / size / "hc")],
                        capture_output=True, text=True, check=False,
                    )  # fmt: skip
                    if done.returncode:
                        print(f"{way} ({size}) ended with code {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
                        continue
                    runs.append({**json.loads(done.stdout.strip().splitlines()[-1]), "wall": time.monotonic() - began})
    print(f"\nLoRA rank {RANK} on all linear layers of {MODEL}, {BATCH} rows a step, hc traces of {source}, {os.cpu_count()} cores, medians of {rounds}")
    for size, results in found.items():
        base = _median(results.get("stock", []), lambda run: run["tokens"] / run["step_seconds"])
        wall = _median(results.get("stock", []), lambda run: run["wall"])
        print(f"{size}: {rows if size == 'long' else 2 * BATCH} rows")
        for way, runs in results.items():
            if runs:
                pace = _median(runs, lambda run: run["tokens"] / run["step_seconds"])
                share = _median(runs, lambda run: run["tokens"] / run["step_seconds"] * 4 * 134.5e6 / run["rate"])
                whole = _median(runs, lambda run: run["wall"])
                print(
                    f"  {way:10s} {pace:7.0f} tokens/s   {pace / base if base else 0:5.2f} x stock   {share:5.1%} of {runs[0]['rate'] / 1e9:.0f} GFLOP/s"
                    f"   whole process {whole:5.0f} s ({wall / whole if wall else 0:.2f} x stock)   {max(run['gigabytes'] for run in runs):.1f} GB"
                )


def _median(runs: list[dict[str, float]], of: Any) -> float:
    return statistics.median(map(of, runs)) if runs else 0.0


def precision(rows: int) -> None:
    """Train by `ours`, and in float32 throughout with padded rows, and print the loss of both on held-out rows, with a paired interval."""
    import numpy as np
    import torch
    from peft import PeftModel

    from distill import adapt
    from distill.fast.loss import summed_cross_entropy
    from distill.loading import load_model
    from distill.recipe import Recipe
    from distill.train import Running, distill

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = build(folder / "data", rows)
        build(folder / "held", 60, skip=1)
        losses: dict[str, list[float]] = {}
        held = encoded(folder / "held" / "hc")
        for way in ("ours", "float32"):
            if way == "float32":
                adapt.fast_dtype = lambda: torch.float32  # type: ignore[attr-defined]
            out = distill(MODEL, folder / "data" / "hc", folder / way, Recipe(epochs=1, rank=RANK), None, Running(plain=way == "float32"))
            model = PeftModel.from_pretrained(load_model(MODEL, torch.float32), str(out)).eval()
            losses[way] = []
            for row in held:
                with torch.no_grad():
                    ids = torch.tensor([row.input_ids])
                    logits = model(ids).logits[0, row.prompt_length - 1 : -1]
                    losses[way].append((summed_cross_entropy(logits, ids[0, row.prompt_length :]) / len(logits)).item())
    difference = np.array(losses["ours"]) - np.array(losses["float32"])
    generator = np.random.default_rng(0)
    means = [generator.choice(difference, len(difference)).mean() for _ in range(10_000)]
    low, high = np.percentile(means, [2.5, 97.5])
    ours_mean, exact_mean = np.mean(losses["ours"]), np.mean(losses["float32"])
    print(f"Held-out loss after one pass over {rows} rows of {source}, {len(held)} other rows, nats a token, both evaluated in float32:")
    print(f"  ours {ours_mean:.4f}, float32 throughout {exact_mean:.4f}, difference {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]")


def main() -> None:
    """Read the command line."""
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["speed", "precision"])
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--ways", default="ours,stock,trl,ours_plain")
    options = parser.parse_args()
    if options.part == "speed":
        speed(options.rows or 48, options.rounds, options.ways.split(","))
    else:
        precision(options.rows or 300)


if __name__ == "__main__":
    main()
